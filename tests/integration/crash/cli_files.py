"""What the Pulumi CLI writes to the disk by itself, seen as it is written.

It writes into the directory of its run alone (``credentials.json``, and when it creates a stack ``Pulumi.<stack>.yaml``);
everything else goes to unnamed files, or through our service. So says a trace of its system calls. Source of what is
asked here: inotify(7).
"""

from __future__ import annotations

import ctypes
import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

_OURS = "Pulumi.yaml"
_WRITTEN = 0x8
"""IN_CLOSE_WRITE: a file that was open for writing was closed."""
_HEAD = struct.Struct("iIII")
_CLOSE_ON_EXEC = 0o2000000
_LONGEST = 65536


class CliFiles:
    """Tells which files that are not ours were written in the directories that are watched."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._checked(self._libc.inotify_init1(_CLOSE_ON_EXEC))
        threading.Thread(target=self._listen, daemon=True).start()

    def watch(self, directory: Path) -> None:
        """Watch one more directory."""
        self._checked(self._libc.inotify_add_watch(self._descriptor, bytes(directory), _WRITTEN))

    def _listen(self) -> None:
        while True:
            events = os.read(self._descriptor, _LONGEST)
            while events:
                _, mask, _, length = _HEAD.unpack_from(events)
                name = events[_HEAD.size :][:length].rstrip(b"\0").decode()
                if mask == _WRITTEN and name != _OURS:
                    self._tell(name)
                events = events[_HEAD.size + length :]

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result
