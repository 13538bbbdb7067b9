"""Which keys a store takes: relative paths with slashes that mean the same in a directory and in a bucket."""

from __future__ import annotations

from kusion_dsl.errors import StorageError
from kusion_dsl.model.identity import StackRef


def segments(path: str, where: str) -> list[str]:
    """The segments of a key, or of the folder of a prefix, in the store at ``where``.

    Raises StorageError for one that would leave the store, or that not every store can keep.
    """
    found = path.split("/")
    if any(segment in ("", ".", "..") or _CONTROL.intersection(segment) for segment in found):
        raise unusable(path, where)
    return found


def folder(prefix: str, where: str) -> list[str]:
    """The segments of the folder in which all keys with ``prefix`` lie. Raises StorageError as :func:`segments` does."""
    above, slash, _ = prefix.rpartition("/")
    return segments(above, where) if slash else []


def stack_folder(root: str, ref: StackRef) -> str:
    """Where below ``root`` the keys of a stack lie; both end with a slash."""
    return f"{root}{ref.project}/{ref.workspace}/{ref.stack}/"


def unusable(key: str, where: str) -> StorageError:
    """The error for a key that a store does not take."""
    return StorageError(f"'{key}' cannot be stored there", where=where, hint="use plain names")


_CONTROL = {chr(code) for code in (*range(32), 127)}
