"""What is registered where the target is a cluster."""

from __future__ import annotations

from typing import Any

from kusion_dsl.engine.registration import Registration, registrations
from kusion_dsl.engine.resolution import Registered
from kusion_dsl.engine.values import from_struct
from kusion_dsl.model.spec import Provider, Spec, SpecResource
from kusion_dsl.model.target import Target

KUBERNETES = {"kubernetes": Provider("4.34.2")}
OWN, SHARED = "pulumi:providers:kubernetes", "pulumi:providers:kubernetes-shared"
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
    assert graph(config_map())[OWN].config == {"clusterIdentifier": "uid-1"}


def test_a_namespace_that_is_there_is_adopted_and_nothing_else() -> None:
    nodes = graph(NAMESPACE, config_map())

    assert nodes[NAMESPACE.id].provider == SHARED
    assert nodes["v1:ConfigMap:x:c"].provider == OWN
    assert nodes[SHARED].config == {"clusterIdentifier": "uid-1", "upsertExistingObjects": "true"}
    assert (nodes[SHARED].type, nodes[SHARED].version) == (OWN, "4.34.2")


def test_objects_get_our_field_manager_and_go_in_the_background() -> None:
    assert annotated(config_map(annotations={"team": "a"})) == {
        "pulumi.com/deletionPropagationPolicy": "background",
        "pulumi.com/patchFieldManager": "kusion",
        "team": "a",
    }


def test_what_the_object_says_itself_stands() -> None:
    given = {"pulumi.com/deletionPropagationPolicy": "orphan"}

    assert annotated(config_map(annotations=given))["pulumi.com/deletionPropagationPolicy"] == "orphan"


def test_definitions_come_before_their_objects() -> None:
    spec = {"group": "acme.io", "names": {"kind": "Tab"}, "versions": [{"name": "v1"}, {"name": "v2"}]}
    type = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
    definition = SpecResource("crd", type, {"metadata": {"name": "tabs.acme.io"}, "spec": spec})
    tab = SpecResource("tab", "kubernetes:acme.io/v2:Tab", {"metadata": {"name": "t"}})
    other = SpecResource("other", "kubernetes:acme.io/v3:Tab", {"metadata": {"name": "t"}})

    nodes = graph(tab, other, definition)

    assert nodes["tab"].needs == {OWN, "crd"}
    assert nodes["other"].needs == {OWN}
