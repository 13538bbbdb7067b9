"""Which Pulumi CLI we need, and which one a file is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from kusion_dsl.engine import child
from kusion_dsl.engine.atomic_file import replacing
from kusion_dsl.errors import EngineError

VERSION = "3.259.0"
"""The version that is installed. The recipe's go.mod says the same; both change together."""

MINIMUM = "3.238.0"
"""The oldest that will do: the first with ``--skip-plugin-pre-install`` and minified state."""

_FORM = re.compile(r"v?((\d+)\.(\d+)\.(\d+)([-+][\w.+-]+)?)")


def suitable(version: str) -> bool:
    """Whether a CLI of ``version`` will do: not older than MINIMUM, and of the same major version."""
    return release(MINIMUM) <= release(version) and release(version)[0] == release(MINIMUM)[0]


def release(version: str) -> tuple[int, int, int]:
    """The three numbers of ``version``, for comparing; what is before or after a release counts as that release."""
    match = _FORM.fullmatch(version)
    if not match:
        raise ValueError(f"not a version: {version}")
    return int(match[2]), int(match[3]), int(match[4])


def ask(executable: Path, environment: Mapping[str, str], *, patience: float = 10.0) -> str:
    """The version that ``executable version`` prints, without a leading "v".

    Raises EngineError when it cannot be run, fails, prints no version, or takes more than ``patience`` seconds (it
    takes 0.2).
    """
    # Without the update check it asks nobody on the network and prints nothing else; a passphrase is not its business.
    settings = {name: value for name, value in environment.items() if not name.startswith("PULUMI_")}
    quiet = {**settings, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    lines = child.run("'pulumi version'", [str(executable), "version"], quiet, patience)
    found = [match[1] for match in map(_FORM.fullmatch, lines) if match]
    if not found:
        raise EngineError("'pulumi version' printed no version", details=lines[:3])
    return found[-1]


@dataclass(frozen=True, slots=True)
class _Known:
    """The version that a file had when it had this size (bytes) and modification time (ns since the epoch)."""

    size: int
    mtime: int
    version: str


class Versions:
    """The versions of executables, remembered in ``<home>/engine/versions.json`` as long as the file stays the same.

    Asking costs a process and 0.2 s, in every command; remembering costs one small file. A file of that name which
    is damaged or cannot be written costs the time, and nothing else.
    """

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self._file = home / "engine" / "versions.json"
        self._environment = environment

    def of(self, executable: Path, *, anew: bool = False) -> str:
        """The version of ``executable``; with ``anew`` it is asked even if it is remembered. Raises EngineError."""
        try:
            status = executable.stat()
        except OSError as error:
            raise EngineError(f"it cannot be read: {error.strerror}") from error
        remembered = self._read()
        known = remembered.get(str(executable))
        if known and not anew and (known.size, known.mtime) == (status.st_size, status.st_mtime_ns):
            return known.version
        version = ask(executable, self._environment)
        self._write({**remembered, str(executable): _Known(status.st_size, status.st_mtime_ns, version)})
        return version

    def _read(self) -> dict[str, _Known]:
        try:
            entries = json.loads(self._file.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(entries, dict):
            return {}
        return {path: known for path, entry in entries.items() if (known := _known(entry))}

    def _write(self, known: Mapping[str, _Known]) -> None:
        # A home that is read-only is no reason to refuse work: the next command asks again.
        with suppress(OSError):
            entries = {path: asdict(entry) for path, entry in sorted(known.items()) if Path(path).exists()}
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with replacing(self._file) as file:
                file.write(json.dumps(entries, indent=2).encode())


def _known(entry: object) -> _Known | None:
    match entry:
        case {"size": int(size), "mtime": int(mtime), "version": str(version)} if _FORM.fullmatch(version):
            return _Known(size, mtime, version)
    return None
