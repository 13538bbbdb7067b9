"""How long a command takes that does little: mostly imports."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.processes import Command, side_by_side
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
    """``kusion --help`` and ``kusion generate``, beside what their libraries take by themselves."""
    environment = {"KUSION_HOME": str(work / "home")}
    program = work / "bare.py"
    program.write_text(_BARE_CLICK, encoding="utf-8")
    yield Row(
        "kusion --help / a bare click program",
        side_by_side(
            Command([kusion, "--help"], work, environment),
            Command([sys.executable, str(program), "--help"], work),
            _ROUNDS,
        ),
        bar=1.5,
    )
    yield Row(
        "kusion generate of quickstart / import pydantic, click, yaml",
        side_by_side(
            Command([kusion, "generate"], root / "stacks/quickstart/dev", environment),
            Command([sys.executable, "-c", "import pydantic, click, yaml"], work),
            _ROUNDS,
        ),
        bar=3.0,
    )
