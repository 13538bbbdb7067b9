"""The real engine on an S3 backend, and a plain ``pulumi`` beside it in the environment of ``kusion engine env``."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kusion_dsl.storage.store import open_store
from tests.integration.cli.machine import SCRIPTS, Machine
from tests.stores.s3 import S3

STACK = "quickstart/dev"
PULUMI_STACK = "organization/quickstart/dev.default"
SECRET = "canary-secret-access-key"
"""What the fixture ``s3`` puts into the environment."""


@pytest.fixture
def url(s3: S3) -> str:
    return s3.url(f"{s3.bucket()}/team")


@pytest.fixture
def machine(pulumi_cli: Path, s3: S3, url: str, tmp_path: Path) -> Machine:
    """A machine whose backend is the bucket; its key lies in a file."""
    key = tmp_path / "key"
    key.write_text("correct horse\n")
    amazon = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    machine = Machine(pulumi_cli, tmp_path / "machine", {**amazon, "PULUMI_CONFIG_PASSPHRASE_FILE": str(key)})
    machine.kusion("config", "set", "backends.team", url)
    machine.kusion("config", "set", "backends.current", "team")
    return machine


def plain_pulumi(machine: Machine, *arguments: str) -> Any:
    """What a plain ``pulumi`` says as JSON, in the environment that `kusion engine env` prints, and no other."""
    printed = machine.kusion("engine", "env", "-o", "json").document["variables"]
    amazon = {name: value for name, value in machine.environment.items() if name.startswith("AWS_")}
    path = os.pathsep.join([str(machine.pulumi.parent), str(SCRIPTS), os.defpath])
    done = subprocess.run(
        [machine.pulumi, "--non-interactive", *arguments],
        env={"PATH": path, "HOME": str(machine.plain), **amazon, **printed},
        cwd=machine.plain,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def test_a_plain_pulumi_reads_what_an_apply_left_in_a_bucket(machine: Machine, url: str) -> None:
    machine.apply(STACK)
    created = machine.release(STACK)["resources"]
    assert len(created) == 3

    [listed] = plain_pulumi(machine, "stack", "ls", "--all", "--json")
    assert listed["name"] == PULUMI_STACK
    exported = plain_pulumi(machine, "stack", "export", "--stack", PULUMI_STACK)["deployment"]
    urns = [each["urn"] for each in exported["resources"]]
    assert {urn.split("::", 3)[3] for urn in urns if "pulumi:" not in urn.split("::", 3)[2]} == set(created)

    assert "No changes" in machine.apply(STACK).out
    machine.destroy(STACK)
    assert [each["phase"] for each in machine.releases(STACK)] == ["succeeded", "succeeded"]
    store = open_store(url)
    assert {key.split("/")[0] for key in store.list("")} == {".kusion", ".pulumi"}
    assert all(SECRET.encode() not in (store.get(key) or b"") for key in store.list(""))
    assert not machine.backend.exists()


def test_two_machines_share_a_bucket(machine: Machine, pulumi_cli: Path, url: str, tmp_path: Path) -> None:
    machine.apply(STACK)
    other = Machine(pulumi_cli, tmp_path / "other", dict(machine.environment))
    listed = other.kusion("release", "list", "-w", other.directory(STACK), "-o", "json", "--backend", url).document
    assert [each["phase"] for each in listed["releases"]] == ["succeeded"]
    assert other.kusion("stack", "list", "-w", str(other.stacks), "--backend", url, "-o", "json").document["stacks"]


def test_what_changes_nothing_asks_little(machine: Machine, s3: S3) -> None:
    """Each request takes its time: a record is read once, the state once, and nothing is written."""
    machine.apply(STACK)
    stack = ("-w", machine.directory(STACK))
    for most, command in [(5, ("preview", "--no-live")), (11, ("preview",)), (11, ("apply", "--yes"))]:
        s3.seen.clear()
        machine.kusion(*command, *stack)
        assert len(s3.seen) <= most, [(each.method, each.key, each.query) for each in s3.seen]
        assert {each.method for each in s3.seen} == {"GET"}
