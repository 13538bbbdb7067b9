"""Differences: together they explain everything, each is told once, and each says where it is."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.model.change import MISSING
from kusion_dsl.model.difference import Difference, differences, labels
from kusion_dsl.model.reference import Path

scalars = st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2)
fields = st.sampled_from(["a", "b.c", "env", "ports", "x]y", ""])
names = st.sampled_from(["x", "y", "0", 'x]["b.c"', '"q"', "[x]"])
named = st.lists(
    st.fixed_dictionaries({"name": names}, optional={"value": scalars, "b.c": scalars}),
    max_size=4,
    unique_by=lambda item: item["name"],
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner | named, max_size=4),
    max_leaves=14,
)


def value_at(value: Any, path: Path) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError):
            return MISSING
    return value


def undone(new: Any, found: tuple[Difference, ...]) -> Any:
    """``new`` with every difference taken back."""
    root = {"": copy.deepcopy(new)}
    removed = []
    for each in found:
        path: Path = ("", *each.new_path)
        parent = value_at(root, path[:-1])
        if each.label.endswith(" (order)"):
            continue
        if each.old is MISSING:
            removed.append((parent, path[-1]))
        elif isinstance(parent, list) and each.new is MISSING:
            parent.append(each.old)  # items of a keyed list all stand behind what is left
        else:
            parent[path[-1]] = each.old
    for parent, step in sorted(removed, key=lambda item: (str(type(item[1])), item[1]), reverse=True):
        del parent[step]
    return root[""]


def unordered(value: Any) -> Any:
    """``value`` with its keyed lists in the order of their keys."""
    if isinstance(value, dict):
        return {key: unordered(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    items = [unordered(item) for item in value]
    if items and all(isinstance(item, dict) and "name" in item for item in items):
        return sorted(items, key=lambda item: str(item["name"]))
    return items


@given(values)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert differences(value, copy.deepcopy(value)) == ()


@given(values, values)
def test_the_differences_explain_everything(old: Any, new: Any) -> None:
    found = differences(old, new)
    assert not differences(unordered(undone(new, found)), unordered(old))


@given(values, values)
def test_each_difference_has_what_is_on_both_sides(old: Any, new: Any) -> None:
    for each in differences(old, new):
        if not each.label.endswith(" (order)"):
            assert value_at(old, each.old_path) == each.old
            assert value_at(new, each.new_path) == each.new


@given(values, values)
def test_no_two_differences_have_one_label(old: Any, new: Any) -> None:
    told = [each.label for each in differences(old, new)]
    assert len(set(told)) == len(told)


@given(values)
def test_no_two_fields_have_one_label(value: Any) -> None:
    told = [label for label, _ in labels(value)]
    assert len(set(told)) == len(told)


@given(values, values)
def test_the_labels_are_the_same_in_both_directions(old: Any, new: Any) -> None:
    there = {each.label for each in differences(old, new)}
    assert there == {each.label for each in differences(new, old)}


def test_a_keyed_item_is_known_by_its_name_wherever_it_stands() -> None:
    old = {"containers": [{"name": "web", "env": [{"name": "A", "value": "1"}]}]}
    new = {"containers": [{"name": "side"}, {"name": "web", "env": [{"name": "B"}, {"name": "A", "value": "2"}]}]}
    assert differences(old, new) == (
        Difference("containers[side]", ("containers", 1), ("containers", 0), MISSING, {"name": "side"}),
        Difference(
            "containers[web].env[B]",
            ("containers", 0, "env", 1),
            ("containers", 1, "env", 0),
            MISSING,
            {"name": "B"},
        ),
        Difference(
            "containers[web].env[A].value",
            ("containers", 0, "env", 0, "value"),
            ("containers", 1, "env", 1, "value"),
            "1",
            "2",
        ),
    )


def test_another_order_alone_is_a_difference() -> None:
    old, new = {"env": [{"name": "A"}, {"name": "B"}]}, {"env": [{"name": "B"}, {"name": "A"}]}
    assert differences(old, new) == (Difference("env (order)", ("env",), ("env",), ["A", "B"], ["B", "A"]),)


def test_true_is_not_one_and_none_is_a_value() -> None:
    assert [each.label for each in differences({"a": True, "b": None}, {"a": 1})] == ["a", "b"]
    assert differences({"a": 1}, {"a": 1.0}) == ()
