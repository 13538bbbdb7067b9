"""Three-way comparison of any values: all that one side changed is told as its, all that both did as a conflict."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.model.change import MISSING
from kusion_dsl.model.comparison import Sides, compare
from kusion_dsl.model.difference import differences
from tests.unit.model.test_difference import values

documents = st.dictionaries(st.sampled_from(["a", "env", "ports", "b.c"]), values, max_size=4)


def sides(old: Any, mine: Any, theirs: Any) -> Sides:
    return Sides(old, mine, copy.deepcopy(old), theirs, copy.deepcopy(mine))


@given(documents)
def test_what_nobody_changed_is_not_told(value: Any) -> None:
    assert compare(sides(value, copy.deepcopy(value), copy.deepcopy(value))) == ()


@given(documents, documents)
def test_what_only_we_changed_is_ours(old: Any, mine: Any) -> None:
    found = compare(sides(old, mine, copy.deepcopy(old)))
    assert {each.cause for each in found} <= {"yours"}
    assert [(each.label, each.before, each.after) for each in found] == [
        (each.label, each.old, each.new) for each in differences(old, mine)
    ]


@given(documents, documents)
def test_what_only_others_changed_is_drift_that_is_taken_back(old: Any, theirs: Any) -> None:
    found = compare(sides(old, copy.deepcopy(old), theirs))
    assert {each.cause for each in found} <= {"drift"}
    assert [(each.label, each.after, each.live) for each in found] == [
        (each.label, each.old, each.new) for each in differences(old, theirs)
    ]


@given(documents, documents)
def test_what_both_made_the_same_is_neither_ones(old: Any, new: Any) -> None:
    found = compare(sides(old, new, copy.deepcopy(new)))
    assert {each.cause for each in found} <= {None}


@given(documents, documents, documents)
def test_no_field_is_told_twice(old: Any, mine: Any, theirs: Any) -> None:
    told = [each.label for each in compare(sides(old, mine, theirs))]
    assert len(set(told)) == len(told)


@given(documents, documents, documents)
def test_a_field_is_told_only_if_somebody_changed_it(old: Any, mine: Any, theirs: Any) -> None:
    ours = {each.label for each in differences(old, mine)}
    drift = {each.label for each in differences(old, theirs)}
    for each in compare(sides(old, mine, theirs)):
        if each.cause == "yours":
            assert within(each.label, ours) and each.before is not each.after
        elif each.cause == "drift":
            assert within(each.label, drift) and each.before is not each.live
        else:
            assert within(each.label, ours) and within(each.label, drift)


def within(label: str, changed: set[str]) -> bool:
    """Whether a field is among those that changed, or a part of one of them, or has one as a part."""
    return any(label.startswith(each) or each.startswith(label) for each in changed)


@given(documents, documents, documents)
def test_where_only_one_side_has_a_field_something_is_told_of_it(old: Any, mine: Any, theirs: Any) -> None:
    told = {each.label for each in compare(sides(old, mine, theirs))}
    for each in differences(old, mine):
        if each.new is MISSING or each.old is MISSING:
            assert within(each.label, told)
