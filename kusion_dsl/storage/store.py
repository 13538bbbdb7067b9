"""What a place to remember things in must offer, and how one is chosen by its URL.

Five operations are enough, because nothing that matters is ever overwritten: revisions and leases are new keys, and
``put_new`` lets exactly one of many writers have one. So any object storage with conditional creation will do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from kusion_dsl.errors import StorageError, did_you_mean
from kusion_dsl.storage.backend_url import BackendUrl
from kusion_dsl.storage.file import FileStore

SUPPORTED = ("file", "s3")
PLANNED = ("gs", "azblob", "postgres")
"""Backends that Pulumi has and this version has not."""


class Store(Protocol):
    """Keeps bytes under keys: relative paths with slashes, such as ``.kusion/v1/workspaces/prod/00000003.yaml``.

    What was written is durable when a call returns, and is seen by everybody from then on. Every method raises
    StorageError when the backend cannot be used; then nothing was changed, or (for writes) all of it was.
    """

    @property
    def url(self) -> str:
        """The backend's URL as Pulumi takes it, independent of the current directory."""

    def place(self, key: str) -> str:
        """Where ``key`` lies, as people would look for it: a path, or a URL."""

    def get(self, key: str) -> bytes | None:
        """What is stored under ``key``; None if nothing is."""

    def put(self, key: str, data: bytes) -> None:
        """Store ``data``, in place of what was there. Readers see the old or the new, never a part."""

    def put_new(self, key: str, data: bytes) -> bool:
        """Store ``data`` if nothing is there: True for exactly one of any number of writers, False for all others."""

    def list(self, prefix: str) -> tuple[str, ...]:
        """The keys that begin with ``prefix``, sorted."""

    def delete(self, *keys: str) -> None:
        """Remove ``keys``, in no order that could be relied on; those that are not there are fine."""


def open_store(url: str, directory: Path | None = None) -> Store:
    """The store behind a backend URL, written exactly as Pulumi's own: ``file:///abs``, ``file://~``, ``file://./rel``,
    ``s3://bucket/prefix?region=...``.

    A relative path is relative to ``directory``, by default the current one. Nothing is created before the first
    write, nor is a bucket asked before it is used. Raises StorageError for a URL that is wrong, or of a backend that
    this version, or this installation, does not have.
    """
    backend = check_url(url)
    if backend.scheme == "file":
        return FileStore(backend.path(directory or Path.cwd()), backend.query)
    return _open_s3(url, backend)


def check_url(url: str) -> BackendUrl:
    """Take a backend's URL apart. Raises StorageError for one that is wrong, or of a backend that this version lacks."""
    backend = BackendUrl.parse(url)
    if backend.scheme == "s3":
        from kusion_dsl.storage.s3_url import S3Location

        S3Location.of(backend, {})
    elif backend.scheme in PLANNED:
        raise StorageError(
            f"{backend.scheme}:// backends are not supported yet",
            where=backend.shown,
            hint=f"supported: {', '.join(f'{scheme}://' for scheme in SUPPORTED)}",
        )
    elif backend.scheme != "file":
        hint = did_you_mean(backend.scheme, [*SUPPORTED, *PLANNED]) or "use file:///a/directory"
        raise StorageError(f"'{backend.scheme}' is no backend", where=backend.shown, hint=hint)
    return backend


def _open_s3(url: str, backend: BackendUrl) -> Store:
    try:
        from kusion_dsl.storage.s3 import open_s3
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "obstore":
            raise
        what, hint = "what s3:// backends need is not installed", "run: pip install 'kusion-dsl[s3]'"
        raise StorageError(what, where=backend.shown, hint=hint) from None
    return open_s3(url, backend)
