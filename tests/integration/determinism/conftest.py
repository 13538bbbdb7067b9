from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.integration.determinism.stacks import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """The running Python, with a KUSION_HOME of the test."""
    home = tmp_path / "kusion"
    home.mkdir()
    return Machine(sys.executable, home).prepare()
