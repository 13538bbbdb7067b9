"""What a value must look like."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.checks.schema import Mismatch, ObjectType, Schema, Type, mismatches


def schema_of(*, required: tuple[str, ...] = (), **fields: Type) -> Schema:
    inner = ObjectType({"port": "integer", "self": ["object", "inner"]}, ("port",))
    return Schema("root", {"root": ObjectType(fields, required), "inner": inner})


def found(value: Any, type: Type) -> list[Mismatch]:
    return list(mismatches({"field": value}, schema_of(field=type)))


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("any", object()),
        ("text", "a"),
        ("integer", 3),
        ("integer", 3.0),
        ("number", 3),
        ("number", 3.5),
        ("boolean", False),
        (["list", "integer"], [1, 2]),
        (["list", "integer"], []),
        (["map", "text"], {"a": "b", "c": None}),
        (["object", "inner"], {"port": 1}),
        (["object", "inner"], {"port": 1, "self": {"port": 2, "self": None}}),
        (["either", "text", "integer"], 3),
        (["either", "text", ["list", "text"]], ["a"]),
        (["either", ["object", "inner"], ["map", "text"]], {"a": "b"}),
        ("text", None),
    ],
)
def test_fits(type: Type, value: Any) -> None:
    assert found(value, type) == []


@pytest.mark.parametrize(
    ("type", "value", "path", "what", "hint"),
    [
        ("text", 3, ("field",), "is a number", "it must be text"),
        ("text", True, ("field",), "is true or false", "it must be text"),
        ("integer", "3", ("field",), "is text", "it must be a whole number"),
        ("integer", 3.5, ("field",), "is a number with a fraction", "it must be a whole number"),
        ("integer", True, ("field",), "is true or false", "it must be a whole number"),
        ("number", False, ("field",), "is true or false", "it must be a number"),
        ("boolean", 1, ("field",), "is a number", "it must be true or false"),
        ("boolean", "true", ("field",), "is text", "it must be true or false"),
        (["list", "text"], "a", ("field",), "is text", "it must be a list"),
        (["list", "text"], ["a", None], ("field", 1), "is null", "it must be text"),
        (["map", "text"], ["a"], ("field",), "is a list", "it must be a mapping"),
        (["map", "text"], {"a": 1}, ("field", "a"), "is a number", "it must be text"),
        (["object", "inner"], "a", ("field",), "is text", "it must be a mapping"),
        (["object", "inner"], {}, ("field", "port"), "is missing", "set it to a whole number"),
        (["object", "inner"], {"port": None}, ("field", "port"), "is missing", "set it to a whole number"),
        (
            ["object", "inner"],
            {"port": 1, "self": {}},
            ("field", "self", "port"),
            "is missing",
            "set it to a whole number",
        ),
        (["object", "inner"], {"port": 1, "prt": 1}, ("field", "prt"), "is no known field", "did you mean 'port'?"),
        (["object", "inner"], {"port": 1, "x": 1}, ("field", "x"), "is no known field", "known are port, self"),
        (["either", "text", "integer"], [], ("field",), "is a list", "it must be text or a whole number"),
        (["either", "text", ["object", "inner"]], {}, ("field", "port"), "is missing", "set it to a whole number"),
    ],
)
def test_does_not_fit(type: Type, value: Any, path: tuple[Any, ...], what: str, hint: str) -> None:
    assert found(value, type) == [Mismatch(path, what, hint, missing=what == "is missing")]


def test_everything_is_told_in_order() -> None:
    schema = schema_of(a="text", b="integer", c="boolean", required=("c",))
    assert [each.path for each in mismatches({"b": "1", "z": 1, "a": 1}, schema)] == [("b",), ("z",), ("a",), ("c",)]


def test_many_fields_are_not_all_listed() -> None:
    fields: dict[str, Type] = {f"field{number}": "text" for number in range(13)}
    schema = Schema("root", {"root": ObjectType(fields, ())})
    assert [each.hint for each in mismatches({"zzz": 1}, schema)] == ["remove it"]


TYPES: list[Type] = ["text", "integer", "boolean", ["list", "text"], ["map", "integer"], ["object", "inner"]]


@pytest.mark.parametrize("type", TYPES, ids=str)
def test_a_reference_is_of_every_type(type: Type) -> None:
    assert found("${v1:Service:shop:web#spec.ports[0]}", type) == []
    assert found("${ref://stripe#key}", type) == []


@pytest.mark.parametrize("text", ["port ${v1:Service:shop:web#spec.port}", "$${not a reference}", "${a#b}${a#c}"])
def test_a_text_with_references_in_it_is_text(text: str) -> None:
    assert found(text, "text") == []
    assert [each.what for each in found(text, "integer")] == ["is text"]


def test_a_value_is_never_told() -> None:
    secret = "correct horse battery staple"
    assert secret not in str(found(secret, "integer") + found({secret: secret}, "text") + found([secret], "boolean"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.sampled_from(TYPES))
def test_any_value_is_judged_and_the_finding_leads_to_it(value: Any, type: Type) -> None:
    for mismatch in found(value, type):
        inner: Any = {"field": value}
        for step in mismatch.path[: -1 if mismatch.missing else None]:
            inner = inner[step]
        assert mismatch.hint


@given(VALUES, st.sampled_from(TYPES))
def test_either_fits_exactly_what_one_of_its_types_fits(value: Any, type: Type) -> None:
    one_fits = not found(value, type) or not found(value, "number")
    assert (not found(value, ["either", type, "number"])) == one_fits


def test_the_stored_form() -> None:
    schema = schema_of(a=["list", ["object", "inner"]], required=("a",))
    assert Schema.from_json(schema.to_json()) == schema
