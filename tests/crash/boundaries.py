"""The boundaries of a run: the moments before and after everything it does that outlives it.

They are seen by the interpreter's own profiling hook, so nothing of the code that runs is replaced.
"""

from __future__ import annotations

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
    )
)
_SENDS = frozenset(("send", "sendall", "sendmsg"))


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


@contextmanager
def boundaries(at: At, functions: Collection[FunctionType] = ()) -> Iterator[None]:
    """Watch all threads that run, or are begun, within the block; ``functions`` are calls of Python that count, too."""
    codes = {function.__code__: function.__qualname__ for function in functions}
    numbers = count()

    def hook(frame: FrameType, event: str, argument: Any) -> None:
        if event in ("c_call", "c_return", "c_exception"):
            if _outlives(argument):
                moment = "before" if event == "c_call" else "after"
                at(next(numbers), Boundary(moment, argument.__name__, frame.f_code.co_name, _file(frame)))
        elif frame.f_code in codes:
            moment = "before" if event == "call" else "after"
            at(next(numbers), Boundary(moment, codes[frame.f_code], frame.f_code.co_name, ""))

    threading.setprofile(hook)
    sys.setprofile(hook)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def _outlives(function: Any) -> bool:
    """Whether a call of a built-in function changes something that does not end with the process."""
    if id(function) in _CALLS:
        return True
    owner = getattr(function, "__self__", None)
    return isinstance(owner, socket.socket) and function.__name__ in _SENDS


def _file(frame: FrameType) -> str:
    """The file that a function works on, as far as its variables tell."""
    paths = [value for value in frame.f_locals.values() if isinstance(value, Path)]
    return paths[-1].name if paths else ""
