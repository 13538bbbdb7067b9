"""Eight ``kusion apply`` of one stack at the same moment: one at a time, each as a whole, and no revision twice."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from kusion_dsl.storage.store import Store, open_store
from tests.integration.cli.machine import Machine, finished
from tests.integration.cli.test_two_at_once import STACK, WHO_AND_SINCE_WHEN, together
from tests.stores.s3 import running_s3

PROCESSES = 8
ROUNDS = int(os.environ.get("ROUNDS", "2"))
"""Each takes as long as the machine is slow; ``ROUNDS=20`` is for when there is time."""
NOTING = """\
#!/bin/sh
for argument; do case "$argument" in up) echo begins >>'{log}'; '{pulumi}' "$@"; code=$?; echo ends >>'{log}'; exit $code;; esac; done
exec '{pulumi}' "$@"
"""
"""A ``pulumi`` that notes when it changes something: nothing may begin before the one before it has ended."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def machine(pulumi_cli: Path, tmp_path: Path, log: Path) -> Machine:
    noting = tmp_path / "bin" / "pulumi"
    noting.parent.mkdir()
    noting.write_text(NOTING.format(log=log, pulumi=pulumi_cli), encoding="utf-8")
    noting.chmod(0o755)
    return Machine(noting, tmp_path / "machine")


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Where the machine keeps everything."""
    if request.param == "file":
        yield open_store(machine.backend.as_uri())
        return
    amazon = {"AWS_ACCESS_KEY_ID": "AKIDTEST", "AWS_SECRET_ACCESS_KEY": "a key", "AWS_EC2_METADATA_DISABLED": "true"}
    for name, value in amazon.items():
        monkeypatch.setenv(name, value)
    machine.environment |= {**amazon, "PULUMI_CONFIG_PASSPHRASE": "correct horse"}
    with running_s3() as s3:
        url = s3.url(s3.bucket())
        machine.kusion("config", "set", "backends.bucket", url)
        machine.kusion("config", "set", "backends.current", "bucket")
        yield open_store(url)


def test_one_after_the_other(machine: Machine, store: Store, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    applied = 0
    for round in range(ROUNDS):
        tags = [("-D", f"tag={round}.{number}") for number in range(PROCESSES)]
        command = ("apply", "--yes", "-w", machine.directory(STACK))
        ended = [finished(process) for process in together(machine, *((*command, *tag) for tag in tags))]
        refused = [done for done in ended if done.code != 0]
        assert all(done.code == 1 and WHO_AND_SINCE_WHEN.search(done.err) for done in refused), refused
        assert len(refused) < PROCESSES
        applied += PROCESSES - len(refused)
        release = machine.release(STACK)
        assert (release["revision"], release["phase"]) == (applied, "succeeded")
        machine.kusion("drift", "-w", machine.directory(STACK))
        machine.kusion("release", "verify", "-w", machine.directory(STACK))
    assert [each["revision"] for each in machine.releases(STACK)] == list(range(applied, 0, -1))
    leases = [lease_of(machine, revision) for revision in range(1, applied + 1)]
    assert all(earlier < later for earlier, later in pairwise(leases))
    assert log.read_text(encoding="utf-8").split() == ["begins", "ends"] * applied
    assert store.list(".pulumi/locks/") == ()
    with capsys.disabled():
        sys.stdout.write(
            f"\n{PROCESSES} processes, {ROUNDS} times at once on {store.url.partition(':')[0]}: {applied} releases\n"
        )


def lease_of(machine: Machine, revision: int) -> int:
    """The fencing token under which a release was made; it is one for all that became of it."""
    [lease] = {each["lease"] for each in machine.release(STACK, str(revision))["phases"]}
    return int(lease)
