"""The Pulumi CLI that we run: found on this machine, else downloaded, else built. For Linux and macOS."""

from __future__ import annotations

import fcntl
import os
import shutil
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kusion_dsl.engine.acquisition import InstallProgress, InstallReport, Source
from kusion_dsl.engine.atomic_file import replacing
from kusion_dsl.engine.binary_version import MINIMUM, VERSION, Versions, ask, release, suitable
from kusion_dsl.engine.download import Download
from kusion_dsl.engine.go_build import GoBuild
from kusion_dsl.errors import EngineError, EngineMissingError

Origin = Literal["path", "environment", "installed"]

SOURCES: tuple[Source, ...] = (Download(), GoBuild())
"""The ways to get a CLI, in the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class Binary:
    """An executable that is a Pulumi CLI which will do.

    ``source``: "path" was found on PATH, "environment" beside the Python that runs us (where ``make dev`` puts it),
    "installed" was installed by us.
    """

    path: Path
    version: str
    source: Origin


@dataclass(frozen=True, slots=True)
class _Search:
    """What a search found, and why it passed over what it did, one sentence each."""

    binary: Binary | None
    passed_over: tuple[str, ...]


def find(home: Path, environment: Mapping[str, str], *, scripts: Path | None = None) -> Binary | None:
    """The first ``pulumi`` that will do: on PATH, in ``scripts``, among those installed under ``home``.

    It will do when it is of MINIMUM or newer and of the same major version. ``home`` is KUSION_HOME; ``scripts`` the
    bin directory of the running Python unless given, and nowhere where ``environment`` moves KUSION_HOME: what we keep
    is there then. Unsuitable and broken ones are passed over. Raises nothing.
    """
    return _search(home, environment, scripts).binary


def ensure(
    home: Path,
    environment: Mapping[str, str],
    report: InstallReport,
    *,
    scripts: Path | None = None,
    sources: Sequence[Source] = SOURCES,
) -> Binary:
    """What :func:`find` finds; if that is nothing, VERSION is installed under ``home``.

    Raises EngineMissingError, which names what was found and what was tried, when there is no way.
    """
    found = find(home, environment, scripts=scripts)
    if found:
        return found
    # A remembered version may be wrong where `pulumi` is the shim of a version manager; now asking is worth its time.
    search = _search(home, environment, scripts, anew=True)
    if search.binary:
        return search.binary
    try:
        return install(directory(home), home, environment, report, sources=sources)
    except EngineMissingError as error:
        raise _missing((*search.passed_over, *error.problems[0].details)) from error


def install(
    destination: Path,
    home: Path,
    environment: Mapping[str, str],
    report: InstallReport,
    *,
    sources: Sequence[Source] = SOURCES,
) -> Binary:
    """Make ``<destination>/bin/pulumi`` (mode 0755) a Pulumi CLI of VERSION, unless it is one of that or a newer one.

    Only the CLI itself: an inline program needs none of the language hosts that its archive also has. What is there
    stays as it is until the new one has been run once. One process at a time installs; the others wait, then take
    what it installed. Takes minutes; ``report`` is told how far it is.

    Raises EngineMissingError when none of ``sources`` works, and EngineError when ``destination`` or ``home`` cannot
    be written.
    """
    home, place = home.absolute(), destination.absolute() / "bin" / "pulumi"
    try:
        with _sole_installer(home / "engine", report):
            present = _installed(place, home, environment)
            if present:
                return present
            with _staging(home / "engine") as staging:
                acquired = _acquire(sources, staging, environment, report)
                report(InstallProgress("placing"))
                _put(acquired, place)
    except OSError as error:
        raise EngineError(
            f"the Pulumi CLI cannot be installed: {error.strerror}",
            where=str(error.filename or place),
            hint="make room there, or the directory writable, or choose another one",
        ) from error
    return Binary(place, VERSION, "installed")


def directory(home: Path) -> Path:
    """Where a CLI that is installed for one KUSION_HOME lies; its executable is in ``bin`` below."""
    return home / "engine" / f"pulumi-v{VERSION}"


def _search(home: Path, environment: Mapping[str, str], scripts: Path | None, *, anew: bool = False) -> _Search:
    versions = Versions(home, environment)
    passed_over = []
    for path, origin in _candidates(home, environment, scripts or _beside_python(environment)):
        try:
            version = versions.of(path, anew=anew)
        except EngineError as error:
            passed_over.append(f"found {path}: {error}")
            continue
        if suitable(version):
            return _Search(Binary(path, version, origin), tuple(passed_over))
        old = release(version) < release(MINIMUM)
        passed_over.append(f"found {path} {version}: too {'old' if old else 'new, of another major version'}")
    return _Search(None, tuple(passed_over))


def _beside_python(environment: Mapping[str, str]) -> Path | None:
    return None if environment.get("KUSION_HOME") else Path(sysconfig.get_path("scripts"))


def _candidates(home: Path, environment: Mapping[str, str], scripts: Path | None) -> Iterator[tuple[Path, Origin]]:
    # An empty or relative entry means the current directory: what lies there is nobody's choice of a CLI.
    entries = [entry for entry in environment.get("PATH", "").split(os.pathsep) if entry.startswith("/")]
    places: list[tuple[Path, Origin]] = [(Path(entry), "path") for entry in entries]
    if scripts is not None:
        places.append((scripts, "environment"))
    places.append((directory(home).absolute() / "bin", "installed"))
    seen = set()
    for place, origin in places:
        path = place / "pulumi"
        if path not in seen and os.access(path, os.X_OK) and path.is_file():
            seen.add(path)
            yield path, origin


@contextmanager
def _sole_installer(directory: Path, report: InstallReport) -> Iterator[None]:
    """Hold the lock of installations; it ends with the process, however that ends."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / "install.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(InstallProgress("waiting"))
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _staging(directory: Path) -> Iterator[Path]:
    """An empty directory for the one installer; also removes what a killed one left behind."""
    for left in directory.glob("staging-*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=directory, prefix="staging-") as staging:
        yield Path(staging)


def _installed(place: Path, home: Path, environment: Mapping[str, str]) -> Binary | None:
    """What is at ``place``, if there is no need to install anything."""
    if not place.exists():
        return None
    try:
        version = Versions(home, environment).of(place, anew=True)
    except EngineError:  # broken: it will be replaced
        return None
    newer = suitable(version) and release(version) >= release(VERSION)
    return Binary(place, version, "installed") if newer else None


def _acquire(sources: Sequence[Source], staging: Path, environment: Mapping[str, str], report: InstallReport) -> Path:
    """A CLI of VERSION that was run once, from the first of ``sources`` that works."""
    reasons = []
    for number, source in enumerate(sources):
        directory = staging / str(number)
        directory.mkdir()
        try:
            path = source.get(directory, {**environment, "TMPDIR": str(directory)}, report)
            version = ask(path, environment)
        except EngineError as error:
            reasons.append(f"{source.name}: {error}")
            continue
        if version == VERSION:
            return path
        reasons.append(f"{source.name}: gave {version} instead of {VERSION}")
    raise _missing(reasons)


def _put(executable: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with executable.open("rb") as source, replacing(place, 0o755) as target:
        shutil.copyfileobj(source, target)


def _missing(reasons: Sequence[str]) -> EngineMissingError:
    return EngineMissingError(
        f"there is no Pulumi CLI of version {MINIMUM} or newer, and none could be installed",
        details=reasons,
        hint=f"put 'pulumi' {MINIMUM} or newer on PATH (https://www.pulumi.com/docs/install), or let this machine reach"
        " the download site, or a Go module proxy with Go on PATH; then run 'kusion engine install'",
    )
