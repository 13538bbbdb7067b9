"""Forks of a process that has everything imported: a run each, which may be killed, and tells what it found."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable
from typing import Any

_FAILED = 70
"""The exit code of a fork in which something was raised that no command may raise."""


class Fork:
    """A fork of this process, which has one thread, that does something."""

    def __init__(self, act: Callable[[], object]) -> None:
        receiving, sending = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.close(receiving)
            code, said = 0, ""
            try:
                said = json.dumps(act())
            except BaseException:
                code, said = _FAILED, traceback.format_exc()
            with os.fdopen(sending, "w", encoding="utf-8") as pipe:
                pipe.write(said)
            os._exit(code)
        os.close(sending)
        self._pipe = receiving

    def end(self) -> tuple[int, str]:
        """Wait for it: its exit code, negative for a signal, and what ``act`` gave as JSON, or why it failed."""
        with os.fdopen(self._pipe, encoding="utf-8") as pipe:
            said = pipe.read()
        return os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1]), said

    def result(self) -> Any:
        """What ``act`` gave; it must not fail."""
        code, said = self.end()
        assert code == 0, said
        return json.loads(said)
