"""Origins travel with values, and come off again without a trace."""

from __future__ import annotations

import copy
import json
from enum import Enum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl import Secret
from kusion_dsl.compiler.tracing import origins_in, plain, trace
from kusion_dsl.errors import Position
from kusion_dsl.model.component import Component
from kusion_dsl.model.provenance import Deferred, Origin, Provenance, TracedText, derived, mark, mark_all
from kusion_dsl.model.reference import Path
from tests.unit.compiler.sample import DEPLOYMENT, Part, Server, compiled, shop

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


def at(path: Path) -> Deferred:
    return lambda: Origin("author", repr(path))


def types_of(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: types_of(item) for key, item in value.items()}
    return [types_of(item) for item in value] if isinstance(value, list) else type(value)


@given(values)
def test_origins_come_off_without_a_trace(value: Any) -> None:
    marked = mark_all(value, at)
    assert marked == value
    assert plain(marked) == value
    assert types_of(plain(marked)) == types_of(value)
    assert list(origins_in(plain(marked))) == []


@given(values)
def test_every_text_and_number_has_the_origin_of_its_path(value: Any) -> None:
    found = {path: origin() for path, origin in origins_in(mark_all(value, at))}
    assert found == {path: Origin("author", repr(path)) for path in found}
    assert len(found) == sum(1 for leaf in _leaves(value) if leaf is not None and not isinstance(leaf, bool))


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, list) else [value]


@given(values)
def test_marked_values_can_be_copied_and_stored_like_others(value: Any) -> None:
    marked = mark_all(value, at)
    assert dict(origins_in(copy.deepcopy(marked))).keys() == dict(origins_in(marked)).keys()
    assert copy.copy(marked) == marked
    assert json.loads(json.dumps(marked)) == json.loads(json.dumps(value))


def test_what_has_an_origin_keeps_it() -> None:
    first = mark("x", at(("first",)))
    assert isinstance(first, TracedText)
    again = mark(first, at(("second",)))
    assert again.origin() == Origin("author", "('first',)")
    assert mark("x", None) == "x"


class Color(str, Enum):  # noqa: UP042 - not a StrEnum, whose text differs
    """An enumeration as some schemas have it."""

    RED = "red"


class Shade(StrEnum):
    """The newer form."""

    DARK = "dark"


@pytest.mark.parametrize(("value", "expected"), [(Color.RED, "red"), (Shade.DARK, "dark"), ((1, ("a",)), [1, ["a"]])])
def test_plain_has_only_what_json_knows(value: Any, expected: Any) -> None:
    assert plain(value) == expected
    assert types_of(plain(value)) == types_of(expected)


@pytest.mark.parametrize("member", [Color.RED, Shade.DARK])
def test_a_member_of_an_enumeration_stays_one(member: Any) -> None:
    assert mark(member, at(())) is member


def test_a_secret_stays_a_secret() -> None:
    secret = Secret("stripe", key="api-key")
    marked = mark(secret, at(()))
    assert marked == secret
    assert type(plain(secret)) is str
    assert plain(marked) == str(secret)


def test_tracing_changes_no_component_and_no_value() -> None:
    server = Server(env={"A": "1"}, args=["x"], replicas=2, parts={"p": Part(text="t", items=["i"])})
    traced = trace(server, lambda owner, path: at((type(owner).__name__, *path)))
    assert traced == server
    assert traced is not server
    assert traced.serial == server.serial
    assert type(server.env["A"]) is str
    assert isinstance(traced, Server)
    found = dict(origins_in([traced.env, traced.args, traced.replicas, traced.parts["p"].items]))
    assert [origin().name for origin in found.values()] == [
        "('Server', 'env', 'A')",
        "('Server', 'args', 0)",
        "('Server', 'replicas')",
        "('Part', 'items', 0)",
    ]


def test_fields_that_nobody_wrote_have_no_origin() -> None:
    def fail(owner: Component, path: Path) -> Deferred | None:
        raise AssertionError(f"{owner} {path}")

    assert trace(Server(), fail) == Server()


def test_the_origin_follows_a_value_through_the_module_into_the_spec() -> None:
    result = compiled(shop(Server(env={"A": "1"}, replicas=3)))
    for path in (
        ("spec", "replicas"),
        ("spec", "template", "spec", "containers", 0, "env", 0, "value"),
    ):
        author, module = result.provenance.of(DEPLOYMENT, path)
        assert (author.kind, author.name) == ("author", "shop.workload")
        assert author.position is not None
        assert author.position.file == __file__
        assert module == Origin("module", "kusion-server 1.2.3")
    assert {origin.kind for origin in result.provenance.of(DEPLOYMENT, ("kind",))} == {"author", "module"}


def test_what_is_derived_has_the_origin_of_its_source() -> None:
    source = mark("x", at(("source",)))
    made = derived("y", source)
    assert isinstance(made, TracedText)
    assert made.origin() == source.origin()
    assert type(derived("y", "x")) is str


def test_provenance_tells_the_nearest_first_and_everybody_once() -> None:
    one, two, three = (Origin("module", name, Position("f", 1)) for name in "abc")
    provenance = Provenance(
        {"r": {(): (lambda: three, lambda: one), ("a",): (lambda: two,), ("a", "b"): (lambda: one,)}}
    )
    assert provenance.of("r", ("a", "b", "c")) == (one, two, three)
    assert provenance.of("r", ("x",)) == (three, one)
    assert provenance.of("other") == ()
    assert list(provenance.paths("r")) == [(), ("a",), ("a", "b")]
    assert str(one) == "f:1 (a)"
    assert str(Origin("module", "a")) == "a"
