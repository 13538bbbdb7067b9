"""The rules of deviations: each leads to a test, and covers what it is about only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from kusion_dsl.errors import KusionError, Problem
from kusion_dsl.model.spec import Spec
from tests.conformance.comparison import ABSENT, Difference
from tests.conformance.deviations import Ours, Refusal, Rule
from tests.conformance.rules import REFUSALS, RULES

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("rule", [*RULES, *REFUSALS], ids=lambda rule: rule.reason)
def test_every_rule_has_a_reason_and_leads_to_a_test(rule: Rule | Refusal) -> None:
    assert rule.reason
    file, _, name = rule.test.partition("::")
    tests = {node.name for node in ast.parse((ROOT / file).read_text()).body if isinstance(node, ast.FunctionDef)}
    assert name in tests


def rule(**changes: object) -> Rule:
    given = {
        "type": "kubernetes:*:Deployment",
        "path": r"spec\.\w+",
        "instead": lambda difference, ours: difference.ours == 2,
        "reason": "",
        "test": "",
        **changes,
    }
    return Rule(**given)  # type: ignore[arg-type]


DIFFERENCE = Difference("apps/v1:Deployment:a:a", "kubernetes:apps/v1:Deployment", ("spec", "replicas"), 1, 2)
OURS = Ours(Spec(), {})


@pytest.mark.parametrize(
    ("changes", "covers"),
    [
        ({}, True),
        ({"type": "kubernetes:*:Service"}, False),
        ({"path": "spec"}, False),
        ({"path": "replicas"}, False),
        ({"instead": lambda difference, ours: difference.ours == 3}, False),
        ({"instead": lambda difference, ours: difference.theirs is ABSENT}, False),
    ],
)
def test_a_rule_is_about_a_type_a_path_and_a_value(changes: dict[str, object], covers: bool) -> None:
    assert rule(**changes).covers(DIFFERENCE, OURS, marked=True) is covers


@pytest.mark.parametrize(("decided", "marked", "covers"), [("", False, False), ("", True, True), ("x", False, True)])
def test_a_defect_must_be_marked(decided: str, marked: bool, covers: bool) -> None:
    assert rule(decided=decided).covers(DIFFERENCE, OURS, marked=marked) is covers


def test_no_rule_covers_everything() -> None:
    nothing = Difference("acme.example/v1:Odd:a:a", "acme:index:Odd", ("spec", "odd"), "a", "b")
    assert not [each for each in RULES if each.covers(nothing, OURS, marked=True)]
    other = Difference(DIFFERENCE.resource, DIFFERENCE.type, ("spec", "strategy", "type"), "a", "b")
    assert not [each for each in RULES if each.covers(other, OURS, marked=True)]


@pytest.mark.parametrize(("decided", "marked", "covers"), [("", False, False), ("", True, True), ("x", False, True)])
def test_a_refusal_is_about_everything_that_is_wrong(decided: str, marked: bool, covers: bool) -> None:
    refusal = Refusal("is made twice", "", "", decided)
    one, other = Problem("a is made twice: by b and by c"), Problem("a is missing")
    assert refusal.covers(KusionError.of([one, one]), marked=marked) is covers
    assert not refusal.covers(KusionError.of([one, other]), marked=marked)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.reason)
@pytest.mark.parametrize("ours", [None, "", "x", 7, True, ["x"], {"x": "y"}])
def test_nothing_odd_is_right_instead(rule: Rule, ours: object) -> None:
    """Whatever we had there by mistake, and even where the resource is not there at all."""
    for theirs in ("odd", 3, ["odd"], {"odd": 1}):
        difference = Difference("v1:Odd:a:a", rule.type.replace("*", "x"), ("odd", 0), theirs, ours)
        anywhere = Rule(rule.type, ".*", rule.instead, rule.reason, rule.test)
        assert not anywhere.covers(difference, OURS, marked=True)


def script(modelfile: str) -> str:
    return f"echo {modelfile} > Modelfile && ollama create llama3 -f Modelfile && wait $OLLAMA_SERVE_PID"


@pytest.mark.parametrize(
    ("ours", "right"),
    [
        (script("""'FROM llama3\nSYSTEM \"\"\"It'"'"'s $$5\"\"\"\nTEMPLATE \"\"\"{{ .Prompt }}\"\"\"\n'"""), True),
        (script("""'FROM llama3\nSYSTEM \"\"\"It'"'"'s $$5\"\"\"\nTEMPLATE \"\"\"{{ .Prompt }}\"\"\"\"\n'"""), False),
        (script("""'FROM llama4\nSYSTEM \"\"\"It'"'"'s $$5\"\"\"\nTEMPLATE \"\"\"{{ .Prompt }}\"\"\"\n'"""), False),
        (script("""'FROM llama3\nSYSTEM \"\"\"It's $$5\"\"\"\nTEMPLATE \"\"\"{{ .Prompt }}\"\"\"\n'"""), False),
    ],
    ids=["right", "quote too many", "another model", "not quoted"],
)
def test_a_modelfile_is_the_ancestors_but_for_its_quotes(ours: str, right: bool) -> None:
    theirs = script("""'FROM llama3\nSYSTEM \"\"\"It's $5\"\"\"\nTEMPLATE \"\"\"{{ .Prompt }}\"\"\"\"\n'""")
    place = ("spec", "template", "spec", "containers", 0, "command", 2)
    difference = Difference("apps/v1:Deployment:a:a", "kubernetes:apps/v1:Deployment", place, theirs, ours)
    assert any(rule.covers(difference, OURS, marked=True) for rule in RULES) is right
    assert not any(rule.covers(difference, OURS, marked=False) for rule in RULES)
