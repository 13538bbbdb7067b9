"""First apply, apply without changes and destroy, beside the bare Automation API with the same resources.

The reference is measured twice: as it is, and with PULUMI_SKIP_CHECKPOINTS, which writes the state once, at the end, and
loses all of it in a crash. Ours is the engine under a lease, every step of it on the disk before it is taken.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

from kusion_dsl.engine.command import engine_environment
from tests.bench.applying import spec_of
from tests.bench.processes import Command, Times
from tests.bench.projects import write_resources
from tests.bench.row import Row

_ROOT = Path(__file__).parents[2]
_ROUNDS: Mapping[int, int] = {10: 5, 100: 3, 1000: 1}
"""How often each size is measured; a round of 1 000 takes minutes, all but one of them the reference's."""
_STEPS = {"first apply": "apply", "no-op apply": "apply", "destroy": "destroy"}
_BARE, _ONE_CHECKPOINT = "bare API", "bare API, one checkpoint"
_BARS = {("first apply", 10, _BARE): 1.2, ("first apply", 1000, _ONE_CHECKPOINT): 1.25}
_GROWTH = 12.0
_MEMORY = 300.0
"""In MB."""
_LARGE = 1000
"""So many resources are only applied once without PULUMI_SKIP_CHECKPOINTS: that alone takes minutes."""


def rows(kusion: str, pulumi: Path, work: Path) -> Iterator[Row]:
    """Each step of each size beside both references; then how ours grows, and the memory of its process."""
    first: dict[int, float] = {}
    memory = 0.0
    for size, count in _ROUNDS.items():
        stack = write_resources(work / f"scaling-{size}", size)
        spec = spec_of(kusion, stack, work, size)
        rounds = [_Round(pulumi, spec, work / f"scaling-{size}-{number}") for number in range(count)]
        took = [each.seconds(size) for each in rounds]
        for (step, reference), _ in took[0].items():
            if reference:
                ours = tuple(each[step, ""] for each in took)
                beside = tuple(each[step, reference] for each in took)
                bar = _BARS.get((step, size, reference))
                yield Row(f"{step}, {size} resources / {reference}", Times(ours, beside), bar)
        first[size] = median(each["first apply", ""] for each in took)
        memory = max(each.megabytes for each in rounds)
    yield Row("first apply, 1000 resources / 100 resources", Times((first[1000],), (first[100],)), _GROWTH)
    yield Row("memory of the first apply, 1000 resources / what it may take", Times((memory,), (_MEMORY,)), 1.0, "MB")


class _Round:
    """One round, in directories of its own; ``megabytes`` is the memory of our process in its first step."""

    def __init__(self, pulumi: Path, spec: Path, work: Path) -> None:
        self.megabytes = 0.0
        self._pulumi = pulumi
        self._spec = spec
        self._work = work
        for name in ("ours", "manifests", _BARE, _ONE_CHECKPOINT):
            (work / name).mkdir(parents=True)
        self._passphrase = work / "passphrase"
        self._passphrase.write_text("correct horse battery staple", encoding="utf-8")

    def seconds(self, size: int) -> dict[tuple[str, str], float]:
        """The seconds of each step of each program; ours has no name."""
        took: dict[tuple[str, str], float] = {}
        for step, operation in _STEPS.items():
            ours, said = self._ours(operation).timed()
            took[step, ""] = ours
            self.megabytes = self.megabytes or float(said)
            took[step, _ONE_CHECKPOINT] = self._reference(operation, _ONE_CHECKPOINT).seconds()
            if size < _LARGE or step == "first apply":
                took[step, _BARE] = self._reference(operation, _BARE).seconds()
        return took

    def _ours(self, operation: str) -> Command:
        backend, home = (self._work / "ours").as_uri(), self._work / "home"
        places = [self._work / "manifests", self._pulumi, backend, self._passphrase, home]
        program = [sys.executable, "-m", "tests.bench.engine_program", operation, str(self._spec), *map(str, places)]
        return Command(program, _ROOT)

    def _reference(self, operation: str, name: str) -> Command:
        backend = self._work / name
        program = [sys.executable, "-m", "tests.bench.stock", operation, str(self._spec)]
        environment = engine_environment(backend.as_uri(), self._passphrase, self._work / "home")
        if name == _ONE_CHECKPOINT:
            environment["PULUMI_SKIP_CHECKPOINTS"] = "true"
        return Command([*program, str(backend / "manifests"), str(self._pulumi)], _ROOT, environment)
