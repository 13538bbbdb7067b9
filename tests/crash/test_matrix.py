"""``kill -9`` at every boundary of every kind of run: the next command needs no help, and makes what was to be made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Tell
from tests.crash.scenarios import SCENARIOS

REPOSITORY = Path(__file__).parents[2]
CALLS = {"open", "write", "fsync", "link", "unlink"}
"""What every run does."""


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_killed_at_every_boundary(scenario: str, tmp_path: Path, tell: Tell) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.matrix", scenario, str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["calls"].keys() >= CALLS | SCENARIOS[scenario].calls
    assert report["wrong"] == []
    boundaries = sum(report["calls"].values())
    tell(f"{scenario}: {boundaries} boundaries, killed at each of the {len(report['killed'])} that leave something new: "
         "all converged")  # fmt: skip
    assert len(report["killed"]) > boundaries / 8
