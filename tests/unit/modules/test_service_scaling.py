"""How many pods of a service there are, and how they are replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.errors import AppError, CompileError, WorkspaceError
from kusion_dsl.testing import compile_app
from kusion_service import Autoscale, Container, DisruptionBudget, Service, UpdateStrategy
from tests.unit.modules.test_service import DEPLOYMENT

Manifests = Callable[..., dict[str, Any]]
AUTOSCALER = "autoscaling/v2:HorizontalPodAutoscaler:shop:shop-dev-shop"
BUDGET = "policy/v1:PodDisruptionBudget:shop:shop-dev-shop"
LABELS = {"app.kubernetes.io/name": "shop", "app.kubernetes.io/part-of": "shop"}
Kind = Literal["StatefulSet", "DaemonSet"]


def service(**fields: Any) -> Service:
    return Service(containers={"web": Container(image="shop:1")}, **fields)


def spec(found: dict[str, Any], kind: str = "Deployment") -> dict[str, Any]:
    manifest: dict[str, Any] = next(each for each in found.values() if each["kind"] == kind)
    return dict(manifest["spec"])


def test_an_autoscaler_decides_how_many_pods_there_are(manifests: Manifests) -> None:
    found = manifests(service(autoscale=Autoscale(min=2, max=10, cpu=70, memory=80)))
    assert "replicas" not in found[DEPLOYMENT]["spec"]
    assert found[AUTOSCALER] == {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "shop-dev-shop", "namespace": "shop", "labels": LABELS},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop-dev-shop"},
            "minReplicas": 2,
            "maxReplicas": 10,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": percent}},
                }
                for name, percent in (("cpu", 70), ("memory", 80))
            ],
        },
    }


def test_an_autoscaler_comes_after_what_it_scales(compile_apps: Callable[..., Compiled]) -> None:
    compiled = compile_apps(AppConfiguration(name="shop", workload=service(autoscale=Autoscale(max=2, cpu=1))))
    assert DEPLOYMENT in compiled.spec[AUTOSCALER].depends_on
    assert [each.id for each in compiled.spec.resources if each.workload] == [DEPLOYMENT]


def test_a_collaset_is_scaled_as_what_it_is(manifests: Manifests) -> None:
    found = manifests(service(autoscale=Autoscale(max=2, cpu=1)), policies={"service": {"type": "CollaSet"}})
    target = found[AUTOSCALER]["spec"]["scaleTargetRef"]
    assert (target["apiVersion"], target["kind"]) == ("apps.kusionstack.io/v1alpha1", "CollaSet")
    assert "replicas" not in spec(found, "CollaSet")


def test_the_platform_may_autoscale_and_the_developer_s_word_on_it_wins(manifests: Manifests) -> None:
    policy = {"service": {"autoscale": {"min": 3, "max": 9, "cpu": 50}, "replicas": 4}}
    platform = manifests(service(), policies=policy)
    assert "replicas" not in platform[DEPLOYMENT]["spec"]
    assert platform[AUTOSCALER]["spec"]["minReplicas"] == 3
    fixed = manifests(service(replicas=1), policies=policy)
    assert fixed[DEPLOYMENT]["spec"]["replicas"] == 1
    assert AUTOSCALER not in fixed
    own = manifests(service(autoscale=Autoscale(max=5, memory=60)), policies=policy)
    assert own[AUTOSCALER]["spec"]["minReplicas"] == 1
    assert own[AUTOSCALER]["spec"]["maxReplicas"] == 5
    assert [each["resource"]["name"] for each in own[AUTOSCALER]["spec"]["metrics"]] == ["memory"]


@pytest.mark.parametrize(
    ("fields", "bounds"),
    [
        ({"min_available": 1}, {"minAvailable": 1}),
        ({"min_available": "50%"}, {"minAvailable": "50%"}),
        ({"max_unavailable": 0}, {"maxUnavailable": 0}),
        ({"max_unavailable": "100%"}, {"maxUnavailable": "100%"}),
    ],
)
def test_a_budget_limits_what_draining_takes(
    manifests: Manifests, fields: dict[str, Any], bounds: dict[str, Any]
) -> None:
    found = manifests(service(disruption_budget=DisruptionBudget(**fields)))
    assert found[BUDGET] == {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "shop-dev-shop", "namespace": "shop", "labels": LABELS},
        "spec": {"selector": {"matchLabels": LABELS}, **bounds},
    }


def test_the_platform_sets_a_budget_and_the_pace_in_camel_case(manifests: Manifests) -> None:
    policy = {
        "disruptionBudget": {"maxUnavailable": "25%"},
        "updateStrategy": {"maxSurge": 2, "maxUnavailable": 0},
        "minReadySeconds": 3,
        "revisionHistoryLimit": 5,
        "progressDeadlineSeconds": 90,
    }
    found = manifests(service(min_ready_seconds=8), policies={"service": policy})
    assert found[BUDGET]["spec"]["maxUnavailable"] == "25%"
    made = found[DEPLOYMENT]["spec"]
    assert made["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}}
    assert (made["minReadySeconds"], made["revisionHistoryLimit"], made["progressDeadlineSeconds"]) == (8, 5, 90)


def test_what_the_platform_writes_wrongly_is_told_as_it_is_written(manifests: Manifests) -> None:
    with pytest.raises(WorkspaceError, match=r"disruptionBudget.max_unavailable: unknown field, did you mean 'maxUn"):
        manifests(service(), policies={"service": {"disruptionBudget": {"max_unavailable": 1}}})


@pytest.mark.parametrize(
    ("kind", "update", "made"),
    [
        (None, UpdateStrategy(max_surge="25%"), {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}),
        (None, UpdateStrategy(type="Recreate"), {"type": "Recreate"}),
        (None, UpdateStrategy(), {"type": "RollingUpdate"}),
        ("StatefulSet", UpdateStrategy(partition=2), {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}),
        ("StatefulSet", UpdateStrategy(type="OnDelete"), {"type": "OnDelete"}),
        ("DaemonSet", UpdateStrategy(type="OnDelete"), {"type": "OnDelete"}),
        (
            "DaemonSet",
            UpdateStrategy(max_unavailable=2),
            {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}},
        ),
    ],
)
def test_each_kind_is_updated_in_its_way(
    manifests: Manifests, kind: Kind | None, update: UpdateStrategy, made: dict[str, Any]
) -> None:
    found = spec(manifests(service(kind=kind, update_strategy=update)), kind or "Deployment")
    assert found["updateStrategy" if kind else "strategy"] == made
    assert ("strategy" in found) is (kind is None)


def test_what_a_kind_does_not_have_is_left_out_where_the_platform_says_it(manifests: Manifests) -> None:
    policy = {
        "replicas": 3,
        "autoscale": {"max": 4, "cpu": 50},
        "disruptionBudget": {"minAvailable": 1},
        "updateStrategy": {"maxSurge": 2, "maxUnavailable": 1},
        "progressDeadlineSeconds": 90,
        "minReadySeconds": 3,
    }
    found = manifests(service(kind="DaemonSet"), policies={"service": policy})
    assert {each["kind"] for each in found.values()} == {"Namespace", "DaemonSet"}
    made = spec(found, "DaemonSet")
    assert made.keys() == {"selector", "template", "updateStrategy", "minReadySeconds"}
    stateful = spec(manifests(service(kind="StatefulSet"), policies={"service": policy}), "StatefulSet")
    assert stateful["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": 1}
    recreated = {"service": {"updateStrategy": {"type": "Recreate"}}}
    assert "updateStrategy" not in spec(manifests(service(kind="DaemonSet"), policies=recreated), "DaemonSet")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"replicas": 2, "autoscale": Autoscale(max=3, cpu=70)}, "autoscale decides how many pods there are"),
        (
            {"kind": "DaemonSet", "replicas": 1},
            "a DaemonSet has no replicas, only a CollaSet or Deployment or Stateful",
        ),
        ({"kind": "DaemonSet", "autoscale": Autoscale(max=3, cpu=70)}, "a DaemonSet has no autoscale"),
        ({"kind": "DaemonSet", "disruption_budget": DisruptionBudget(min_available=1)}, "has no disruption_budget"),
        ({"kind": "StatefulSet", "progress_deadline_seconds": 9}, "a StatefulSet has no progress_deadline_seconds"),
        ({"kind": "StatefulSet", "update_strategy": UpdateStrategy(max_surge=1)}, "a StatefulSet has no max_surge"),
        ({"kind": "DaemonSet", "update_strategy": UpdateStrategy(type="Recreate")}, "a DaemonSet has no Recreate"),
        ({"update_strategy": UpdateStrategy(type="OnDelete")}, "update_strategy of a Deployment has no OnDelete"),
        ({"update_strategy": UpdateStrategy(partition=1)}, "update_strategy of a Deployment has no partition"),
        ({"min_ready_seconds": 5, "progress_deadline_seconds": 5}, "must be more than min_ready_seconds"),
        ({"progress_deadline_seconds": 0}, "progress_deadline_seconds: Input should be greater than or equal to 1"),
        ({"min_ready_seconds": -1}, "min_ready_seconds: Input should be greater than or equal to 0"),
        ({"revision_history_limit": -1}, "revision_history_limit: Input should be greater than or equal to 0"),
        ({"kind": "Deployment"}, "kind: Input should be 'StatefulSet' or 'DaemonSet'"),
    ],
)
def test_what_does_not_fit_together_is_told_when_it_is_written(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(AppError, match=message):
        service(**fields)


@pytest.mark.parametrize(
    ("part", "fields", "message"),
    [
        (Autoscale, {"min": 3, "max": 2, "cpu": 1}, "min is 3, more than max, which is 2"),
        (Autoscale, {"max": 2}, "needs something to measure"),
        (Autoscale, {"min": 0, "max": 2, "cpu": 1}, "min: Input should be greater than or equal to 1"),
        (Autoscale, {"max": 2, "cpu": 0}, "cpu: Input should be greater than or equal to 1"),
        (DisruptionBudget, {}, "give min_available or max_unavailable, one of them"),
        (DisruptionBudget, {"min_available": 1, "max_unavailable": 1}, "one of them"),
        (DisruptionBudget, {"min_available": -1}, "min_available: '-1' is neither a number of pods"),
        (DisruptionBudget, {"max_unavailable": "101%"}, "max_unavailable: '101%' is neither a number of pods"),
        (DisruptionBudget, {"max_unavailble": 1}, "max_unavailble: unknown field, did you mean 'max_unavailable'"),
        (UpdateStrategy, {"max_surge": "1"}, "max_surge: '1' is neither"),
        (UpdateStrategy, {"max_surge": "0%", "max_unavailable": 0}, "no pod can ever be replaced"),
        (UpdateStrategy, {"type": "Recreate", "max_surge": 1}, "max_surge goes with the type RollingUpdate"),
        (UpdateStrategy, {"partition": -1}, "partition: Input should be greater than or equal to 0"),
    ],
)
def test_each_part_is_checked_by_itself(part: Callable[..., Any], fields: dict[str, Any], message: str) -> None:
    with pytest.raises(AppError, match=message):
        part(**fields)


def test_what_a_collaset_does_not_have_is_refused_at_the_author_s_line(manifests: Manifests) -> None:
    with pytest.raises(
        CompileError, match=r"a CollaSet has no min_ready_seconds.*the platform has chosen the CollaSet"
    ):
        manifests(service(min_ready_seconds=3), policies={"service": {"type": "CollaSet"}})


def test_autoscaling_takes_the_place_of_replicas_in_a_stack() -> None:
    base = service(replicas=2)
    changed = base.override(replicas=None, autoscale=Autoscale(max=5, cpu=70))
    assert (changed.replicas, changed.autoscale) == (None, Autoscale(max=5, cpu=70))
    with pytest.raises(AppError, match="leave out replicas, or set it to None"):
        base.override(autoscale=Autoscale(max=5, cpu=70))


def test_a_closer_block_takes_autoscaling_back() -> None:
    workspace = """
modules:
  service:
    configs:
      default: {autoscale: {max: 9, cpu: 50}}
      singleton: {appSelector: [shop], autoscale: null, replicas: 1}
"""
    spec = compile_app(AppConfiguration(name="shop", workload=service()), project="shop", workspace=workspace).spec
    assert spec[DEPLOYMENT].attributes["spec"]["replicas"] == 1
    assert AUTOSCALER not in {each.id for each in spec.resources}
