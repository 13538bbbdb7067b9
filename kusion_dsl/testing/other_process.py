"""Compiling examples in other processes: with other hash seeds, in another time zone.

``python -m kusion_dsl.testing.other_process`` reads from standard input what to compile, and prints the digests.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from kusion_dsl.module import Component, Module
from kusion_dsl.testing.compiling import compile_app
from kusion_dsl.testing.sample import application_with

_PLACES = ({"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati"}, {"PYTHONHASHSEED": "2", "TZ": "America/Adak"})


def digests_elsewhere(
    module: Module[Any, Any], examples: Callable[[], Sequence[Component]], workspace: str, files: Mapping[str, str]
) -> Iterator[tuple[str, list[str]]]:
    """What makes a process another one, and the digests of the Specs of all examples there.

    Raises AssertionError where ``examples`` is no function at the top of a file, and where a process fails.
    """
    assert "." not in examples.__qualname__, f"{examples.__qualname__} must be a function at the top of a file"
    task = {
        "file": inspect.getfile(examples),
        "examples": examples.__name__,
        "home": module.generate.__module__,
        "beside": module.generate.__module__ == examples.__module__,
        "module": module.name,
        "workspace": workspace,
        "files": dict(files),
    }
    running = [(place, _start(place)) for place in _PLACES]
    answers = [(place, *process.communicate(json.dumps(task)), process.returncode) for place, process in running]
    for place, out, err, code in answers:
        assert code == 0, f"the examples cannot be compiled in another process:\n{err}"
        yield " ".join(f"{name}={value}" for name, value in place.items()), json.loads(out)


def _start(place: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "kusion_dsl.testing.other_process"],
        env={**os.environ, **place, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def digests_of(task: Mapping[str, Any]) -> list[str]:
    """Do what :func:`digests_elsewhere` asks for."""
    names = runpy.run_path(task["file"])
    module = names[task["module"]] if task["beside"] else getattr(importlib.import_module(task["home"]), task["module"])
    return [
        compile_app(
            application_with(component, name="one", accessory=module.name),
            workspace=task["workspace"],
            modules=[module],
            files=task["files"],
        ).spec.digest
        for component in names[task["examples"]]()
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(digests_of(json.load(sys.stdin))))
