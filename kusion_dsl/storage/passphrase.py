"""The key that Pulumi's state is encrypted with.

It is what a plain ``pulumi`` would use in the same environment: PULUMI_CONFIG_PASSPHRASE, else the content of the
file PULUMI_CONFIG_PASSPHRASE_FILE (in this order, pulumi/pkg/secrets/passphrase). Without either a ``file://`` backend
gets a random key, kept in KUSION_HOME; a backend that others use, too, needs one that they can know.
"""

from __future__ import annotations

import atexit
import os
import secrets
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from kusion_dsl.errors import StorageError
from kusion_dsl.storage.file import FileStore

VARIABLE = "PULUMI_CONFIG_PASSPHRASE"
FILE_VARIABLE = "PULUMI_CONFIG_PASSPHRASE_FILE"
_KEPT = "passphrase"
_HINT = f"set {VARIABLE} or {FILE_VARIABLE} to a passphrase that everybody who uses this backend has"


def passphrase_file(home: FileStore, backend: str, environment: Mapping[str, str]) -> Path:
    """A file with the key for the state in ``backend``; it can be read for as long as this process runs.

    An empty variable counts as none. Raises StorageError if the key cannot be read or is empty, and for a shared
    backend without a key.
    """
    passphrase = environment.get(VARIABLE, "")
    if passphrase:
        if passphrase != passphrase.strip():
            what = "the passphrase begins or ends with white space, which Pulumi does not read from a file"
            raise StorageError(what, where=VARIABLE, hint=f"keep the passphrase in a file, and set {FILE_VARIABLE}")
        return carrier(passphrase)
    named = environment.get(FILE_VARIABLE, "")
    if named:
        return _readable(Path(named).absolute(), FILE_VARIABLE)
    if not backend.startswith("file://"):
        raise StorageError("a shared backend needs a key for the state", where=backend, hint=_HINT)
    home.put_new(_KEPT, f"{secrets.token_urlsafe(32)}\n".encode())
    return _private(Path(home.place(_KEPT)))


def _readable(path: Path, what: str) -> Path:
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        hint = "correct the path, or unset the variable" if what == FILE_VARIABLE else "let the current user read it"
        raise StorageError(f"{what} cannot be read: {reason}", where=str(path), hint=hint) from None
    if not content.strip():
        raise StorageError(f"{what} is empty", where=str(path), hint=_HINT)
    return path


def _private(path: Path) -> Path:
    _readable(path, "the key of the state")
    if path.stat().st_mode & 0o077:
        raise StorageError("others can read the key of the state", where=str(path), hint=f"run: chmod 600 {path}")
    return path


@cache
def carrier(passphrase: str, in_memory: bool = hasattr(os, "memfd_create")) -> Path:
    """A file that carries a passphrase to child processes, and is gone when this process is.

    On Linux it lies in memory alone, so that not even a killed process leaves it behind; elsewhere it is a file of
    mode 0600 that is removed at the end.
    """
    if in_memory:
        descriptor = os.memfd_create("passphrase")
        path = Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    else:
        descriptor, name = tempfile.mkstemp(prefix="kusion-")
        path = Path(name)
        atexit.register(path.unlink, missing_ok=True)
    os.write(descriptor, passphrase.encode())
    os.fchmod(descriptor, 0o600)
    return path
