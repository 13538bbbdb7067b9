"""What is left to an autoscaler: the replicas of what it targets, as long as it is there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kusion_dsl.engine.cluster.autoscaling import leaving, left_to_autoscalers
from kusion_dsl.engine.cluster.live import LiveObjects, Object
from kusion_dsl.model.spec import Spec, SpecResource, kubernetes_id, kubernetes_type

LEFT = {"apps/v1:Deployment:prod:web": {"spec.replicas": "the HorizontalPodAutoscaler web"}}


class _Scalers(LiveObjects):
    """A cluster that has autoscalers; ``asked`` are the namespaces that were looked at."""

    def __init__(self, *scalers: Object) -> None:
        self._scalers = scalers
        self.asked: list[str] = []

    def list(self, api_version: str, kind: str, namespace: str = "", *_: Any) -> tuple[Object, ...]:
        assert (api_version, kind) == ("autoscaling/v2", "HorizontalPodAutoscaler")
        self.asked.append(namespace)
        return tuple(each for each in self._scalers if each["metadata"]["namespace"] == namespace)


def scaler(name: str = "web", namespace: str = "prod", **target: str) -> dict[str, Any]:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", **target}
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"scaleTargetRef": reference}}


def workload(name: str = "web", namespace: str = "prod", replicas: int | None = 2) -> SpecResource:
    attributes = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {} if replicas is None else {"replicas": replicas},
    }
    return SpecResource(kubernetes_id(attributes), kubernetes_type("apps/v1", "Deployment"), attributes)


def left(*scalers: Object, spec: Spec | None = None, gone: tuple[str, ...] = ()) -> Any:
    spec = spec or Spec((workload(),))
    return left_to_autoscalers(spec, _Scalers(*scalers), [*(each.id for each in spec.resources), *gone])


def test_its_target_is_left_to_it() -> None:
    assert left(scaler()) == LEFT


@pytest.mark.parametrize("version", ["apps/v1beta2", "apps/v1"])
def test_the_version_of_its_target_does_not_matter(version: str) -> None:
    assert left(scaler(apiVersion=version)) == LEFT


@pytest.mark.parametrize(
    "other",
    [
        {**scaler(), "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "other"}}},
        scaler(kind="StatefulSet"),
        scaler(apiVersion="apps.kusionstack.io/v1alpha1"),
        scaler(namespace="dev"),
    ],
    ids=["name", "kind", "group", "namespace"],
)
def test_others_are_not(other: Object) -> None:
    assert left(other) == {}


def test_what_says_no_replicas_keeps_them_where_an_autoscaler_comes_with_the_run() -> None:
    silent = workload(replicas=None)
    planned = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", **scaler()}
    comes = SpecResource(kubernetes_id(planned), kubernetes_type("autoscaling/v2", planned["kind"]), planned)
    elsewhere = replace(comes, attributes={**planned, "metadata": {"name": "web", "namespace": "dev"}})
    cluster = _Scalers(scaler())
    for spec, expected in (((silent, comes), LEFT), ((silent, elsewhere), {}), ((silent,), {})):
        assert left_to_autoscalers(Spec(spec), cluster, [silent.id]) == expected
    assert left_to_autoscalers(Spec((workload(), comes)), _Scalers(), [silent.id]) == {}
    assert cluster.asked == []


def test_what_is_not_there_yet_gets_the_replicas_that_the_spec_says() -> None:
    assert left_to_autoscalers(Spec((workload(),)), _Scalers(scaler()), []) == {}


def test_an_autoscaler_that_goes_with_the_run_decides_nothing() -> None:
    assert left(scaler(), gone=("autoscaling/v2:HorizontalPodAutoscaler:prod:web",)) == {}
    assert left(scaler(), gone=("autoscaling/v2:HorizontalPodAutoscaler:dev:web",)) == LEFT


def test_each_namespace_is_looked_at_once() -> None:
    cluster = _Scalers()
    spec = Spec((workload("a"), workload("b"), workload("c", "dev"), workload("d", "idle", replicas=None)))
    left_to_autoscalers(spec, cluster, [each.id for each in spec.resources])
    assert cluster.asked == ["prod", "dev"]


def test_what_is_left_is_ignored_beside_what_the_author_ignores() -> None:
    known = SpecResource("apps/v1:Deployment:prod:web", "t", {}, options={"ignoreChanges": ["spec.x"], "protect": True})
    [web, other] = leaving(Spec((known, workload("other"))), LEFT).resources
    assert web.options == {"ignoreChanges": ["spec.x", "spec.replicas"], "protect": True}
    assert other == workload("other")
