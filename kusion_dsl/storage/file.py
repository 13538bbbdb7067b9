"""Keys as files below a directory.

A file appears under its name with all of its content or not at all: it is written and synced under a temporary name
in the same directory, then renamed (``put``) or linked (``put_new``: ``link`` fails for all but one, on network file
systems too), then the directory is synced. A process that is killed in between leaves a temporary file, which is
never listed and which a later run removes.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kusion_dsl.errors import StorageError
from kusion_dsl.storage.backend_url import file_url
from kusion_dsl.storage.disk import Disk
from kusion_dsl.storage.keys import folder, segments, unusable

_TEMPORARY = re.compile(r"\..*\.tmp")
_ABANDONED_SECONDS = 3600
_MISSING = (FileNotFoundError, NotADirectoryError)
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)

_ADVICE = {
    errno.EACCES: "let the current user read and write there, or choose another backend",
    errno.EPERM: "let the current user read and write there, or choose another backend",
    errno.EROFS: "make the file system writable, or choose another backend",
    errno.ENOSPC: "free some space and run again",
    errno.EDQUOT: "free some space, or raise the quota, and run again",
    errno.ENOTDIR: "move the file that stands there out of the way, or choose another backend",
    errno.EISDIR: "move the directory that stands there out of the way",
    errno.ENAMETOOLONG: "use shorter names",
}


class FileStore:
    """A :class:`~kusion_dsl.storage.store.Store` in the directory ``root``, which need not exist before the first put.

    Files get mode 0600, directories that have to be made 0700. ``query`` are the parameters of the backend's URL.
    """

    def __init__(self, root: Path, query: str = "", disk: Disk | None = None) -> None:
        self._root = root
        self._query = query
        self._disk = disk or Disk()
        self._swept: set[Path] = set()

    @property
    def url(self) -> str:
        """``file://`` and the absolute path."""
        return file_url(self._root, self._query)

    def place(self, key: str) -> str:
        """The path of the file."""
        return str(self._root / key)

    def _path(self, key: str) -> Path:
        """Where ``key`` lies. Raises StorageError for a key that would leave the directory or hide there."""
        if _TEMPORARY.fullmatch(key.rpartition("/")[2]):
            raise unusable(key, str(self._root))
        return self._root.joinpath(*segments(key, str(self._root)))

    def get(self, key: str) -> bytes | None:
        """The content of the file, None if there is none."""
        path = self._path(key)
        with _told("cannot be read", path):
            try:
                return path.read_bytes()
            except _MISSING:
                self._check_root()
                return None

    def put(self, key: str, data: bytes) -> None:
        """Write the file, over what is there."""
        path = self._path(key)
        with _told("cannot be written", path), self._written(path, data) as temporary:
            self._disk.replace(temporary, path)
            self._sync_directory(path.parent)

    def put_new(self, key: str, data: bytes) -> bool:
        """Write the file if there is none."""
        path = self._path(key)
        with _told("cannot be written", path):
            if path.exists():  # spares most losers the writing; the link decides
                return False
            with self._written(path, data) as temporary:
                won = self._link(temporary, path)
                self._sync_directory(path.parent)
                return won

    def list(self, prefix: str) -> tuple[str, ...]:
        """All files whose path below the root begins with ``prefix``, but for temporary ones."""
        directory = self._root.joinpath(*folder(prefix, str(self._root)))
        with _told("cannot be listed", directory):
            self._check_root()
            keys = (path.relative_to(self._root).as_posix() for path in _files(directory))
            return tuple(sorted(key for key in keys if key.startswith(prefix)))

    def delete(self, *keys: str) -> None:
        """Remove the files, one after the other."""
        for key in keys:
            self._remove(self._path(key))

    def _remove(self, path: Path) -> None:
        with _told("cannot be removed", path):
            try:
                self._disk.remove(path)
            except _MISSING:
                self._check_root()
                return
            self._sync_directory(path.parent)

    def _check_root(self) -> None:
        """A file in place of the backend's directory must not look like an empty backend."""
        for directory in (self._root, *self._root.parents):
            if directory.exists():
                if directory.is_dir():
                    return
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory))

    @contextmanager
    def _written(self, path: Path, data: bytes) -> Iterator[Path]:
        """A synced temporary file beside ``path`` that holds ``data``; it is gone afterwards, whatever happens."""
        self._make_directory(path.parent)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(8)}.tmp")
        descriptor = self._disk.create_file(temporary)
        try:
            try:
                self._sweep(path.parent, os.fstat(descriptor).st_mtime)
                self._disk.write(descriptor, data)
                self._disk.sync(descriptor)
            finally:
                os.close(descriptor)
            yield temporary
        finally:
            with suppress(FileNotFoundError):  # renamed, or swept
                self._disk.remove(temporary)

    def _link(self, temporary: Path, path: Path) -> bool:
        try:
            self._disk.link(temporary, path)
        except FileExistsError:
            # a network file system may repeat a request whose answer was lost: then the name is ours already
            return temporary.stat().st_nlink == 2
        except OSError as error:
            if error.errno in _NO_LINKS and os.access(path.parent, os.W_OK):
                raise StorageError(
                    "this file system has no hard links, without which two runs cannot be kept apart",
                    where=str(path.parent),
                    hint="choose a backend on another file system",
                ) from None
            raise
        return True

    def _make_directory(self, directory: Path) -> None:
        if directory.is_dir():
            return
        self._make_directory(directory.parent)
        with suppress(FileExistsError):  # somebody else made it at the same moment
            self._disk.create_directory(directory)
            self._sync_directory(directory.parent)

    def _sync_directory(self, directory: Path) -> None:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._disk.sync(descriptor)
        finally:
            os.close(descriptor)

    def _sweep(self, directory: Path, now: float) -> None:
        """Once for each directory, remove temporary files that killed processes left there long ago.

        ``now`` is by the file system's clock, which need not be that of this host.
        """
        if directory in self._swept:
            return
        self._swept.add(directory)
        for entry in list(os.scandir(directory)):
            with suppress(FileNotFoundError):  # somebody else sweeps, too
                if _TEMPORARY.fullmatch(entry.name) and now - entry.stat().st_mtime > _ABANDONED_SECONDS:
                    self._disk.remove(Path(entry.path))


def _files(directory: Path) -> Iterator[Path]:
    try:
        entries = list(os.scandir(directory))
    except _MISSING:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        elif not _TEMPORARY.fullmatch(entry.name):
            yield Path(entry.path)


@contextmanager
def _told(what: str, path: Path) -> Iterator[None]:
    """Turn an OSError into a StorageError that says where, what, and what to do."""
    try:
        yield
    except OSError as error:
        named = Path(error.filename2 or error.filename or path)
        where = str(path if _TEMPORARY.fullmatch(named.name) else named)
        reason = os.strerror(error.errno) if error.errno else str(error)
        hint = _ADVICE.get(error.errno or 0, "check the disk and the file system, then run again")
        raise StorageError(f"{what}: {reason[:1].lower()}{reason[1:]}", where=where, hint=hint) from None
