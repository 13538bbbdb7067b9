"""How the compiler grows with the number of applications."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.bench.processes import Command, Times
from tests.bench.projects import write_project
from tests.bench.row import Row

_SIZES = (1, 12, 100, 500)
_ROUNDS = 7


def rows(kusion: str, work: Path) -> Iterator[Row]:
    """``kusion generate`` of 1 to 500 applications, and what one more costs among 500 beside one more among 100.

    Processor time.
    """
    environment = {"KUSION_HOME": str(work / "home")}
    commands = {
        size: Command([kusion, "generate"], write_project(work / f"apps-{size}", size), environment) for size in _SIZES
    }
    rounds = [{size: command.processor_seconds() for size, command in commands.items()} for _ in range(_ROUNDS + 1)][1:]
    for size in _SIZES:
        yield Row(f"kusion generate, {size} apps", Times(tuple(each[size] for each in rounds)))
    per_app = Times((_per_app(rounds, 500),), (_per_app(rounds, 100),))
    yield Row("time per further app: among 500 / among 100", per_app, bar=1.1)


def _per_app(rounds: list[dict[int, float]], size: int) -> float:
    """The seconds of each application after the first, without what every process takes.

    Of the quickest runs: what disturbs a run only adds to it, and here would count twice.
    """
    quickest = {number: min(each[number] for each in rounds) for number in (1, size)}
    return (quickest[size] - quickest[1]) / (size - 1)
