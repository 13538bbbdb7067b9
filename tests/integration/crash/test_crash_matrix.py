"""``kill -9`` of us, of the real Pulumi CLI, of both: the next command needs no help, and makes what was to be made.

Killed at every moment of the state protocol, and at every tenth of all others; that of the CLI's own files there are
few, and each is tried. One victim after the other: with ``KILLS=all`` in the environment each of them at each moment of
the state protocol, which takes two and a half times as long. The fake engine is killed at every boundary, in
``tests/crash``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Tell
from tests.integration.crash.moments import VICTIMS
from tests.integration.crash.scenarios import SCENARIOS

REPOSITORY = Path(__file__).parents[3]
CALLS = {"open", "write", "fsync", "link", "replace", "unlink", "mkdir", "fork_exec", "send"}
"""What every run does."""
REACHED = 0.75
"""The share of kills that must come to pass: the CLI sends its journal in batches, of which a quicker run has fewer."""


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_killed_with_the_real_cli(scenario: str, tmp_path: Path, pulumi_cli: Path, tell: Tell) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.crash.matrix", scenario, str(tmp_path), str(pulumi_cli)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["wrong"] == []
    assert report["calls"].keys() >= CALLS | SCENARIOS[scenario].calls
    killed, ended = report["killed"], report["ended"]
    assert killed.keys() == set(VICTIMS)
    assert sum(killed.values()) >= REACHED * (sum(killed.values()) + len(ended)), ended
    tell(
        f"{scenario}, real CLI: {report['boundaries']} boundaries, {report['moments']} moments, of which "
        f"{report['protocol']} are the state protocol's; killed {killed['us']} times us, {killed['the CLI']} times the "
        f"CLI, {killed['both']} times both, {len(ended)} runs had ended before: all converged"
    )
