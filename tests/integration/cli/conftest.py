"""Machines for the acceptance tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli.machine import Machine


@pytest.fixture
def machine(pulumi_cli: Path, tmp_path: Path) -> Machine:
    """A machine on which nothing was done yet."""
    return Machine(pulumi_cli, tmp_path)
