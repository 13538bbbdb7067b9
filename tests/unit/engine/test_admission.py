"""What an API server would refuse, and what holds what is being deleted; the API server is a dictionary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from kusion_dsl.engine.cluster.admission import admitted
from kusion_dsl.engine.cluster.connection import Answer, Connection
from kusion_dsl.engine.cluster.kubeconfig import Access
from kusion_dsl.engine.cluster.live import LiveObjects
from kusion_dsl.engine.cluster.termination import with_holders
from kusion_dsl.errors import EngineError, Problem
from kusion_dsl.model.change import Operation, Step
from kusion_dsl.model.masking import MASKED

QUOTA = (
    'deployments.apps "web" is forbidden: exceeded quota: small, requested: count=1, used: count=1, limited: count=1'
)
RBAC = 'deployments.apps "web" is forbidden: User "jane" cannot patch resource "deployments" in API group "apps"'
GOING = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


class Server(Connection):
    """Answers from dictionaries: ``objects`` by path, ``refusals`` by path of what is applied; ``applied`` is what was."""

    def __init__(self, objects: Mapping[str, Any], refusals: Mapping[str, tuple[int, str]] | None = None) -> None:
        super().__init__(Access("a test", {}, {}))
        self.objects = {"/apis": {"groups": [{"preferredVersion": {"groupVersion": "apps/v1"}}]}, **_KINDS, **objects}
        self.refusals = refusals or {}
        self.applied: list[str] = []

    def ask(self, path: str, query: Mapping[str, str] | None = None, applied: Any = None) -> Answer:
        if applied is not None:
            assert query is not None and query["dryRun"] == "All"
            self.applied.append(path)
            code, message = self.refusals.get(path, (200, ""))
            return Answer(code, json.dumps({"message": message}).encode())
        found = self.objects.get(path)
        if isinstance(found, EngineError):
            raise found
        return Answer(404, b"{}") if found is None else Answer(200, json.dumps(found).encode())


def _kinds(**plurals: str) -> dict[str, Any]:
    listed = [{"name": plurals[kind], "kind": kind, "namespaced": True, "verbs": ["list"]} for kind in plurals]
    return {"resources": listed}


_KINDS = {
    "/api/v1": _kinds(Service="services", ConfigMap="configmaps"),
    "/apis/apps/v1": _kinds(Deployment="deployments"),
}
_KINDS["/api/v1"]["resources"].append(
    {"name": "namespaces", "kind": "Namespace", "namespaced": False, "verbs": ["list"]}
)
SHOP = {"/api/v1/namespaces/shop": {"metadata": {"name": "shop"}}}
PATH = "/apis/apps/v1/namespaces/shop/deployments/web"


def _step(operation: Operation = "update", name: str = "web", namespace: str = "shop", **spec: Any) -> Step:
    wanted = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
    id = f"apps/v1:Deployment:{namespace}:{name}"
    return Step(id, "kubernetes:apps/v1:Deployment", operation, None, None, wanted)


def test_what_a_quota_refuses_is_told_with_what_to_do() -> None:
    server = Server(SHOP, {PATH: (403, QUOTA)})

    refused, fine = admitted(LiveObjects(server), (_step("create"), _step(name="other")))

    assert refused.refused is not None and refused.refused.what == QUOTA
    assert refused.refused.where == refused.id and "'small'" in str(refused.refused.hint)
    assert fine.refused is None


@pytest.mark.parametrize("answer", [(403, RBAC), (422, "it is invalid"), (200, "")])
def test_what_is_no_refusal_or_is_told_by_the_provider_is_not_told(answer: tuple[int, str]) -> None:
    server = Server(SHOP, {PATH: answer})

    [step] = admitted(LiveObjects(server), (_step(),))

    assert step.refused is None and server.applied == [PATH]


@pytest.mark.parametrize(
    "step",
    [
        _step("same"),
        _step("delete"),
        _step(namespace="not-there-yet"),
        _step(template={"password": MASKED}),
        _step(replicas="[unknown]"),
    ],
    ids=["same", "delete", "no namespace", "secret", "unknown"],
)
def test_what_cannot_be_known_is_not_asked(step: Step) -> None:
    server = Server(SHOP, {PATH: (403, QUOTA)})

    assert admitted(LiveObjects(server), (step,)) == (step,)
    assert server.applied == []


def _leaving(**more: Any) -> dict[str, Any]:
    held = {"metadata": {"name": "held", "finalizers": ["example.com/hold"], **GOING}}
    free = {"metadata": {"name": "free", "finalizers": ["example.com/hold"]}}
    return {
        "/api/v1/namespaces/shop": {"metadata": {"name": "shop", **GOING}, **more},
        "/api/v1/namespaces/shop/configmaps": {"items": [held, free]},
        "/api/v1/namespaces/shop/services": {"items": []},
        "/apis/apps/v1/namespaces/shop/deployments": {"items": []},
    }


HELD = "ConfigMap held is being deleted, and held by its finalizer example.com/hold"
TERMINATING = "it is forbidden: unable to create new content in namespace shop because it is being terminated"


@pytest.mark.parametrize(
    "problem",
    [Problem("timed out waiting for the condition", "v1:Namespace:shop"), Problem(TERMINATING, "v1:Service:shop:web")],
)
def test_what_holds_a_namespace_is_named(problem: Problem) -> None:
    [told] = with_holders(LiveObjects(Server(_leaving())), [problem])

    assert told.what == problem.what and told.details == (HELD,)
    assert "take the finalizer away" in str(told.hint)


def test_a_namespace_that_cannot_be_looked_through_is_told_as_such() -> None:
    conditions = [
        {"type": "NamespaceDeletionDiscoveryFailure", "status": "True", "message": "metrics.k8s.io/v1 does not answer"},
        {"type": "NamespaceContentRemaining", "status": "True", "message": "configmaps. has 1 resource instances"},
    ]
    broken = {"/apis/apps/v1": EngineError("the service is unavailable")}
    live = LiveObjects(Server({**_leaving(status={"conditions": conditions}), **broken}))

    [told] = with_holders(live, [Problem(TERMINATING, "v1:Service:shop:web")])

    assert told.details == ("Namespace shop: metrics.k8s.io/v1 does not answer",)


def test_an_object_that_is_held_is_told_where_it_was_to_be_deleted() -> None:
    held = {"metadata": {"name": "web", "finalizers": ["a.com/x", "b.com/y"], **GOING}}
    live = LiveObjects(Server({PATH: held}))

    [told] = with_holders(live, [Problem("timed out", "apps/v1:Deployment:shop:web")])

    assert told.details == ("Deployment web is being deleted, and held by its finalizers a.com/x, b.com/y",)


@pytest.mark.parametrize(
    "objects", [SHOP, {}, {"/api/v1/namespaces/shop": EngineError("it does not answer")}], ids=["stays", "gone", "down"]
)
def test_what_holds_nothing_says_nothing(objects: Mapping[str, Any]) -> None:
    problem = Problem("timed out", "v1:Namespace:shop")

    assert with_holders(LiveObjects(Server(objects)), [problem]) == (problem,)
    assert with_holders(None, [problem]) == (problem,)
