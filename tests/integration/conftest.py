"""The real Pulumi CLI, and environments in which a test cannot touch the user's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def pulumi_cli() -> Path:
    """The ``pulumi`` on PATH. Without one the test fails: what was not run was not tested."""
    found = shutil.which("pulumi")
    if found is None:
        pytest.fail("there is no `pulumi` on PATH; `kusion engine install` gets one")
    return Path(found)
