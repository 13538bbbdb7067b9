"""Whether a process that wrote something still runs: a seam at which a test lets processes die."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

_PROC = Path("/proc")
_DEAD_STATES = "ZX"


class Processes(Protocol):
    """The processes of this host."""

    @property
    def machine(self) -> str:
        """Names the running kernel and its set of process ids. Ids of two processes can be compared only where this
        is the same for both; empty where it cannot be told, and then none can."""

    def started(self, pid: int) -> str:
        """When the process began, in whatever form the system has it; empty where there is none, or it is hidden."""

    def is_running(self, pid: int, started: str) -> bool:
        """Whether the process with this id that began then still runs. In doubt it does."""


def _output(*command: str) -> str:
    """What a command prints; nothing if there is no such command."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    except OSError:
        return ""
    return done.stdout.strip()


class LocalProcesses:
    """Asks /proc, and where there is none (macOS) ``ps`` and ``sysctl``."""

    def __init__(self, proc: Path = _PROC, ask: Callable[..., str] = _output) -> None:
        self._proc = proc
        self._ask = ask
        self._machine: str | None = None

    @property
    def machine(self) -> str:
        """The boot id with the namespace of process ids: containers on one host have the former in common."""
        if self._machine is None:
            self._machine = (
                self._linux_machine() if self._proc.is_dir() else self._ask("sysctl", "-n", "kern.bootsessionuuid")
            )
        return self._machine

    def _linux_machine(self) -> str:
        try:
            boot = (self._proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
            return f"{boot} {(self._proc / 'self/ns/pid').readlink()}"
        except OSError:
            return ""

    def started(self, pid: int) -> str:
        """Clock ticks since the kernel's start on Linux, a date elsewhere."""
        return self._status(pid)[1]

    def is_running(self, pid: int, started: str) -> bool:
        """A zombie does not run; a process of another start time is another one."""
        try:
            with suppress(PermissionError):  # somebody else's, and it is there
                os.kill(pid, 0)
        except ProcessLookupError:
            return False
        state, now_started = self._status(pid)
        if state and state in _DEAD_STATES:
            return False
        return not started or not now_started or started == now_started

    def _status(self, pid: int) -> tuple[str, str]:
        """The state's letter and the start of a process; both empty if it cannot be seen."""
        if not self._proc.is_dir():
            state, _, started = self._ask("ps", "-o", "state=,lstart=", "-p", str(pid)).partition(" ")
            return state[:1], started.strip()
        try:
            # proc(5): "pid (name) state ppid ...", the start is the 22nd field; the name may hold blanks and brackets
            fields = (
                (self._proc / str(pid) / "stat")
                .read_text(encoding="utf-8", errors="replace")
                .rpartition(")")[2]
                .split()
            )
        except OSError:
            return "", ""
        return fields[0], fields[19]
