"""The crash matrix of one scenario: ``python -m tests.integration.crash.matrix SCENARIO DIRECTORY PULUMI`` prints it as JSON.

A process with one thread that has everything imported: each run of ours is a fork of it, which starts the real CLI.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kusion_dsl.engine.pulumi_engine import PulumiEngine
from tests.crash.forks import Fork
from tests.functional.commandline import Kusion, Result
from tests.functional.distributions import Distributions
from tests.integration.crash.moments import Kill, Seen, moments, seen, selected
from tests.integration.crash.processes import inherit_orphans, left_behind, pulumis
from tests.integration.crash.remains import created, differences, existing, note_creation, remains
from tests.integration.crash.scenarios import MODULE, SCENARIOS, Scenario

_LANES = 2
"""How many runs there are at a time: many of them wait for the end of a CLI that has lost its parent."""
_COMMANDS = ("apply", "destroy", "rollback")
_CREATE = "before ManifestFiles.create "


@dataclass
class Report:
    """What was found.

    - ``boundaries``, ``moments``: how many the run has; ``protocol``: how many moments are the state protocol's
    - ``calls``: what the boundaries are before and after, and how often
    - ``killed``: how many times who was killed; ``ended``: kills to which a run did not come, as it ended before
    - ``wrong``: everything that did not converge
    """

    boundaries: int
    moments: int
    protocol: int
    calls: dict[str, int]
    killed: dict[str, int] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Cell:
    """What became of one kill."""

    kill: str
    victim: str
    came: bool
    wrong: list[str]


class Matrix:
    """The runs of one scenario; each begins as the one before it began."""

    def __init__(self, scenario: Scenario, directory: Path, pulumi: Path) -> None:
        self._scenario = scenario
        self._directory = directory
        self._before = directory / "before"
        self._pulumi = pulumi
        self._expected: Any = None

    def run(self) -> Report:
        """Kill the command at each moment that is tried, let the next one go on, and compare what there is then."""
        for command in _COMMANDS:  # here, once, what a command imports when it is run
            for package in ("cli.commands", "operations"):
                importlib.import_module(f"kusion_dsl.{package}.{command}")
        with pytest.MonkeyPatch.context() as monkeypatch:
            Distributions(self._directory / "site", monkeypatch).module(MODULE, "vault")
            self._before.mkdir()
            os.chdir(self._before)
            self._prepare()
            trace, self._expected = self._uninterrupted()
            kills = selected(trace, everybody=os.environ.get("KILLS") == "all")
            lanes = [Fork(partial(self._lane, number, kills[number::_LANES])) for number in range(_LANES)]
            cells = [Cell(**each) for lane in lanes for each in lane.result()]
        return Report(
            boundaries=len(trace),
            moments=len(moments(trace)),
            protocol=sum(any(each.kind == "protocol" for each in moment) for moment in moments(trace)),
            calls=dict(Counter(each.call.split()[0] for each in trace)),
            killed=dict(Counter(cell.victim for cell in cells if cell.came)),
            ended=[cell.kill for cell in cells if not cell.came],
            wrong=[f"{cell.kill}: {what}" for cell in cells for what in cell.wrong],
        )

    def _prepare(self) -> None:
        """What there was before: the stack with what was applied to it, and perhaps a run that was killed."""
        for arguments in (
            ("init", "--quiet", "--template="),
            ("remote", "add", "origin", "https://example.com/shop.git"),
        ):
            subprocess.run(["git", *arguments], check=True)  # the checkout, wherever it lies, is the same
        for app in self._scenario.applied:
            Fork(partial(self._applied, app)).result()
        kusion = self._kusion()
        kusion.stack(self._scenario.app)
        kusion.done("generate", "-w", "dev")  # what it finds out about types it keeps
        if self._scenario.abandoned:
            code, said = Fork(self._abandoned).end()
            assert code == -signal.SIGKILL, said

    def _applied(self, app: str) -> None:
        kusion = self._kusion()
        kusion.stack(app)
        kusion.done("apply", "-w", "dev", "--yes")

    def _abandoned(self) -> None:
        def at(here: Seen) -> None:
            if here.name.startswith(self._scenario.abandoned):
                _kill("both")

        self._watched(at)

    def _uninterrupted(self) -> tuple[list[Seen], Any]:
        """The boundaries of a run that nobody kills, and what it leaves."""
        machine = self._machine(0)
        trace = [Seen(*each) for each in Fork(self._traced).result()]
        expected = asdict(remains(machine))
        assert expected["wrong"] == (), expected["wrong"]
        return trace, json.loads(json.dumps(expected))

    def _traced(self) -> list[Seen]:
        trace: list[Seen] = []
        result = self._watched(lambda here: trace.append(here._replace(alive=bool(pulumis()))))
        assert result.code == 0, result
        return trace

    def _lane(self, number: int, kills: Sequence[Kill]) -> list[dict[str, Any]]:
        """One kill after the other."""
        inherit_orphans()
        cells = []
        for kill in kills:
            machine = self._machine(number)
            code, said = Fork(partial(self._killed, kill)).end()
            came, wrong = True, [] if code == -signal.SIGKILL else [said]
            if code == 0:
                came, wrong = json.loads(said)
            wrong += self._differences(machine)
            wrong += [f"this process was left: {each}" for each in left_behind()]
            cells.append(asdict(Cell(str(kill), kill.victim, came, wrong)))
        return cells

    def _killed(self, kill: Kill) -> tuple[bool, list[str]]:
        """If the run lives to tell: whether it came to where the CLI was killed, and what is wrong with what it said."""
        came = False

        def at(here: Seen) -> None:
            nonlocal came
            if (here.name, here.occurrence) == (kill.name, kill.occurrence):
                came = True
                _kill(kill.victim)

        result = self._watched(at)
        is_told = result.code == 0 or "the Pulumi CLI was ended by signal 9" in result.err
        return came, [] if is_told else [f"it is not said why it failed: {result}"]

    def _watched(self, at: Callable[[Seen], None]) -> Result:
        kusion = self._kusion()

        def noted(here: Seen) -> None:
            if here.name.startswith(_CREATE):
                note_creation(kusion.root, here.call.split()[1])
            at(here)

        with seen(kusion.home, noted):
            return kusion(*self._scenario.command)

    def _differences(self, machine: Path) -> list[str]:
        """What is not as after the run that nobody killed, when the next one has ended."""
        code, said = Fork(partial(self._gone_on, machine)).end()
        if code:
            return [f"the next command fails: {said}"]
        return list(differences(json.loads(said), {**self._expected, "twice": []}))

    def _gone_on(self, machine: Path) -> dict[str, Any]:
        there = existing(machine)
        said = self._kusion().done(*self._scenario.command)
        twice = sorted(created(machine) & there) if "no release was made" not in said.out else []
        return {**asdict(remains(machine)), "twice": twice}

    def _kusion(self) -> Kusion:
        here = Path.cwd()
        return Kusion(here, get_engine=lambda: PulumiEngine(self._pulumi, here / "home"))

    def _machine(self, number: int) -> Path:
        """A machine as it was before."""
        machine = self._directory / f"machine-{number}"
        shutil.rmtree(machine, ignore_errors=True)
        shutil.copytree(self._before, machine)
        os.chdir(machine)
        return machine


def _kill(victim: str) -> None:
    if victim in ("the CLI", "both"):
        for pid in pulumis():
            os.kill(pid, signal.SIGKILL)
    if victim in ("us", "both"):
        os.kill(os.getpid(), signal.SIGKILL)


def main(scenario: str, directory: Path, pulumi: Path) -> None:
    """Print the report of a scenario."""
    sys.stdout.write(json.dumps(asdict(Matrix(SCENARIOS[scenario], directory, pulumi).run())))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
