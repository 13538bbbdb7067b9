"""Processes: whether one is alive, and a child that is interrupted when we are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

_LEASH = str(Path(__file__).with_name("leash.py"))
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
"""What asks us to end: a terminal's Ctrl-C, and what CI systems and init send."""
_ESCALATION = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
"""What the child gets at the first, second and every further interrupt of ours."""


def is_alive(pid: int) -> bool:
    """Whether a process with this id runs on this host. One that ended and that nobody asked about (a zombie) does not.

    An orphan that is killed stays a zombie until init looks, which it may do late.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's, and there
    try:
        # proc(5): "pid (name) state ppid ..."; the name may hold blanks and brackets
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
            not in "ZX"
        )
    except FileNotFoundError:
        return not Path("/proc/self/stat").exists()  # gone in the meantime, or a system without /proc


class Child:
    """A program in a session of its own: a terminal's Ctrl-C reaches it through us alone, once.

    The first interrupt (SIGINT or SIGTERM) asks it to end gracefully, the second terminates it. If this process
    dies, it gets the first. ``interrupts`` counts them. Signals reach Python's main thread only: in another thread
    nothing is forwarded.
    """

    def __init__(self, argv: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> None:
        leash = [sys.executable, "-I", "-S", _LEASH, str(int(signal.SIGINT)), str(os.getpid())]
        self.interrupts = 0
        self._argv = [*leash, *argv]
        self._cwd = cwd
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, stdout: IO[str], stderr: IO[str], started: Callable[[int], None]) -> int:
        """Run it to its end; its exit code, negative for a signal. ``started`` is told its process id."""
        with self._forwarding():
            process = subprocess.Popen(
                self._argv,
                cwd=self._cwd,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            try:
                self._process = process
                if self.interrupts:
                    self._signal()
                started(process.pid)
                return process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
                    process.wait()

    def interrupt(self) -> None:
        """Ask it to end; harder each time."""
        self.interrupts += 1
        self._signal()

    def _signal(self) -> None:
        if self._process is not None:
            self._process.send_signal(_ESCALATION[min(self.interrupts, len(_ESCALATION)) - 1])

    @contextmanager
    def _forwarding(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def forward(number: int, frame: FrameType | None) -> None:
            self.interrupt()

        former = {number: signal.signal(number, forward) for number in _INTERRUPTS}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
