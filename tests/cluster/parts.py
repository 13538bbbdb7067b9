"""The executables of a control plane: built once from recipes with pinned checksums, and kept by version.

``recipes/<name>/`` has a ``go.mod`` and a ``go.sum`` that pin every module that goes in, and a Go file that names the
packages. To change a version: edit ``go.mod``, run ``go mod tidy`` there, and change :data:`PARTS`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "cluster"
_RECIPES = Path(__file__).parent / "recipes"

Say = Callable[[str], None]


class Part(NamedTuple):
    """An executable: the recipe it is built from, its Go package there, and the values that the linker sets."""

    name: str
    recipe: str
    package: str
    values: tuple[str, ...] = ()


_KUBERNETES = (
    "k8s.io/component-base/version.gitVersion=v1.34.4",
    "k8s.io/component-base/version.gitMajor=1",
    "k8s.io/component-base/version.gitMinor=34",
)

PARTS = (
    Part("etcd", "etcd", "."),
    Part("kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", _KUBERNETES),
    Part("kube-controller-manager", "kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager", _KUBERNETES),
    Part("kube-scheduler", "kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler", _KUBERNETES),
    Part("kubectl", "kubernetes", "k8s.io/kubernetes/cmd/kubectl", _KUBERNETES),
    Part("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok"),
)


class BuildError(RuntimeError):
    """A part that cannot be built here: what is missing, and what to do."""


def build(say: Say, cache: Path = CACHE) -> dict[str, Path]:
    """Every part's executable by name, built where it is not there yet; some ten minutes on two cores, once.

    Processes that build at the same moment wait for each other. Raises BuildError.
    """
    built: dict[str, Path] = {}
    with _alone(cache):
        for part in PARTS:
            built[part.name] = executable = cache / _identity(part) / part.name
            if not executable.exists():
                say(f"building {part.name}")
                _build(part, executable)
    return built


@cache
def stages() -> tuple[Path, ...]:
    """kwok's stages: what simulated nodes and pods do. They lie in kwok's Go module.

    Go finds that below HOME, so the first call must not be from a test, which has a HOME of its own.
    """
    module = _go(["list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"], _RECIPES / "kwok").strip()
    names = ["node/fast/node-initialize", "node/heartbeat/node-heartbeat"]
    names += ["pod/fast/pod-ready", "pod/fast/pod-complete", "pod/fast/pod-delete"]
    return tuple(Path(module, "kustomize", "stage", f"{name}.yaml") for name in names)


def _identity(part: Part) -> str:
    """A directory's name that changes with whatever goes into the part."""
    digest = hashlib.sha256(repr(part).encode())
    for path in sorted((_RECIPES / part.recipe).iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return f"{part.name}-{digest.hexdigest()[:16]}"


def _build(part: Part, executable: Path) -> None:
    executable.parent.mkdir(parents=True, exist_ok=True)
    partial = executable.with_suffix(".partial")
    flags = " ".join(["-s", "-w", *(f"-X {value}" for value in part.values)])
    arguments = ["build", "-trimpath", "-mod=readonly", f"-ldflags={flags}", "-o", str(partial), part.package]
    _go(arguments, _RECIPES / part.recipe)
    partial.rename(executable)


def _go(arguments: list[str], directory: Path) -> str:
    go = shutil.which("go")
    if go is None:
        raise BuildError("the control plane is built with Go, and there is no 'go' on PATH: install Go 1.21 or newer")
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": ""}
    done = subprocess.run([go, *arguments], cwd=directory, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"'go {arguments[0]}' in {directory} failed:\n{done.stderr[-4000:]}")
    return done.stdout


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
