"""References become values; secrecy and ignorance spread to what contains them."""

from __future__ import annotations

from typing import Any

import pytest

from kusion_dsl.engine.resolution import Registered, inputs_of, resolved, store_values
from kusion_dsl.engine.values import UNKNOWN, Secret
from kusion_dsl.errors import EngineError, SecretError
from kusion_dsl.model.reference import Reference
from kusion_dsl.model.spec import Provider, Spec, SpecResource

OUTPUTS = {
    "host": "db",
    "port": 5432,
    "on": True,
    "half": 0.5,
    "list": [{"ip": "10.0.0.1"}],
    "result": Secret("s3cret"),
    "deep": Secret({"inner": "hidden"}),
    "later": UNKNOWN,
    "both": Secret(UNKNOWN),
    "map": {"a b": 1},
    "nothing": None,
}
STORE = {Reference("ref://stripe", ("key",)): "sk-live"}


def look(text: Any, *, complete: bool = True) -> Any:
    return resolved(text, {"x": Registered("urn:x", "the-id", OUTPUTS, complete)}, STORE)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${x#host}", "db"),
        ("${x#port}", 5432),
        ("${x#list}", [{"ip": "10.0.0.1"}]),
        ("${x#list[0].ip}", "10.0.0.1"),
        ('${x#map["a b"]}', 1),
        ("${x#id}", "the-id"),
        ("${x#urn}", "urn:x"),
        ("http://${x#host}:${x#port}/${x#on}/${x#half}", "http://db:5432/true/0.5"),
        ("$${literal}", "${literal}"),
        ({"a": ["${x#port}", 1]}, {"a": [5432, 1]}),
        ("${x#result}", Secret("s3cret")),
        ("${x#deep.inner}", Secret("hidden")),
        ("pg://u:${x#result}@${x#host}", Secret("pg://u:s3cret@db")),
        ("Bearer ${ref://stripe#key}", Secret("Bearer sk-live")),
        ("${ref://stripe#key}", Secret("sk-live")),
        ("${x#later}", UNKNOWN),
        ("${x#later.deeper[3]}", UNKNOWN),
        ("a${x#later}b", UNKNOWN),
        ("a${x#later}${x#result}", Secret(UNKNOWN)),
        ("${x#both}", Secret(UNKNOWN)),
        ("${x#nothing}", None),
    ],
)
def test_value_of_a_reference(text: Any, value: Any) -> None:
    assert look(text) == value


def test_missing_output_is_unknown_until_the_resource_is_complete() -> None:
    assert look("${x#status.ip}", complete=False) is UNKNOWN
    with pytest.raises(EngineError, match=r"x: it has no output 'status\.ip'"):
        look("${x#status.ip}")


@pytest.mark.parametrize("text", ["a${x#list}", "a${x#map}", "a${x#nothing}"])
def test_what_is_no_text_cannot_stand_in_text(text: str) -> None:
    with pytest.raises(EngineError, match="cannot stand in the middle of text"):
        look(text)


def test_all_data_of_a_kubernetes_secret_is_secret() -> None:
    attributes = {
        "metadata": {"name": "s"},
        "type": "Opaque",
        "data": {"a": "YQ=="},
        "stringData": {"b": "${x#result}"},
    }
    registered = {"x": Registered("urn:x", "", OUTPUTS, True)}
    secret = SpecResource("v1:Secret:s", "kubernetes:core/v1:Secret", attributes)
    other = SpecResource("v1:ConfigMap:s", "kubernetes:core/v1:ConfigMap", attributes)

    assert inputs_of(secret, registered, {}) == {
        "metadata": {"name": "s"},
        "type": "Opaque",
        "data": {"a": Secret("YQ==")},
        "stringData": {"b": Secret("s3cret")},
    }
    assert inputs_of(other, registered, {})["data"] == {"a": "YQ=="}


def test_store_is_asked_once_for_each_value_and_for_nothing_else() -> None:
    asked: list[str] = []

    def secret(reference: Reference) -> str:
        asked.append(str(reference))
        return "value"

    attributes = {"a": "${ref://one} ${ref://two#key}", "b": "${ref://one}", "c": "${x#host}"}
    spec = Spec((SpecResource("y", "aws:x:Y", attributes),), {"aws": Provider("1.0.0", {"token": "${ref://three}"})})

    assert set(store_values(spec, secret)) == {
        Reference("ref://one"),
        Reference("ref://two", ("key",)),
        Reference("ref://three"),
    }
    assert asked == ["${ref://one}", "${ref://three}", "${ref://two#key}"]


def test_what_the_store_raises_comes_through() -> None:
    def secret(reference: Reference) -> str:
        raise SecretError("no such secret")

    with pytest.raises(SecretError):
        store_values(Spec((SpecResource("y", "aws:x:Y", {"a": "${ref://one}"}),)), secret)
