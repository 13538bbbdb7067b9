"""One S3 backend for both: a plain ``pulumi`` and our store see the same objects."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from kusion_dsl.storage.store import open_store
from tests.stores.s3 import S3

STACK = "organization/shop/dev.default"
CHECKPOINT = ".pulumi/stacks/shop/dev.default.json"


@pytest.fixture(params=["", "/a folder/of it"], ids=["bucket", "folder"])
def url(s3: S3, request: pytest.FixtureRequest) -> str:
    return s3.url(f"{s3.bucket()}{request.param}")


def plain_pulumi(cli: Path, directory: Path, url: str, *arguments: str) -> str:
    """What the real CLI prints; the keys of the S3 are in the environment."""
    done = subprocess.run(
        [cli, "--non-interactive", *arguments],
        env={
            **os.environ,
            "PULUMI_HOME": str(directory / "pulumi"),
            "PULUMI_BACKEND_URL": url,
            "PULUMI_CONFIG_PASSPHRASE": "correct horse",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        },
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_we_read_what_pulumi_wrote(pulumi_cli: Path, url: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    plain_pulumi(pulumi_cli, tmp_path, url, "stack", "init", STACK)
    store = open_store(url)
    assert {CHECKPOINT, ".pulumi/meta.yaml"} <= set(store.list(".pulumi/"))
    content = store.get(CHECKPOINT)
    assert content is not None
    assert json.loads(content)["checkpoint"]["stack"] == STACK


def test_pulumi_reads_what_we_wrote(pulumi_cli: Path, url: str, tmp_path: Path) -> None:
    store = open_store(url)
    document = {"version": 3, "checkpoint": {"stack": STACK, "latest": None}}
    store.put(".pulumi/meta.yaml", b"version: 1\n")
    store.put(CHECKPOINT, json.dumps(document).encode())
    store.put_new(".kusion/v1/releases/shop/default/dev/00000001.json", b"{}")
    [listed] = json.loads(plain_pulumi(pulumi_cli, tmp_path, url, "stack", "ls", "--all", "--json"))
    assert listed["name"] == STACK
    plain_pulumi(pulumi_cli, tmp_path, url, "stack", "rm", "--yes", "--stack", STACK)
    assert store.get(CHECKPOINT) is None
    assert store.list(".kusion/") == (".kusion/v1/releases/shop/default/dev/00000001.json",)
