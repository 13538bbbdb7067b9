"""Merging: RFC 7396 for mappings, and item by item for the lists that Kubernetes merges by a key."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.model.keyed import key_of, merge, restricted

scalars = st.none() | st.booleans() | st.integers(0, 9) | st.text("ab", max_size=2)
fields = st.sampled_from(["a", "env", "ports", "name", "containerPort"])
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=4), max_leaves=12
)
named = st.lists(st.fixed_dictionaries({"name": st.sampled_from("xyz")}, optional={"value": scalars}), max_size=4)
mappings = st.dictionaries(fields, values | named, max_size=4)


@given(mappings)
def test_a_value_speaks_of_all_that_it_has(value: dict[str, Any]) -> None:
    assert restricted(value, value) == value


@given(mappings, mappings)
def test_what_is_restricted_twice_is_as_good_as_once(value: dict[str, Any], shape: dict[str, Any]) -> None:
    once = restricted(value, shape)
    assert once.keys() == value.keys() & shape.keys()
    assert restricted(once, shape) == once


def test_of_a_keyed_list_only_the_items_that_are_spoken_of_are_left_in_their_order() -> None:
    value = {"env": [{"name": "a", "value": 1}, {"name": "b", "more": 1}, {"name": "c"}], "args": ["x", "y"]}
    shape = {"env": [{"name": "c"}, {"name": "b"}], "args": ["z"]}
    assert restricted(value, shape) == {"env": [{"name": "c"}, {"name": "b"}], "args": ["x", "y"]}


@given(mappings, mappings)
def test_the_same_patch_twice_is_as_good_as_once(old: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merge(old, patch)
    assert merge(once, patch) == once


@given(mappings, mappings)
def test_nothing_that_is_given_is_changed(old: dict[str, Any], patch: dict[str, Any]) -> None:
    before = copy.deepcopy((old, patch))
    merge(old, patch)
    assert (old, patch) == before


@given(mappings)
def test_an_empty_patch_changes_nothing(old: dict[str, Any]) -> None:
    assert merge(old, {}) == old


@given(mappings, fields)
def test_none_removes_a_key_and_nothing_else(old: dict[str, Any], field: str) -> None:
    assert merge(old, {field: None}) == {key: value for key, value in old.items() if key != field}


@pytest.mark.parametrize(
    ("old", "patch", "result"),
    [  # https://www.rfc-editor.org/rfc/rfc7396#appendix-A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_rfc_7396(old: Any, patch: Any, result: Any) -> None:
    assert merge(old, patch) == result


def test_a_keyed_list_is_merged_item_by_item_and_keeps_its_order() -> None:
    old = {"containers": [{"name": "web", "image": "a", "tty": True}, {"name": "side", "image": "b"}]}
    patch = {"containers": [{"name": "new", "image": "c", "tty": None}, {"name": "web", "image": "z", "tty": None}]}
    assert merge(old, patch) == {
        "containers": [{"name": "web", "image": "z"}, {"name": "side", "image": "b"}, {"name": "new", "image": "c"}]
    }


@pytest.mark.parametrize("old", [{}, {"env": None}, {"env": "text"}, {"env": [1]}])
def test_none_in_a_new_keyed_list_is_no_value(old: dict[str, Any]) -> None:
    assert merge(old, {"env": [{"name": "A", "value": None}]}) == {"env": [{"name": "A"}]}


@pytest.mark.parametrize(
    ("field", "lists", "key"),
    [
        ("env", [[{"name": "A"}], []], "name"),
        ("env", [[{"name": "A"}, {"name": "A"}]], None),
        ("env", [[{"name": "A"}], [{"value": "A"}]], None),
        ("ports", [[{"containerPort": 80, "port": 1}]], "containerPort"),
        ("ports", [[{"port": 80}]], "port"),
        ("ports", [[{"containerPort": 80}], [{"port": 80}]], None),
        ("ports", [[{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": "TCP"}]], None),
        ("args", [[{"name": "A"}]], None),
        (0, [[{"name": "A"}]], None),
        (None, [[{"name": "A"}]], None),
    ],
)
def test_which_key_tells_items_apart(field: str | int | None, lists: list[Any], key: str | None) -> None:
    assert key_of(field, *lists) == key
