"""How long a command takes that does little: mostly imports."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.processes import Command, Times, side_by_side
from tests.bench.row import Row

_BARE_CLICK = """\
import click

@click.group()
def cli():
    "A program."

@cli.command()
def run():
    "Run."

cli()
"""
_ROUNDS = 15  # they are short, and so is what disturbs them


def rows(kusion: str, root: Path, work: Path) -> Iterator[Row]:
    """``kusion --help`` and ``kusion generate``, beside what their libraries take by themselves: processor time."""
    environment = {"KUSION_HOME": str(work / "home")}
    program = work / "bare.py"
    program.write_text(_BARE_CLICK, encoding="utf-8")
    yield Row(
        "kusion --help / a bare click program",
        _beside(
            Command([kusion, "--help"], work, environment),
            Command([sys.executable, str(program), "--help"], work),
        ),
        bar=1.5,
    )
    yield Row(
        "kusion generate of quickstart / import pydantic, click, yaml",
        _beside(
            Command([kusion, "generate"], root / "stacks/quickstart/dev", environment),
            Command([sys.executable, "-c", "import pydantic, click, yaml"], work),
        ),
        bar=3.0,
    )


def _beside(ours: Command, reference: Command) -> Times:
    return side_by_side(ours, reference, _ROUNDS, Command.processor_seconds)
