"""Pulumi's own replayer as a child process: main.go, built with the modules that the CLI itself is built with."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

import pytest

from kusion_dsl.engine.binary_version import VERSION

_SOURCE = Path(__file__).with_name("main.go")
_FLAGS = ("-trimpath", "-mod=readonly", "-tags=osusergo,grpcnotrace", "-ldflags=-s -w")
"""As for the CLI, so that Go's own cache has most of it when that was built here."""


def build(cache: Path) -> Path:
    """The executable below ``cache``, built unless it is there for this version of the CLI and this source.

    Cold it takes as long as the CLI, five minutes on two cores. Without Go the test fails: what was not compared was
    not tested.
    """
    go = shutil.which("go")
    if go is None:
        pytest.fail("there is no `go` on PATH; install Go 1.21 or newer (https://go.dev/doc/install)")
    digest = hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:12]
    place = cache / f"replayer-{VERSION}-{digest}"
    with _alone(cache), tempfile.TemporaryDirectory(dir=cache) as directory:
        if not place.exists():
            shutil.copy(_SOURCE, directory)
            for name in ("go.mod", "go.sum"):
                (Path(directory) / name).write_bytes((files("kusion_dsl.engine") / "recipe" / name).read_bytes())
            environment = {**os.environ, "CGO_ENABLED": "0", "GO111MODULE": "on", "GOWORK": "off"}
            command = [go, "build", *_FLAGS, "-o", "replayer", "."]
            done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                pytest.fail(f"Pulumi's replayer cannot be built:\n{done.stderr[-2000:]}")
            (Path(directory) / "replayer").replace(place)
    return place


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """One process at a time: tests run in several."""
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Replayer:
    """A running replayer; one journal at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def prefixes(self, base: Mapping[str, Any] | None, entries: Iterable[Any]) -> list[dict[str, Any]]:
        """What Pulumi makes of the first 0, 1, ... entries: ``version``, ``features``, ``deployment``, or ``error``."""
        requests, answers = _pipe(self._process.stdin), _pipe(self._process.stdout)
        requests.write(json.dumps({"base": base or {}, "entries": list(entries)}) + "\n")
        requests.flush()
        line = answers.readline()
        assert line, "Pulumi's replayer ended"
        answer: list[dict[str, Any]] = json.loads(line)
        return answer


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@contextmanager
def running(executable: Path) -> Iterator[Replayer]:
    """Start it; until the end of the block."""
    with subprocess.Popen([executable], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Replayer(process)
        finally:
            _pipe(process.stdin).close()
