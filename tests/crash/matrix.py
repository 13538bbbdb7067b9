"""The crash matrix of one scenario: ``python -m tests.crash.matrix SCENARIO DIRECTORY`` prints it as JSON.

A process with one thread that has everything imported: each run is a fork of it, so one can be killed at each boundary
within minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import Any, cast

from kusion_dsl.storage.file import FileStore
from tests.crash.boundaries import At, Boundary, boundaries
from tests.crash.cloud import Cloud
from tests.crash.disk_engine import DiskEngine
from tests.crash.forks import Fork
from tests.crash.remains import remains
from tests.crash.scenarios import SCENARIOS, Scenario
from tests.functional.commandline import Kusion

_PROVIDER = cast("tuple[FunctionType, ...]", (Cloud.create, Cloud.update, Cloud.delete))


@dataclass
class Report:
    """What was found.

    - ``calls``: what the boundaries of the run are before and after, and how often
    - ``killed``: those at which one was killed, as text: the first of all that leave the same on the disk, which is
      all that a kill leaves
    - ``wrong``: everything that did not converge
    """

    calls: dict[str, int]
    killed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Matrix:
    """The runs of one scenario; each begins as the one before it began."""

    def __init__(self, scenario: Scenario, directory: Path) -> None:
        self._scenario = scenario
        self._machine = directory / "machine"
        self._before = directory / "before"
        self._expected: Any = None

    def run(self) -> Report:
        """Kill the command at each boundary, let the next one go on, and compare what there is then."""
        self._warm_up()
        self._prepare()
        traced, self._expected = self._trace(), self._go_on()
        report = Report(dict(Counter(name.split()[1] for name, _ in traced)))
        for number, (name, disk) in enumerate(traced):
            if number and disk == traced[number - 1][1]:
                continue
            self._reset()
            code, said = Fork(partial(self._killed, number)).end()
            if code == -signal.SIGKILL:
                report.killed.append(name)
                report.wrong += [f"killed {name} ({number}): {what}" for what in self._differences()]
            else:
                report.wrong.append(f"not killed {name} ({number}): exit code {code}, {said}")
        return report

    def _warm_up(self) -> None:
        """Import here, once, what the commands import when they need it."""
        self._before.mkdir()
        self._reset()
        self._apply(self._scenario.app)
        self._kusion().done("destroy", "-w", "dev", "--yes")
        self._reset()

    def _prepare(self) -> None:
        """What there was before: the stack with what was applied to it, and perhaps a run that died half way."""
        for app in self._scenario.applied:
            Fork(partial(self._apply, app)).result()
        kusion = self._kusion()
        kusion.stack(self._scenario.app)
        self._keep()
        if self._scenario.abandoned:
            half = len(self._trace()) // 2
            self._reset()
            assert Fork(partial(self._killed, half)).end()[0] == -signal.SIGKILL
            self._keep()

    def _apply(self, app: str) -> None:
        kusion = self._kusion()
        kusion.stack(app)
        kusion.done("apply", "-w", "dev", "--yes")

    def _trace(self) -> list[tuple[str, int]]:
        """The boundaries of a run that is not interrupted, and for each what is on the disk then."""
        seen: list[tuple[str, int]] = Fork(self._traced).result()
        return seen

    def _traced(self) -> list[tuple[str, int]]:
        seen: list[tuple[str, int]] = []
        self._watched(lambda number, boundary: seen.append((str(boundary), _disk(self._machine))))
        return seen

    def _killed(self, moment: int) -> None:
        def at(number: int, boundary: Boundary) -> None:
            if number == moment:
                os.kill(os.getpid(), signal.SIGKILL)

        self._watched(at)

    def _watched(self, at: At) -> None:
        kusion = self._kusion()
        with boundaries(at, _PROVIDER):
            kusion.done(*self._scenario.command)

    def _go_on(self) -> Any:
        """What there is after the next command."""
        return Fork(self._gone_on).result()

    def _gone_on(self) -> dict[str, Any]:
        kusion = self._kusion()
        kusion.done(*(self._scenario.again or self._scenario.command))
        return asdict(remains(FileStore(kusion.home / "backend"), self._engine))

    def _differences(self) -> list[str]:
        """What is not as after the run that was not interrupted."""
        code, said = Fork(self._gone_on).end()
        if code:
            return [f"the next command fails: {said}"]
        expected, found = dict(self._expected), json.loads(said)
        if self._scenario.again:  # what the run that was killed did not delete need not be created again
            fewer = {id: min(number, expected["creations"][id]) for id, number in found["creations"].items()}
            expected["creations"] = fewer
        return [f"{key} is {found[key]}, not {expected[key]}" for key in expected if found[key] != expected[key]]

    def _kusion(self) -> Kusion:
        return Kusion(self._machine, get_engine=lambda: self._engine)

    @property
    def _engine(self) -> DiskEngine:
        return DiskEngine(self._machine / "clouds", self._scenario.replacing)

    def _keep(self) -> None:
        shutil.rmtree(self._before, ignore_errors=True)
        shutil.copytree(self._machine, self._before)

    def _reset(self) -> None:
        """Put everything back as it was kept."""
        shutil.rmtree(self._machine, ignore_errors=True)
        shutil.copytree(self._before, self._machine)
        os.chdir(self._machine)


def _disk(directory: Path) -> int:
    """A number for everything below a directory: another one whenever anything has changed."""
    found = {}
    for path in sorted(directory.rglob("*")):
        with suppress(FileNotFoundError):  # the lease is renewed meanwhile, in another thread
            found[str(path)] = path.lstat()
    return hash(tuple((name, each.st_ino, each.st_mtime_ns, each.st_size) for name, each in found.items()))


def main(scenario: str, directory: Path) -> None:
    """Print the report of a scenario."""
    sys.stdout.write(json.dumps(asdict(Matrix(SCENARIOS[scenario], directory).run())))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
