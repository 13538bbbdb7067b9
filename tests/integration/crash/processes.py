"""The processes that a run starts, and those that it leaves."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE = 60.0
"""Seconds in which what a dead run has started must have ended."""


def pulumis() -> list[int]:
    """The CLIs that this process has started and that still run, by their process ids."""
    return [pid for pid in _children() if b"--non-interactive" in _command_line(pid)]


def inherit_orphans() -> None:
    """Become the parent of what a child leaves when it dies (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1) != 0:
        raise OSError("orphans cannot be inherited")


def left_behind() -> list[str]:
    """The command lines of inherited processes that do not end; they are ended."""
    until = time.monotonic() + _PATIENCE
    stubborn: list[str] = []
    while children := list(_children()):
        for pid in children:
            if time.monotonic() >= until:
                stubborn.append(_command_line(pid).replace(b"\0", b" ").decode())
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            else:
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.02)
    return stubborn


def _children() -> Iterator[int]:
    for thread in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it ends in this moment
            yield from map(int, (thread / "children").read_text(encoding="ascii").split())


def _command_line(pid: int) -> bytes:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
