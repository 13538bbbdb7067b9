"""Pulumi's own replayer, and stacks of the real CLI whose journals are recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.oracle.recording import Recorder, recorder
from tests.integration.oracle.replayer import Replayer, build, running


@pytest.fixture(scope="session")
def replayer(pytestconfig: pytest.Config) -> Iterator[Replayer]:
    """Built once for each version of the CLI; pytest's cache keeps it."""
    assert pytestconfig.cache is not None, "pytest's cache provider is on by default"
    with running(build(pytestconfig.cache.mkdir("pulumi-replayer"))) as process:
        yield process


@pytest.fixture
def stack(pulumi_cli: Path, tmp_path: Path, replayer: Replayer) -> Iterator[Recorder]:
    with recorder(pulumi_cli, tmp_path, replayer) as stack:
        yield stack
