"""Timing whole processes, so that nothing is left out: start, imports, work and end."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROUNDS = 5
"""The median is of so many runs, after one that is not counted."""


@dataclass(frozen=True)
class Command:
    """A process to time: its command line, its directory, and the variables it has beside the usual ones."""

    argv: Sequence[str]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self) -> bytes:
        """Run it and give what it printed. Raises RuntimeError, with what it said, where it fails."""
        environment = {**_environment(), **self.environment}
        done = subprocess.run(self.argv, cwd=self.directory, env=environment, capture_output=True, check=False)
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace")
            raise RuntimeError(f"{' '.join(self.argv)} exited with {done.returncode}:\n{said}")
        return done.stdout

    def seconds(self) -> float:
        """Run it and give the time it took on the clock. Raises RuntimeError where it fails."""
        return self.timed()[0]

    def timed(self) -> tuple[float, bytes]:
        """Run it and give the time it took on the clock, and what it printed. Raises RuntimeError where it fails."""
        begin = time.perf_counter()
        said = self.run()
        return time.perf_counter() - begin, said

    def processor_seconds(self) -> float:
        """Run it and give the time it had a processor: what else runs on the machine is not in it.

        Only for a process that starts no other ones, or waits for them. Raises RuntimeError where it fails.
        """
        begin = _processor_time()
        self.run()
        return _processor_time() - begin


def _processor_time() -> float:
    """Of all processes that ours has started and waited for, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _environment() -> dict[str, str]:
    """Ours, without what keeps Python from storing its bytecode: installed programs have theirs."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Times:
    """The seconds of each run, of ours and of the reference (none where there is no reference)."""

    ours: tuple[float, ...]
    reference: tuple[float, ...] = ()

    @property
    def median_of_ours(self) -> float:
        """The median of ours."""
        return median(self.ours)

    @property
    def median_of_reference(self) -> float | None:
        """The median of the reference."""
        return median(self.reference) if self.reference else None


def side_by_side(
    ours: Command,
    reference: Command,
    rounds: int = ROUNDS,
    measure: Callable[[Command], float] = Command.seconds,
) -> Times:
    """Both, one after the other in turns, so that what else the machine does meets both alike."""
    pairs = [(measure(ours), measure(reference)) for _ in range(rounds + 1)][1:]
    return Times(tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))


def alone(ours: Command, rounds: int = ROUNDS) -> Times:
    """One process without a reference."""
    return Times(tuple(ours.seconds() for _ in range(rounds + 1))[1:])
