"""The boundaries of a run: the moments before and after everything it does that outlives it.

They are seen by the interpreter's own profiling hook, so nothing of the code that runs is replaced.
"""

from __future__ import annotations

import _posixsubprocess
import io
import os
import socket
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any, NamedTuple

_CALLS = frozenset(
    id(function)
    for function in (
        os.open,
        os.write,
        os.fsync,
        os.link,
        os.replace,
        os.rename,
        os.unlink,
        os.remove,
        os.mkdir,
        os.rmdir,
        _posixsubprocess.fork_exec,
    )
)
_SENDS = frozenset(("send", "sendall", "sendmsg"))
_FLUSHES = frozenset(("flush", "close", "__exit__"))
"""What empties the buffer of a file that was opened by ``open``."""
_STANDARD_STREAMS = (0, 1, 2)
_DEPTH = 4
"""How many callers are asked for a file."""


class Boundary(NamedTuple):
    """A moment of a run: before or after ``call``, made by the function ``by``, about ``file`` (empty if none is known)."""

    moment: str
    call: str
    by: str
    file: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.moment, self.call, self.file, f"({self.by})") if part)


At = Callable[[int, Boundary], None]
"""Told the number of a boundary and what it is, while the run stands there."""


def file_of(frame: FrameType) -> str:
    """The name of the file that a function works on, as far as its variables, or those of its callers, tell."""
    caller: FrameType | None = frame
    for _ in range(_DEPTH):
        if caller is None:
            break
        paths = [value for value in caller.f_locals.values() if isinstance(value, Path)]
        if paths:
            return paths[-1].name
        caller = caller.f_back
    return ""


@contextmanager
def boundaries(
    at: At, functions: Collection[FunctionType] = (), about: Callable[[FrameType], str] = file_of
) -> Iterator[None]:
    """Watch all threads that run, or are begun, within the block.

    ``functions`` are calls of Python that count, too; ``about`` tells what the function that makes a call works on.
    """
    codes = {function.__code__: function.__qualname__ for function in functions}
    numbers = count()

    def hook(frame: FrameType, event: str, argument: Any) -> None:
        if event in ("c_call", "c_return", "c_exception"):
            if _outlives(argument, frame):
                moment = "before" if event == "c_call" else "after"
                at(next(numbers), Boundary(moment, argument.__name__, frame.f_code.co_name, about(frame)))
        elif frame.f_code in codes:
            moment = "before" if event == "call" else "after"
            at(next(numbers), Boundary(moment, codes[frame.f_code], frame.f_code.co_name, about(frame)))

    threading.setprofile(hook)
    sys.setprofile(hook)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def _outlives(function: Any, frame: FrameType) -> bool:
    """Whether a call of a built-in function changes something that does not end with the process."""
    if id(function) in _CALLS:
        return True
    if function is io.open:  # as Path calls it
        return frame.f_locals.get("mode", "r")[0] in "wax"
    owner = getattr(function, "__self__", None)
    if isinstance(owner, socket.socket):
        return function.__name__ in _SENDS
    return function.__name__ in _FLUSHES and _is_on_disk(owner)


def _is_on_disk(file: Any) -> bool:
    """Whether this is a file object, open or not any more, that writes to a disk."""
    binary = file.buffer if isinstance(file, io.TextIOWrapper) else file
    if not isinstance(binary, io.BufferedWriter | io.BufferedRandom):
        return False
    return isinstance(binary.raw, io.FileIO) and binary.raw.name not in _STANDARD_STREAMS
