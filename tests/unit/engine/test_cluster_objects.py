"""What is registered where the target is a cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kusion_dsl.engine.registration import Registration, registrations
from kusion_dsl.engine.resolution import Registered
from kusion_dsl.engine.values import from_struct
from kusion_dsl.model.spec import Provider, Spec, SpecResource
from kusion_dsl.model.target import Target

KUBERNETES = {"kubernetes": Provider("4.34.2")}
MUTABLE = {"enableConfigMapMutable": "true", "enableSecretMutable": "true"}
OWN, ADOPTING = "pulumi:providers:kubernetes", "pulumi:providers:kubernetes-adopting"
NAMESPACE = SpecResource("v1:Namespace:x", "kubernetes:core/v1:Namespace", {"metadata": {"name": "x"}})


def config_map(**metadata: Any) -> SpecResource:
    attributes = {"metadata": {"name": "c", "namespace": "x", **metadata}, "data": {}}
    return SpecResource("v1:ConfigMap:x:c", "kubernetes:core/v1:ConfigMap", attributes)


def graph(*resources: SpecResource) -> dict[str, Registration]:
    return {node.key: node for node in registrations(Spec(resources, KUBERNETES), Target("cluster"), "uid-1")}


def annotated(resource: SpecResource) -> Any:
    registered = {OWN: Registered("urn:own", "own", {}, True)}
    inputs = from_struct(graph(resource)[resource.id].request("urn:stack", registered, {}).object)
    return inputs["metadata"]["annotations"]


def test_the_provider_is_told_which_cluster_it_is_and_not_how_it_is_reached() -> None:
    assert graph(config_map())[OWN].config == {**MUTABLE, "clusterIdentifier": "uid-1"}


def test_a_namespace_that_is_there_is_adopted_and_nothing_else() -> None:
    nodes = graph(NAMESPACE, config_map())

    assert nodes[NAMESPACE.id].provider == ADOPTING
    assert nodes["v1:ConfigMap:x:c"].provider == OWN
    assert nodes[ADOPTING].config == {
        **nodes[OWN].config,
        "upsertExistingObjects": "true",
        "enablePatchForce": "true",
    }
    assert (nodes[ADOPTING].type, nodes[ADOPTING].version) == (OWN, "4.34.2")


def test_an_object_that_is_imported_is_not_imported_by_pulumi_but_adopted() -> None:
    imported = replace(config_map(), options={"import": "x/c", "protect": True})
    spec = Spec((imported,), KUBERNETES)

    [node] = [
        each
        for each in registrations(spec, Target("cluster"), "uid-1", adopt=frozenset({imported.id}))
        if each.key == imported.id
    ]

    assert node.provider == ADOPTING
    assert node.options == {"protect": True}


def test_a_namespace_that_stacks_have_made_says_so() -> None:
    registered = {ADOPTING: Registered("urn:adopting", "adopting", {}, True)}

    def annotations(made: frozenset[str]) -> Any:
        nodes = registrations(Spec((NAMESPACE,), KUBERNETES), Target("cluster"), "uid-1", made=made)
        [node] = [each for each in nodes if each.key == NAMESPACE.id]
        return from_struct(node.request("urn:stack", registered, {}).object)["metadata"]["annotations"]

    assert annotations(frozenset({NAMESPACE.id}))["kusionstack.io/created-by"] == "kusion"
    assert "kusionstack.io/created-by" not in annotations(frozenset())


def test_objects_get_our_field_manager_and_go_in_the_background() -> None:
    assert annotated(config_map(annotations={"team": "a"})) == {
        "pulumi.com/deletionPropagationPolicy": "background",
        "pulumi.com/patchFieldManager": "kusion",
        "team": "a",
    }


def test_what_the_object_says_itself_stands() -> None:
    given = {"pulumi.com/deletionPropagationPolicy": "orphan"}

    assert annotated(config_map(annotations=given))["pulumi.com/deletionPropagationPolicy"] == "orphan"


def workload(kind: str = "apps/v1:Deployment", references: str = "", **annotations: str) -> SpecResource:
    attributes = {"metadata": {"name": "w", "annotations": annotations}, "spec": {"template": references}}
    return SpecResource("w", f"kubernetes:{kind}", attributes)


@pytest.mark.parametrize(
    ("kind", "annotations", "skipped"),
    [
        ("apps/v1:Deployment", {}, "true"),
        ("core/v1:Service", {}, "true"),
        ("networking.k8s.io/v1:Ingress", {}, "true"),
        ("apps/v1:Deployment", {"pulumi.com/skipAwait": "false"}, "false"),
        ("apps/v1:Deployment", {"pulumi.com/waitFor": "condition=Fine"}, None),
        ("core/v1:Pod", {}, None),
        ("core/v1:ConfigMap", {}, None),
        ("acme.io/v1:Tab", {}, None),
    ],
)
def test_the_provider_waits_for_nothing_that_we_wait_for(
    kind: str, annotations: dict[str, str], skipped: str | None
) -> None:
    [node] = [each for each in graph(workload(kind, **annotations)).values() if each.resource is not None]
    assert node.resource is not None
    assert node.resource.attributes["metadata"]["annotations"].get("pulumi.com/skipAwait") == skipped


@pytest.mark.parametrize(("path", "skipped"), [("status.loadBalancer.ingress[0].ip", None), ("spec.clusterIP", "true")])
def test_it_waits_where_another_resource_needs_what_will_be_there_then(path: str, skipped: str | None) -> None:
    service = replace(workload("core/v1:Service"), id="v1:Service:x:w")
    user = workload(references=f"${{{service.id}#{path}}}")
    node = graph(service, user)[service.id]
    assert node.resource is not None
    assert node.resource.attributes["metadata"]["annotations"].get("pulumi.com/skipAwait") == skipped


def test_definitions_come_before_their_objects() -> None:
    spec = {"group": "acme.io", "names": {"kind": "Tab"}, "versions": [{"name": "v1"}, {"name": "v2"}]}
    type = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
    definition = SpecResource("crd", type, {"metadata": {"name": "tabs.acme.io"}, "spec": spec})
    tab = SpecResource("tab", "kubernetes:acme.io/v2:Tab", {"metadata": {"name": "t"}})
    other = SpecResource("other", "kubernetes:acme.io/v3:Tab", {"metadata": {"name": "t"}})

    nodes = graph(tab, other, definition)

    assert nodes["tab"].needs == {OWN, "crd"}
    assert nodes["other"].needs == {OWN}
