"""Rules for operating pods."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from kusion_dsl.errors import AppError, CompileError, WorkspaceError
from kusion_job import Job
from kusion_opsrule import OpsRule
from kusion_service import Container, Service

Manifests = Callable[..., dict[str, Any]]
WORKLOAD = Service(containers={"web": Container(image="x")})
RULE = "apps.kusionstack.io/v1alpha1:PodTransitionRule:shop:shop-dev-shop"


def collaset(**rule: object) -> Mapping[str, Mapping[str, object]]:
    return {"service": {"type": "CollaSet"}, "opsrule": rule}


def test_a_collaset_of_the_platforms_obeys_it(manifests: Manifests) -> None:
    found = manifests(WORKLOAD, policies=collaset(), opsRule=OpsRule(max_unavailable="30%"))
    labels = {"app.kubernetes.io/name": "shop", "app.kubernetes.io/part-of": "shop"}
    assert found[RULE] == {
        "apiVersion": "apps.kusionstack.io/v1alpha1",
        "kind": "PodTransitionRule",
        "metadata": {"name": "shop-dev-shop", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": labels},
            "rules": [{"name": "maxUnavailable", "availablePolicy": {"maxUnavailableValue": "30%"}}],
        },
    }
    pods = found["apps.kusionstack.io/v1alpha1:CollaSet:shop:shop-dev-shop"]["spec"]["template"]["metadata"]["labels"]
    assert labels.items() <= pods.items()


@pytest.mark.parametrize("workload", [WORKLOAD, Job(containers={"main": Container(image="x")})])
def test_nothing_else_does(manifests: Manifests, workload: Service | Job) -> None:
    assert manifests(workload, opsRule=OpsRule()) == manifests(workload)


@pytest.mark.parametrize(
    ("written", "decided", "value"),
    [({}, {}, "25%"), ({}, {"maxUnavailable": 2}, 2), ({"max_unavailable": 1}, {"maxUnavailable": "40%"}, 1)],
)
def test_the_platform_decides_what_the_developer_does_not(
    manifests: Manifests, written: dict[str, Any], decided: dict[str, Any], value: object
) -> None:
    found = manifests(WORKLOAD, policies=collaset(**decided), opsRule=OpsRule(**written))
    assert found[RULE]["spec"]["rules"][0]["availablePolicy"] == {"maxUnavailableValue": value}


def test_another_name_is_in_the_rules_name(manifests: Manifests) -> None:
    found = manifests(WORKLOAD, policies=collaset(), opsRule=OpsRule(), night=OpsRule(max_unavailable="100%"))
    assert {RULE, f"{RULE}-night"} <= set(found)


def test_there_must_be_a_workload(manifests: Manifests) -> None:
    with pytest.raises(CompileError, match="no workload that the rule could be about"):
        manifests(opsRule=OpsRule())


def test_a_workload_that_fails_is_there_all_the_same(manifests: Manifests) -> None:
    with pytest.raises(WorkspaceError) as caught:
        manifests(WORKLOAD, policies={"service": {"type": "StatefulSet"}}, opsRule=OpsRule())
    assert "no workload" not in str(caught.value)


@pytest.mark.parametrize("value", ["101%", "30", "-1%", "0.5%", "", "x%", -1, True, 1.5])
def test_what_is_not_valid_is_refused_where_it_is_written(manifests: Manifests, value: Any) -> None:
    with pytest.raises(AppError, match="max_unavailable"):
        OpsRule(max_unavailable=value)
    with pytest.raises(WorkspaceError, match="maxUnavailable"):
        manifests(WORKLOAD, policies=collaset(maxUnavailable=value), opsRule=OpsRule())
