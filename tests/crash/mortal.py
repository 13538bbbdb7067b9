"""Disks and clouds at which things happen: a process dies, the power fails, the disk is full, somebody else is faster."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kusion_dsl.storage.disk import Disk
from tests.crash.cloud import Cloud

Happening = Callable[[str], object]
"""Something that happens before a change, whose kind it is told; it may raise."""


class Killed(BaseException):
    """The process is gone: nothing of ours may catch it."""


class Platter:
    """What is on a disk for good: of what lies below ``root`` only that is there when the power comes back.

    The content of a file is there after it was synced, a name (or that it is gone) after its directory was.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._directories = {root.stat().st_ino: root}
        self._contents: dict[int, bytes] = {}
        self._paths: dict[int, Path] = {}
        self._names: dict[Path, dict[str, bytes | None]] = {root: {}}

    def created(self, path: Path) -> None:
        """A file, or a directory, was made."""
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            self._directories[status.st_ino] = path
            self._names[path] = {}
        else:
            self._paths[status.st_ino] = path
            self._contents.pop(status.st_ino, None)  # of a file that had this number before

    def synced(self, descriptor: int) -> None:
        """A file, or a directory, was synced."""
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            directory = self._directories[status.st_ino]
            self._names[directory] = {
                entry.name: None if entry.is_dir() else self._contents.get(entry.inode(), b"")
                for entry in os.scandir(directory)
            }
        else:
            self._contents[status.st_ino] = self._paths[status.st_ino].read_bytes()

    def lose_power(self) -> None:
        """Forget what was not for good."""
        self._restore(self._root)

    def _restore(self, directory: Path) -> None:
        names = self._names.get(directory, {})
        for path in list(directory.iterdir()):
            if path.name not in names:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, content in names.items():
            path = directory / name
            if content is None:
                path.mkdir(exist_ok=True)
                self._directories[path.stat().st_ino] = path
                self._restore(path)
            elif not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)
                path.chmod(0o600)
            if content is not None:
                self._contents[path.stat().st_ino] = content


class Moments:
    """The changes that one process makes, counted; something may happen before one of them."""

    def __init__(self) -> None:
        self.count = 0
        self._dead = False
        self._at = -1
        self._only = ""
        self._happening: Happening = lambda kind: None

    def before(self, number: int, happening: Happening, only: str = "") -> None:
        """Let something happen, once, before the change with this number; count ``only`` those of one kind."""
        self.count, self._at, self._happening, self._only = 0, number, happening, only

    def die(self, kind: str) -> None:
        """End here: whatever tries to change anything from now on ends, too."""
        self._dead = True
        raise Killed

    def change(self, kind: str) -> None:
        """A change is about to be made."""
        if self._dead:
            raise Killed
        if self._only in ("", kind):
            self.count += 1
            if self.count - 1 == self._at:
                self._happening(kind)


class MortalDisk(Disk):
    """The disk as one process sees it."""

    def __init__(self, platter: Platter, moments: Moments) -> None:
        self._platter = platter
        self._moments = moments

    def create_file(self, path: Path) -> int:
        self._moments.change("create_file")
        descriptor = super().create_file(path)
        self._platter.created(path)
        return descriptor

    def write(self, descriptor: int, data: bytes) -> None:
        self._moments.change("write")
        super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self._moments.change("sync")
        super().sync(descriptor)
        self._platter.synced(descriptor)

    def create_directory(self, path: Path) -> None:
        self._moments.change("create_directory")
        super().create_directory(path)
        self._platter.created(path)

    def link(self, path: Path, new: Path) -> None:
        self._moments.change("link")
        super().link(path, new)

    def replace(self, path: Path, new: Path) -> None:
        self._moments.change("replace")
        super().replace(path, new)

    def remove(self, path: Path) -> None:
        self._moments.change("remove")
        super().remove(path)


class MortalCloud(Cloud):
    """A cloud as one process sees it, which may die before it has asked and before it has heard the answer."""

    def __init__(self, directory: Path, moments: Moments) -> None:
        super().__init__(directory)
        self._moments = moments

    def create(self, id: str, attributes: Mapping[str, Any]) -> None:
        self._moments.change("cloud")
        super().create(id, attributes)
        self._moments.change("answer")

    def update(self, id: str, attributes: Mapping[str, Any]) -> None:
        self._moments.change("cloud")
        super().update(id, attributes)
        self._moments.change("answer")

    def delete(self, id: str) -> None:
        self._moments.change("cloud")
        super().delete(id)
        self._moments.change("answer")
