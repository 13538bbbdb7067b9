"""Differences: together they explain everything, each is told once, and each says where it is."""

from __future__ import annotations

import copy
from typing import Any

import pytest
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
        if each.label.endswith(" (order)") and value_at(new, each.new_path) != each.new:
            continue  # of a keyed list, whose names are told
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


@pytest.mark.parametrize(
    ("field", "old", "told"),
    [
        ("initContainers", [{"name": "a"}, {"name": "b"}], ["a", "b"]),
        ("env", [{"name": "A"}, {"name": "B", "value": "$(A)/b"}], ["A", "B"]),
        ("args", ["-v", "serve"], ["-v", "serve"]),
        ("rules", [{"host": "a"}, {"host": "b"}], [{"host": "a"}, {"host": "b"}]),
    ],
)
def test_another_order_is_a_difference_where_it_means_something(field: str, old: list[Any], told: list[Any]) -> None:
    expected = Difference(f"{field} (order)", (field,), (field,), told, told[::-1])
    assert differences({field: old}, {field: old[::-1]}) == (expected,)


@pytest.mark.parametrize("field", ["env", "volumes", "volumeMounts", "containers", "imagePullSecrets"])
def test_another_order_is_none_where_it_means_nothing(field: str) -> None:
    old = [{"name": "a", "mountPath": "/a"}, {"name": "b", "mountPath": "/b"}]
    assert differences({field: old}, {field: old[::-1]}) == ()


def test_a_new_item_of_a_list_without_a_key_is_no_other_order() -> None:
    assert [each.label for each in differences({"args": ["a", "b"]}, {"args": ["b", "a", "c"]})] == [
        "args[0]",
        "args[1]",
        "args[2]",
    ]


def test_true_is_not_one_and_none_is_a_value() -> None:
    assert [each.label for each in differences({"a": True, "b": None}, {"a": 1})] == ["a", "b"]
    assert differences({"a": 1}, {"a": 1.0}) == ()
