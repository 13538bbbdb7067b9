"""Property values survive the wire, and differences are found by path."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.engine.values import (
    UNKNOWN,
    Secret,
    differences,
    from_struct,
    revealed,
    secrets_in,
    shown,
    texts_in,
    to_struct,
)

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.just(UNKNOWN),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        | inner.filter(lambda value: not isinstance(value, Secret)).map(Secret)
    ),
    max_leaves=12,
)
properties = st.dictionaries(st.text(max_size=5), plain, max_size=4)


@given(properties)
def test_the_wire_changes_nothing(value: dict[str, Any]) -> None:
    assert from_struct(to_struct(value)) == value


def test_whole_numbers_are_whole_again() -> None:
    read = from_struct(to_struct({"port": 80, "ratio": 0.5, "flag": True, "huge": 2.0**60}))

    assert [type(read[key]) for key in ("port", "ratio", "flag", "huge")] == [int, float, bool, float]


@given(properties)
def test_a_value_does_not_differ_from_itself_unless_it_is_unknown(value: dict[str, Any]) -> None:
    assert bool(list(differences(value, value))) == (UNKNOWN in _leaves(value))


def _leaves(value: Any) -> list[Any]:
    value = revealed(value)
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def test_differences_are_told_by_path() -> None:
    old = {"a": [1, {"b": 2}], "gone": None, "flag": True, "s": Secret("x"), "same": Secret("y")}
    new = {"a": [1, {"b": 3}, 4], "flag": 1, "s": "z", "same": "y", "new": None}

    assert dict(differences(old, new)) == {
        ("a", 1, "b"): "update",
        ("a", 2): "add",
        ("flag",): "update",
        ("gone",): "delete",
        ("new",): "add",
        ("s",): "update",
    }


def test_secrets_are_found_and_shown_blinded() -> None:
    value = {"a": [Secret({"b": "x"})], "c": Secret("y")}

    assert dict(secrets_in(value)) == {("a", 0): {"b": "x"}, ("c",): "y"}
    assert sorted(texts_in(value)) == ["x", "y"]
    assert "x" not in repr(value) and "y" not in repr(value)
    signature = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert shown({"a": [signature, unknown], "b": {"c": 1}}) == {"a": ["[secret]", "[unknown]"], "b": {"c": 1}}
