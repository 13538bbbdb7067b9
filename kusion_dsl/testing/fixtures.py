"""Fixtures of the pytest plugin."""

from __future__ import annotations

import pytest

from kusion_dsl.testing.engine import FakeEngine


@pytest.fixture
def fake_engine() -> FakeEngine:
    """An engine in memory, with nothing live yet."""
    return FakeEngine()
