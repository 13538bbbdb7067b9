"""Health policies: rules about a live object, in the ancestor's language as far as it is read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.model.health_rule import HealthRule

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["status", "a", "b"]), inner, max_size=3)
    ),
    max_leaves=8,
)
READY = {
    "metadata": {"generation": 2, "labels": {"app.kubernetes.io/name": "web"}},
    "spec": {"replicas": 3},
    "status": {
        "observedGeneration": 2,
        "readyReplicas": 3,
        "conditions": [{"type": "Available", "status": "True"}, {"type": "Ready", "status": "False"}],
    },
}


@pytest.mark.parametrize(
    "rule",
    [
        "assert res.metadata.generation == res.status.observedGeneration\nassert res.status.readyReplicas == 3",
        "assert res.status?.readyReplicas >= res.spec.replicas - 1",
        "ready = res.status.readyReplicas\nassert ready == res.spec.replicas, 'not all'",
        "assert 1 < res.spec.replicas <= 3",
        "assert res.spec.replicas in [1, 3] and not res.spec.paused",
        'assert any_true([each.type == "Available" and each.status == "True" for each in res.status.conditions])',
        'assert [each.status for each in res.status.conditions if each.type == "Ready"][0] == "False"',
        "assert len(res.status.conditions) == 2 if res.status else False",
        'assert res.metadata.labels["app.kubernetes.io/name"] == "web"',
        "assert res.status.nothing is None or res.status.nothing == Undefined",
        "assert int(str(res.spec.replicas)) * 2 % 4 == 2 and res.spec.replicas / 3 == 1 and -1 < 0",
        "assert '?.' != '.' and \"a?.b\" not in ['a.b']",
    ],
)
def test_a_rule_that_holds(rule: str) -> None:
    assert HealthRule(rule).unmet(READY) == ""


@pytest.mark.parametrize(
    ("rule", "unmet"),
    [
        ("assert res.status.readyReplicas == 4", "res.status.readyReplicas == 4"),
        ("assert True\nassert res.spec.replicas > 3\nassert False", "res.spec.replicas > 3"),
        ("assert res.status.nothing.at.all", "res.status.nothing.at.all"),
        ("assert res.status.nothing >= 1", "res.status.nothing >= 1"),
        ("assert res.status.conditions[7].status == 'True'", "res.status.conditions[7].status == 'True'"),
        ("assert len(res.status.nothing) == 0", "len(res.status.nothing) == 0"),
        ("assert res.spec.replicas % 0 == 1", "res.spec.replicas % 0 == 1"),
        ("assert 5 > res.spec.replicas > 4", "5 > res.spec.replicas > 4"),
        (
            "assert all_true([each for each in res.nothing]) and False",
            "all_true([each for each in res.nothing]) and False",
        ),
    ],
)
def test_a_rule_that_does_not_hold_says_which_part(rule: str, unmet: str) -> None:
    assert HealthRule(rule).unmet(READY) == unmet


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("assert", "line 1: this is no rule"),
        ("assert True\nassert (", "line 2: this is no rule"),
        ("\0", "this is no rule"),
        ("", "asserts nothing"),
        ("a = 1", "asserts nothing"),
        ("assert a", "line 1: 'a' is not known; the live object is called 'res'"),
        ("assert b\nb = 1", "line 1: 'b' is not known"),
        ("assert [each for each in res.items if other]", "'other' is not known"),
        ("assert [each for each in res.items] and each", "'each' is not known"),
        ("res.status = 1\nassert res", "only assertions and assignments"),
        ("a, b = 1, 2\nassert a", "only assertions and assignments"),
        ("import units\nassert True", "line 1: only assertions and assignments"),
        ("assert open('x')", "'open('x')' is not understood"),
        ("assert res.keys()", "'res.keys()' is not understood"),
        ("assert len(res, res)", "is not understood"),
        ("assert res.items[0:1]", "is not understood"),
        ("assert (lambda: 1)", "is not understood"),
        ("assert [a for a in res for b in a]", "is not understood"),
        ("assert 2 ** 9", "is not understood"),
        ("assert ~1", "is not understood"),
        ("assert True, other", "'other' is not known"),
    ],
)
def test_what_is_no_rule_is_told_with_its_line(rule: str, what: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        HealthRule(rule)
    assert what in str(raised.value)


@given(JSON)
def test_whatever_an_object_is_a_rule_can_be_asked(obj: Any) -> None:
    rule = HealthRule(
        "a = res.status.a\nb = [each.b for each in a if each.a > 1]\n"
        "assert a[0] == a.b + 1 and len(b) < a and b[0] in a and -a < 1 and not (a is b) or a.b.a % b == a"
    )
    assert rule.unmet({"status": obj}) == rule.unmet({"status": obj})
