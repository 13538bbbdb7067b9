"""Where a value that is known later may stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import Field

from kusion_dsl import Secret
from kusion_dsl.errors import AppError
from kusion_dsl.module import Component

LATER = Secret("stripe", key="api-key")


class Part(Component):
    """A part of a whole."""

    size: int = 1
    """How large."""


class Whole(Component):
    """Fields of all kinds."""

    number: int | None = None
    """A number."""
    numbers: list[int] = Field(default_factory=list[int])
    """Several."""
    by_name: Mapping[str, int] = Field(default_factory=dict[str, int])
    """By name."""
    part: Part | None = None
    """A component."""
    parts: Mapping[str, Part] = Field(default_factory=dict[str, Part])
    """Several."""
    either: int | Part = 1
    """A number, or a component."""


@pytest.mark.parametrize(
    "given", [{"number": LATER}, {"numbers": [1, LATER]}, {"by_name": {"a": LATER}}, {"either": LATER}], ids=str
)
def test_in_place_of_a_text_or_a_number(given: dict[str, Any]) -> None:
    whole = Whole(**given)
    assert {name: getattr(whole, name) for name in given} == given


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"numbers": LATER}, "numbers"),
        ({"by_name": LATER}, "by_name"),
        ({"part": LATER}, "part"),
        ({"parts": {"a": LATER}}, "parts.a"),
        ({"numbers": [LATER], "by_name": LATER}, "by_name"),
    ],
    ids=str,
)
def test_in_place_of_nothing_else(given: dict[str, Any], where: str) -> None:
    with pytest.raises(AppError) as caught:
        Whole(**given)
    assert [detail.partition(":")[0] for detail in caught.value.problems[0].details] == [where]
