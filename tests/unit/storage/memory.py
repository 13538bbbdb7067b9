"""A store, a clock and processes in memory, which a test can stop, move and kill."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Killed(BaseException):
    """The process is gone: nothing of ours may catch it."""


class MemoryStore:
    """A store that counts the writes to it.

    What is given to :meth:`before` is called once; it may raise Killed.
    """

    url = "memory://"

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.writes = 0
        self._meanwhile: dict[int, Callable[[], object]] = {}

    def before(self, writes: int, meanwhile: Callable[[], object]) -> None:
        """Let something happen before the write after so many further ones."""
        self._meanwhile = {self.writes + writes: meanwhile}

    def undisturbed(self) -> None:
        """Let nothing happen any more."""
        self._meanwhile = {}

    def place(self, key: str) -> str:
        return f"memory://{key}"

    def get(self, key: str) -> bytes | None:
        return self.content.get(key)

    def put(self, key: str, data: bytes) -> None:
        self._write()
        self.content[key] = data

    def put_new(self, key: str, data: bytes) -> bool:
        self._write()
        return self.content.setdefault(key, data) is data

    def below(self, prefix: str) -> list[str]:
        """The names below a prefix."""
        return [key.removeprefix(prefix) for key in self.list(prefix)]

    def list(self, prefix: str) -> tuple[str, ...]:
        return tuple(sorted(key for key in self.content if key.startswith(prefix)))

    def delete(self, *keys: str) -> None:
        for key in keys:
            self._write()
            self.content.pop(key, None)

    def _write(self) -> None:
        meanwhile = self._meanwhile.pop(self.writes, None)
        if meanwhile is not None:
            meanwhile()
        self.writes += 1


class StandingClock:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class FewProcesses:
    """The processes of a host: those in ``running``."""

    def __init__(self, *running: int) -> None:
        self.machine = "here"
        self.running = set(running)

    def started(self, pid: int) -> str:
        return f"start of {pid}" if pid in self.running else ""

    def is_running(self, pid: int, started: str) -> bool:
        return pid in self.running and started in ("", self.started(pid))
