"""Lengths of time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.model.duration import duration_text, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("5m", 300), ("1h30m", 5400), ("1h0m1s", 3601), ("90s", 90), ("100m", 6000)]
)
def test_a_duration(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "5", "5x", "-5m", "1.5m", "5m ", "5s1m", "\u0665m", "9999999h"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        seconds_of(text)


@given(st.integers(1, 10**6))
def test_its_text_is_what_it_was_read_from(seconds: int) -> None:
    assert seconds_of(duration_text(seconds)) == seconds


def test_no_time() -> None:
    assert duration_text(0.2) == "0s"
