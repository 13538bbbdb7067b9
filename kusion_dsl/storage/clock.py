"""Time, as leases need it: a seam at which a test moves it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one to measure by, one to show to people."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back, and goes on while the host sleeps."""

    def now(self) -> datetime:
        """The time of day in UTC; other hosts may disagree about it."""

    def sleep(self, seconds: float) -> None:
        """Do nothing for so long."""


class SystemClock:
    """The clocks of this host."""

    def monotonic(self) -> float:
        """CLOCK_BOOTTIME where there is one: ``time.monotonic`` stands still on Linux while the host sleeps."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()

    def now(self) -> datetime:
        """The time of day."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
