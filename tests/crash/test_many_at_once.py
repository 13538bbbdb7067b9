"""Eight processes apply one stack at the same moment, again and again: one at a time, and each as a whole."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from kusion_dsl.storage.releases import Releases
from kusion_dsl.storage.store import open_store
from tests.conftest import Tell
from tests.crash.contender import APP, LOG
from tests.crash.disk_engine import DiskEngine
from tests.crash.remains import remains
from tests.functional.commandline import DEV, Kusion
from tests.stores.s3 import running_s3

REPOSITORY = Path(__file__).parents[2]
PROCESSES, ROUNDS = 8, 20
REFUSALS = ("holds this stack since", "has changed this stack since")
"""What those are told who were not first."""


@pytest.fixture(params=["file", "s3"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "file":
        yield (tmp_path / "backend").as_uri()
        return
    for variable in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a key")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "correct horse")
    with running_s3() as s3:
        yield s3.url(s3.bucket())


@contextmanager
def contender(root: Path, backend: str, number: int) -> Iterator[subprocess.Popen[str]]:
    """A process that waits to be told to apply."""
    command = [sys.executable, "-m", "tests.crash.contender", str(root), backend, str(number)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def say(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{text}\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> tuple[int, str]:
    assert process.stdout is not None
    code, said = json.loads(process.stdout.readline())
    return code, said


def test_one_at_a_time_and_each_as_a_whole(tmp_path: Path, backend: str, tell: Tell) -> None:
    Kusion(tmp_path).stack(APP)
    store, engine = open_store(backend), DiskEngine(tmp_path / "clouds")
    applied = 0
    with ExitStack() as stack:
        processes = [stack.enter_context(contender(tmp_path, backend, number)) for number in range(PROCESSES)]
        for round in range(ROUNDS):
            for process in processes:
                say(process, str(PROCESSES * (round + 1)))
            ended = [hear(process) for process in processes]
            applied += check(ended, round)
            left = remains(store, engine)
            assert left.wrong == ()
            newest = Releases(store).newest(DEV)
            assert newest is not None
            assert newest.release.revision == applied
            assert (newest.phase, left.objects) == (
                "succeeded",
                {each.id: each.attributes for each in newest.release.spec.resources},
            )
            assert set(left.creations.values()) == {1}
    log = (tmp_path / LOG).read_text().splitlines()
    assert log[1::2] == [line.replace("begins", "ends") for line in log[::2]]
    assert len(log) == 2 * applied
    tell(
        f"{PROCESSES} processes, {ROUNDS} times at once on {backend.partition(':')[0]}: {applied} releases, one after the other"
    )


def check(ended: list[tuple[int, str]], round: int) -> int:
    """How many have applied: one at least, and all others were told why not."""
    for code, said in ended:
        assert code in (0, 1), said
        assert code == 0 or any(refusal in said for refusal in REFUSALS), said
    done = sum(1 for code, _ in ended if code == 0)
    assert done > 0, (round, ended)
    return done
