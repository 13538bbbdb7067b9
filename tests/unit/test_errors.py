from __future__ import annotations

import pytest

from kusion_dsl.errors import KusionError, Position, Problem, did_you_mean


@pytest.mark.parametrize(
    ("wrong", "known", "meant"),
    [
        ("databse", ["database", "data"], "database"),
        ("enviroment", ["env_from", "env"], "env"),
        ("dir", ["kind", "directory"], "directory"),
        ("tpye", ["type", "version"], "type"),
        ("replica", ["replicas", "revision"], "replicas"),
    ],
)
def test_what_was_meant_is_suggested(wrong: str, known: list[str], meant: str) -> None:
    assert did_you_mean(wrong, known) == f"did you mean '{meant}'?"


def test_nothing_is_suggested_for_what_is_like_nothing() -> None:
    assert did_you_mean("colour", ["port", "protocol"]) is None
    assert did_you_mean("id", ["identity"]) is None


def test_a_problem_is_told_once_and_says_where_what_and_what_to_do() -> None:
    problem = Problem("it is wrong", Position("app.py", 3), "make it right", ("this:\nand that",))
    assert str(KusionError.of([problem, problem])) == "app.py:3: it is wrong\n  this:\n  and that\n  make it right"


def test_a_place_is_given_only_to_what_has_none() -> None:
    placed = KusionError.of([Problem("a"), Problem("b", "there")]).at("here")
    assert [str(problem) for problem in placed.problems] == ["here: a", "there: b"]
