"""Provenance as it is stored: small, the same whatever the order, and looked up when it is written and not before."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from kusion_dsl.errors import Position
from kusion_dsl.model.provenance import Deferred, Origin, Provenance
from kusion_dsl.model.reference import Path

Told = Mapping[str, Mapping[Path, tuple[Origin, ...]]]

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
positions = st.builds(Position, names.filter(bool), st.integers(0, 9), st.integers(0, 9))
origins = st.builds(
    Origin,
    st.sampled_from(["author", "module", "workspace", "project", "compiler"]),
    names,
    st.none() | positions,
    st.lists(names, max_size=2).map(tuple),
)
paths = st.lists(names | st.integers(0, 20), max_size=4).map(tuple)
fields = st.dictionaries(
    names, st.dictionaries(paths, st.lists(origins, max_size=3).map(tuple), max_size=4), max_size=3
)


def deferred(origin: Origin) -> Deferred:
    return lambda: origin


def provenance(told: Told) -> Provenance:
    return Provenance(
        {id: {path: tuple(map(deferred, own)) for path, own in each.items()} for id, each in told.items()}
    )


def told(provenance: Provenance) -> Told:
    return {
        id: {path: tuple(origin() for origin in own) for path, own in each.items()}
        for id, each in provenance.fields.items()
    }


@given(fields)
@settings(deadline=None)
def test_what_is_stored_is_read_as_it_was(known: Told) -> None:
    stored = json.loads(json.dumps(provenance(known).to_json()))
    found = Provenance.from_json(stored)
    assert told(found) == known
    assert found.to_json() == stored


@given(fields)
@settings(deadline=None)
def test_the_stored_form_does_not_depend_on_the_order(known: Told) -> None:
    shuffled = {id: dict(reversed(list(known[id].items()))) for id in reversed(list(known))}
    assert json.dumps(provenance(shuffled).to_json()) == json.dumps(provenance(known).to_json())


@given(fields)
@settings(deadline=None)
def test_each_origin_is_stored_once(known: Told) -> None:
    stored = provenance(known).to_json()["origins"]
    assert len({json.dumps(each) for each in stored}) == len(stored)
    assert len(stored) == len({origin for each in known.values() for own in each.values() for origin in own})


def test_what_is_asked_for_is_what_was_asked_for_before() -> None:
    author, module = Origin("author", "shop.workload", Position("app.py", 7)), Origin("module", "kusion-service 0.1.0")
    known = provenance({"a": {(): (author, module), ("spec", "ports", 0): (author,)}})
    again = Provenance.from_json(known.to_json())
    for path in ((), ("spec",), ("spec", "ports", 0), ("spec", "ports", 0, "name")):
        assert again.of("a", path) == known.of("a", path)
    assert list(again.paths("a")) == list(known.paths("a"))
    assert again.of("b") == ()


def test_files_get_other_names_and_nothing_is_looked_up_for_that() -> None:
    asked: list[str] = []

    def origin() -> Origin:
        asked.append("origin")
        return Origin("author", "shop", Position("/home/ada/shop/app.py", 7, 3))

    project = Origin("project", "project shop")
    moved = Provenance({"a": {(): (origin, deferred(project))}}).in_files(lambda file: file.rpartition("/")[2])
    assert asked == []
    assert moved.of("a") == (Origin("author", "shop", Position("app.py", 7, 3)), project)
