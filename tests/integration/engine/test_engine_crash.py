"""``kill -9`` of us, of the CLI, of both, at many moments: the next run goes on, and creates nothing twice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.engine.killed_run import OPERATIONS, WHO

if TYPE_CHECKING:
    from tests.integration.engine.conftest import Bench

REPOSITORY = Path(__file__).parents[3]
MOMENTS = 6
"""How often each run is killed, spread over it evenly."""


def run(bench: Bench, operation: str, who: str, moment: int) -> subprocess.CompletedProcess[str]:
    arguments = [str(bench.root), str(bench.pulumi), operation, who, str(moment)]
    return subprocess.run(
        [sys.executable, "-m", "tests.integration.engine.killed_run", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def anew(bench: Bench, applied: Path | None) -> None:
    """The stack as it was before the run that is to be killed."""
    for name in ("backend", "project"):
        shutil.rmtree(bench.root / name)
        if applied is not None:
            shutil.copytree(applied / name, bench.root / name)
        else:
            (bench.root / name).mkdir()


def live(bench: Bench) -> dict[str, str]:
    """The live objects, by the names of their files."""
    places = (bench.manifests, bench.manifests.with_name("out.secrets"))
    return {path.name: path.read_text() for place in places for path in place.glob("*.yaml")}


def id_of(file: str) -> str:
    """The id of the object in a file, as the Spec has it."""
    kind, _, version, namespace, name = file.removesuffix(".yaml").split("_")
    kinds = {"namespace": "Namespace", "configmap": "ConfigMap", "secret": "Secret"}
    return ":".join(part for part in (version, kinds[kind], namespace, name) if part)


def tidy(bench: Bench) -> None:
    """A plain pulumi reads the state, nothing is pending, nothing of a run is left, and nobody holds a lock."""
    state = bench.plain_pulumi("stack", "export", "--stack", "organization/shop/prod.dev")
    assert not json.loads(state)["deployment"].get("pending_operations")
    assert not list((bench.root / "backend/.pulumi/locks").rglob("*.json"))
    kept = sorted((bench.root / "backend/.kusion/v1/state/shop/dev/prod").glob("[0-9]*"))
    assert 1 <= len(kept) <= 2 and all(path.name.count(".") == 1 for path in kept)
    assert kept[-1].read_bytes() == bench.checkpoint.read_bytes()


def goes_on(bench: Bench, operation: str, expected: dict[str, str]) -> None:
    """The next run makes what an uninterrupted one would have made, and nothing of it a second time."""
    before = live(bench)
    outcome = OPERATIONS[operation](bench)
    assert outcome.error == ""
    after = live(bench)
    assert after.keys() == expected.keys()
    generated = "secret_core_v1_shop_s.yaml"
    assert {name: after[name] for name in after if name != generated} == {
        name: expected[name] for name in expected if name != generated
    }
    created = {each.id for each in outcome.results if each.operation == "create"}
    assert not created & {f"{id_of(name)}" for name in before}, "it was there already"
    tidy(bench)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_at_any_moment(bench: Bench, operation: str, who: str, capsys: pytest.CaptureFixture[str]) -> None:
    applied: Path | None = None
    if operation != "apply":
        assert OPERATIONS["apply"](bench).error == ""
        applied = bench.root / "applied"
        for name in ("backend", "project"):
            shutil.copytree(bench.root / name, applied / name)
    uninterrupted = run(bench, operation, who, -1)
    assert uninterrupted.returncode == 0, uninterrupted.stderr
    changes = int(uninterrupted.stdout.split()[-1])
    expected = live(bench)
    killed = 0
    for number in range(MOMENTS):
        anew(bench, applied)
        done = run(bench, operation, who, changes * (2 * number + 1) // (2 * MOMENTS))
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        killed += done.returncode != 0 or who == "cli"
        goes_on(bench, operation, expected)
        wait_for_end(done.stdout)
    with capsys.disabled():
        sys.stdout.write(f"\n{operation}, {who} killed at {killed} of {changes} moments: all converged\n")
    assert killed >= MOMENTS - 1, "some are shorter than others"


def wait_for_end(said: str) -> None:
    """The CLI of a killed run was waited for by the next one, or has nothing more to do."""
    deadline = time.monotonic() + 30
    for pid in (int(line) for line in said.splitlines() if line.isdigit()):
        while Path(f"/proc/{pid}").exists() and os.getpgid(pid) == pid:
            assert time.monotonic() < deadline, "the CLI outlived its parent"
            time.sleep(0.05)
