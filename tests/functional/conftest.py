"""The command on a machine of its own, and goldens."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.commandline import Kusion
from tests.functional.distributions import Distributions


@pytest.fixture
def kusion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kusion:
    """The command, in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return Kusion(tmp_path)


@pytest.fixture
def distributions(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Distributions]:
    """A place to install modules; what was imported from there is forgotten in the end."""
    known = set(sys.modules)
    yield Distributions(tmp_path_factory.mktemp("site"), monkeypatch)
    for name in set(sys.modules) - known:
        if name.startswith("kusion_") and not name.startswith("kusion_dsl"):
            del sys.modules[name]
