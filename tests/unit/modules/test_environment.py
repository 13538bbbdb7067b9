from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kusion_workload.environment import environment_manifest

NAMES = st.sampled_from("ABCDE")


def names(environment: dict[str, str]) -> list[str]:
    return [entry["name"] for entry in environment_manifest(environment)]


def test_variables_stand_in_order_of_their_names() -> None:
    assert names({"B": "1", "A": "2", "a": "3"}) == ["A", "B", "a"]


def test_a_variable_stands_after_those_it_uses() -> None:
    assert names({"A": "http://$(HOST):$(PORT)", "HOST": "$(ZONE).example", "PORT": "80", "ZONE": "eu"}) == [
        "ZONE",
        "HOST",
        "PORT",
        "A",
    ]


def test_a_literal_dollar_uses_nothing() -> None:
    assert names({"A": "$$(B)", "B": "1"}) == ["A", "B"]


def test_a_circle_and_a_name_that_is_not_there_are_left_to_kubernetes() -> None:
    assert names({"A": "$(B)", "B": "$(A)", "C": "$(INJECTED)"}) == ["B", "A", "C"]


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=3).map(lambda used: "".join(f"$({name})" for name in used))))
def test_the_order_does_not_depend_on_how_the_mapping_was_made(environment: dict[str, str]) -> None:
    backwards = dict(reversed(environment.items()))
    assert environment_manifest(environment) == environment_manifest(backwards)
    assert {entry["name"]: entry["value"] for entry in environment_manifest(environment)} == environment
