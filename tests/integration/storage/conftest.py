"""An S3 for the tests of the object store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cli.machine import Machine
from tests.stores.s3 import S3, running_s3


@pytest.fixture(scope="session")
def _server() -> Iterator[S3]:
    with running_s3() as s3:
        yield s3


@pytest.fixture
def s3(_server: S3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[S3]:
    """An S3 that does not fail yet, and keys in the environment for it; nothing of AWS else is found."""
    for variable in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret-access-key")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    _server.heal()
    _server.seen.clear()
    _server.delay = 0.0
    yield _server
    _server.heal()


@pytest.fixture
def machine_on_s3(pulumi_cli: Path, s3: S3, tmp_path: Path) -> Machine:
    """A machine whose backend is a bucket, which is asked three times at most, so that a test need not wait."""
    amazon = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    machine = Machine(pulumi_cli, tmp_path / "machine", {**amazon, "PULUMI_CONFIG_PASSPHRASE": "correct horse"})
    machine.kusion("config", "set", "backends.bucket", f"{s3.url(s3.bucket())}&rate_limiter_capacity=10")
    machine.kusion("config", "set", "backends.current", "bucket")
    return machine
