"""The state machine against the package that is found first: ``python -P -m tests.mutants.hunt PACKAGE``.

Exit code 0 where nothing is found, 3 where something is, with what on standard output.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

import kusion_dsl
from tests.crash.machine import Runs
from tests.crash.proposals import proposals

CAUGHT = 3
PROFILE = settings(
    max_examples=150,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
"""Always the same examples, none of them made smaller."""


def main(package: Path) -> int:
    """The exit code."""
    assert Path(kusion_dsl.__file__).parent == package, kusion_dsl.__file__
    proposals()  # a mutant that cannot even compile is not caught, but broken
    try:
        run_state_machine_as_test(Runs, settings=PROFILE)
    except Exception as error:
        sys.stdout.write(f"{type(error).__name__}: {error}")
        return CAUGHT
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
