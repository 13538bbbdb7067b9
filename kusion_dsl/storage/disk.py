"""The system calls by which a file store changes a disk: the seam at which a test makes them fail or stop."""

from __future__ import annotations

import os
from pathlib import Path


class Disk:
    """The real disk. Every method raises OSError."""

    def create_file(self, path: Path) -> int:
        """Create a file of mode 0600 that is not there yet, and open it for writing."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def write(self, descriptor: int, data: bytes) -> None:
        """Write all of ``data``."""
        remaining = memoryview(data)
        while remaining:
            remaining = remaining[os.write(descriptor, remaining) :]

    def sync(self, descriptor: int) -> None:
        """Wait until what was written to a file, or changed in a directory, is on the disk."""
        os.fsync(descriptor)

    def create_directory(self, path: Path) -> None:
        """Create a directory of mode 0700."""
        path.mkdir(mode=0o700)

    def link(self, path: Path, new: Path) -> None:
        """Give a file a second name, which must be free."""
        os.link(path, new)

    def replace(self, path: Path, new: Path) -> None:
        """Give a file another name, in place of a file that has it."""
        path.replace(new)

    def remove(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()
