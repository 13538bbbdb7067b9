"""The Spec: what is stored is what was made, and its digest says whether that is so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.errors import SpecError
from kusion_dsl.model.spec import Provider, Spec, SpecResource, canonical, digest_of, kubernetes_id, kubernetes_type

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-(2**53), 2**53) | texts
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
mappings = st.dictionaries(texts, values, max_size=3)
resources = st.builds(
    SpecResource,
    id=texts,
    type=texts,
    attributes=mappings,
    depends_on=st.lists(texts, max_size=2).map(tuple),
    options=mappings,
    workload=st.booleans(),
)
specs = st.builds(
    Spec,
    resources=st.lists(resources, max_size=3).map(tuple),
    providers=st.dictionaries(texts, st.builds(Provider, texts, mappings), max_size=2),
    context=mappings,
    secret_store=st.none() | mappings,
)


def reordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return [reordered(item) for item in value] if isinstance(value, list) else value


@given(specs)
def test_a_spec_is_read_as_it_was_stored(spec: Spec) -> None:
    stored = json.loads(json.dumps(spec.to_json()))
    assert Spec.from_json(stored) == spec
    assert Spec.from_json(stored).to_json() == spec.to_json()


@given(specs)
def test_the_digest_does_not_depend_on_the_order_of_keys(spec: Spec) -> None:
    assert Spec.from_json(reordered(spec.to_json())).digest == spec.digest


@given(values)
def test_the_canonical_form_is_json_of_the_same_value(value: Any) -> None:
    assert json.loads(canonical(value)) == value


def test_the_canonical_form_is_that_of_rfc_8785() -> None:
    value = {"\u20ac": 1e21, "a": [1.0, -0.0, 0.1], "\U0001f600": '\u0007"', "b": {"z": None, "y": False}}
    expected = '{"a":[1,0,0.1],"b":{"y":false,"z":null},"€":1e+21,"😀":"\\u0007\\""}'
    assert canonical(value).decode() == expected
    assert digest_of({}) == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_another_resource_is_another_digest() -> None:
    one = Spec((SpecResource("a", "t", {"x": 1}),))
    assert one.digest != Spec((SpecResource("a", "t", {"x": "1"}),)).digest
    assert one.digest != Spec((SpecResource("a", "t", {"x": 1}, workload=True),)).digest


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, "\ud800", {1: 2}, {"a": {1}}, b"x"])
def test_what_json_cannot_hold_is_an_error_of_ours(value: Any) -> None:
    with pytest.raises(SpecError, match="cannot be stored exactly"):
        canonical(value)


@pytest.mark.parametrize(
    "document", [{}, [], None, "x", {"resources": [{}], "providers": {}, "context": {}, "secretStore": None}]
)
def test_what_is_no_spec_is_an_error_of_ours(document: Any) -> None:
    with pytest.raises(SpecError, match="this is not a Spec"):
        Spec.from_json(document)


def test_ids_and_types_are_the_ancestors() -> None:
    manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}
    assert kubernetes_id(manifest) == "apps/v1:Deployment:shop:web"
    assert kubernetes_id({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}) == "v1:Namespace:shop"
    assert kubernetes_type("v1", "Secret") == "kubernetes:core/v1:Secret"
    assert kubernetes_type("apps/v1", "Deployment") == "kubernetes:apps/v1:Deployment"


def test_a_resource_is_found_by_its_id() -> None:
    spec = Spec((SpecResource("a", "t", {}),))
    assert spec["a"] is spec.get("a")
    assert "a" in spec
    assert spec.get("b") is None
    with pytest.raises(KeyError):
        spec["b"]
