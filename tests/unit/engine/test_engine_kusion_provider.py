"""Random passwords: what they look like and when there is a new one."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.proto import provider_pb2

from kusion_dsl.engine.kusion_provider import VERSION, KusionProvider, password_of, problems_of
from kusion_dsl.engine.values import UNKNOWN, Secret, from_struct, to_struct
from kusion_dsl.model.reference import format_path

URN = "urn:pulumi:prod.dev::shop::kusion:index:RandomPassword::kusion:index:RandomPassword:db"


@given(st.integers(4, 200), st.booleans(), st.text("!_-", min_size=1, max_size=3))
def test_password_has_its_length_and_every_kind(length: int, special: bool, which: str) -> None:
    password = password_of({"length": length, "special": special, "overrideSpecial": which})

    assert len(password) == length
    kinds = [string.ascii_lowercase, string.ascii_uppercase, string.digits, *([which] if special else [])]
    assert all(set(kind) & set(password) for kind in kinds)
    assert set(password) <= set("".join(kinds))


def test_passwords_differ() -> None:
    assert len({password_of({"length": 16, "special": True}) for _ in range(100)}) == 100


def test_create_gives_a_secret_and_not_yet_in_a_preview(call: Any) -> None:
    inputs = to_struct({"length": 12, "special": False})
    provider = KusionProvider()

    made = provider.Create(provider_pb2.CreateRequest(urn=URN, properties=inputs), call)
    planned = provider.Create(provider_pb2.CreateRequest(urn=URN, properties=inputs, preview=True), call)

    result = from_struct(made.properties)["result"]
    assert made.id == "kusion:index:RandomPassword:db"
    assert isinstance(result, Secret) and len(result.value) == 12
    assert from_struct(planned.properties)["result"] == Secret(UNKNOWN) and planned.id == ""


def test_refresh_keeps_it(call: Any) -> None:
    state, inputs = to_struct({"length": 12, "result": Secret("x")}), to_struct({"length": 12})
    request = provider_pb2.ReadRequest(id="i", urn=URN, properties=state, inputs=inputs)
    live = KusionProvider().Read(request, call)
    assert (live.id, live.properties, live.inputs) == ("i", state, inputs)


@pytest.mark.parametrize(
    ("new", "replaces"),
    [
        ({"length": 16, "special": True, "keepers": {"a": "1"}}, []),
        ({"length": 17, "special": True, "keepers": {"a": "1"}}, ["length"]),
        ({"length": 16, "special": False, "keepers": {"a": "1"}}, ["special"]),
        ({"length": 16, "special": True, "keepers": {"a": "2"}}, ["keepers.a"]),
        ({"length": 16, "special": True, "keepers": {"a": UNKNOWN}}, ["keepers.a"]),
        ({"length": 16, "special": True, "keepers": {"a": "1"}, "overrideSpecial": "_"}, ["overrideSpecial"]),
    ],
)
def test_every_difference_makes_a_new_one(call: Any, new: dict[str, Any], replaces: list[str]) -> None:
    old = to_struct({"length": 16, "special": True, "keepers": {"a": "1"}})
    response = KusionProvider().Diff(provider_pb2.DiffRequest(urn=URN, old_inputs=old, news=to_struct(new)), call)
    assert list(response.replaces) == replaces
    assert (response.changes == provider_pb2.DiffResponse.DIFF_SOME) == bool(replaces)


def test_defaults_are_filled_in(call: Any) -> None:
    response = KusionProvider().Check(provider_pb2.CheckRequest(urn=URN, news=to_struct({})), call)
    assert from_struct(response.inputs) == {"length": 16, "special": True} and not response.failures


@pytest.mark.parametrize(
    ("given_inputs", "path", "reason"),
    [
        ({"length": 3}, "length", "whole number from 4 to 4096"),
        ({"length": "16"}, "length", "whole number"),
        ({"length": True}, "length", "whole number"),
        ({"length": 16.5}, "length", "whole number"),
        ({"special": "yes"}, "special", "true or false"),
        ({"overrideSpecial": 7}, "overrideSpecial", "must be text"),
        ({"overrideSpecial": ""}, "overrideSpecial", "set special to false"),
        ({"keepers": ["a"]}, "keepers", "must be a map"),
        ({"lenght": 16}, "lenght", "did you mean 'length'?"),
    ],
)
def test_what_is_wrong_is_told(given_inputs: dict[str, Any], path: str, reason: str) -> None:
    problems = {format_path(where): what for where, what in problems_of(given_inputs).items()}
    assert list(problems) == [path] and reason in problems[path]


def test_unknown_inputs_are_not_judged() -> None:
    assert problems_of(dict.fromkeys(["length", "special", "overrideSpecial", "keepers"], UNKNOWN)) == {}


def test_unknown_type_is_told(call: Any) -> None:
    urn = "urn:pulumi:s::p::kusion:index:RandomPasword::x"
    failure = KusionProvider().Check(provider_pb2.CheckRequest(urn=urn), call).failures[0]
    assert "'kusion:index:RandomPasword' is not known, did you mean 'kusion:index:RandomPassword'?" in failure.reason


def test_version_is_the_one_in_the_state(call: Any) -> None:
    assert KusionProvider().GetPluginInfo(None, call).version == VERSION == "1.0.0"
