"""What goes with its Namespace, and comes back into the state where that has not gone."""

from __future__ import annotations

from typing import Any

import pytest

from kusion_dsl.engine.checkpoint import Checkpoint
from kusion_dsl.engine.cluster.contents import contents
from kusion_dsl.engine.journal.entry import Kind
from kusion_dsl.engine.state import Beginning
from tests.unit.engine.journal.journals import entry, parsed

ROOT = "urn:pulumi:prod.dev::shop"
SHOP = f"{ROOT}::kubernetes:core/v1:Namespace::v1:Namespace:shop"
WEB = f"{ROOT}::kubernetes:apps/v1:Deployment::apps/v1:Deployment:shop:web"


def _object(api_version: str, kind: str, name: str, namespace: str = "", **marks: Any) -> dict[str, Any]:
    token = f"kubernetes:{api_version if '/' in api_version else f'core/{api_version}'}:{kind}"
    id = ":".join(filter(None, (api_version, kind, namespace, name)))
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    inputs = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    return {"urn": f"{ROOT}::{token}::{id}", "custom": True, "type": token, "id": name, "inputs": inputs, **marks}


NAMESPACE = _object("v1", "Namespace", "shop")
DEPLOYMENT = _object("apps/v1", "Deployment", "web", "shop")


def _checkpoint(*resources: dict[str, Any]) -> Checkpoint:
    return Checkpoint({"version": 3, "checkpoint": {"stack": "s", "latest": {"resources": list(resources)}}})


def test_objects_of_kubernetes_itself_go_with_their_namespace() -> None:
    inside = [
        DEPLOYMENT,
        _object("v1", "Service", "web", "shop"),
        _object("networking.k8s.io/v1", "Ingress", "web", "shop"),
    ]
    others = [
        _object("example.com/v1", "Database", "db", "shop"),
        _object("v1", "Service", "web", "elsewhere"),
        _object("v1", "PersistentVolume", "disk"),
        _object("v1", "Secret", "kept", "shop", protect=True),
        _object("v1", "Secret", "left", "shop", retainOnDelete=True),
        _object("v1", "Secret", "own", "shop", deletedWith="urn:of:another"),
    ]

    assert contents(_checkpoint(NAMESPACE, *inside, *others), frozenset()) == {each["urn"]: SHOP for each in inside}


@pytest.mark.parametrize(
    ("namespace", "retain"),
    [
        (NAMESPACE, frozenset({"v1:Namespace:shop"})),
        ({**NAMESPACE, "protect": True}, frozenset()),
        ({**NAMESPACE, "retainOnDelete": True}, frozenset()),
    ],
    ids=["shared", "protected", "retained"],
)
def test_nothing_goes_with_a_namespace_that_stays(namespace: dict[str, Any], retain: frozenset[str]) -> None:
    assert contents(_checkpoint(namespace, DEPLOYMENT), retain) == {}


def _deleted(sequence: int, operation: int, resource: dict[str, Any], index: int) -> list[dict[str, Any]]:
    begun = {"resource": {**resource, "deletedWith": SHOP}, "type": "deleting"}
    return [
        entry(Kind.BEGIN, sequence, operation, operation=begun),
        {**entry(Kind.SUCCESS, sequence + 1, operation), "removeOld": index},
    ]


def test_the_mark_is_seen_by_the_run_and_stays_in_nothing_that_it_leaves() -> None:
    start = Beginning(_checkpoint(NAMESPACE, DEPLOYMENT), going={WEB: SHOP})

    assert [each.get("deletedWith") for each in start.marked.resources] == [None, SHOP]
    assert Beginning.from_bytes(start.to_bytes(), "x") == start
    rewritten = entry(Kind.SUCCESS, 2, 1, state={**DEPLOYMENT, "deletedWith": SHOP})
    begun = entry(Kind.BEGIN, 1, 1, operation={"resource": DEPLOYMENT, "type": "updating"})
    after = start.followed_by(parsed(begun, {**rewritten, "removeOld": 1}))
    assert sorted(each["urn"] for each in after.resources) == sorted([SHOP, WEB])
    assert not any("deletedWith" in each for each in after.resources)


def test_what_was_to_go_with_a_namespace_that_did_not_go_is_still_there() -> None:
    start = Beginning(_checkpoint(NAMESPACE, DEPLOYMENT), going={WEB: SHOP})
    gone = _deleted(1, 1, DEPLOYMENT, 1)

    assert start.followed_by(parsed(*gone)).resources == [NAMESPACE, DEPLOYMENT]
    assert start.followed_by(parsed(*gone, *_deleted(3, 2, NAMESPACE, 0))).resources == []


def test_what_comes_back_brings_what_it_needs() -> None:
    """Namespaces have a provider of their own: the other one goes when nothing is left that uses it."""
    providers = [
        {"urn": f"{ROOT}::pulumi:providers:kubernetes::{name}", "id": name, "type": "pulumi:providers:kubernetes"}
        for name in ("shared", "own")
    ]
    namespace = {**NAMESPACE, "provider": f"{providers[0]['urn']}::shared"}
    config = {**_object("v1", "ConfigMap", "web", "shop"), "provider": f"{providers[1]['urn']}::own"}
    deployment = {**DEPLOYMENT, "provider": config["provider"], "dependencies": [config["urn"], SHOP]}
    everything = [*providers, namespace, config, deployment]
    start = Beginning(_checkpoint(*everything), going={WEB: SHOP})
    gone = [*_deleted(1, 1, deployment, 4), *_deleted(3, 2, config, 3), *_deleted(5, 3, providers[1], 1)]

    assert start.followed_by(parsed(*gone)).resources == everything
