"""What the objects of a Spec get when they go to a cluster, and what must be there before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kusion_dsl.model.spec import KUBERNETES, Spec, SpecResource, kubernetes_type

FIELD_MANAGER = "kusion"
"""Whose fields ours are (https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers)."""

_ANNOTATIONS: Mapping[str, str] = {
    "pulumi.com/deletionPropagationPolicy": "background",
    "pulumi.com/patchFieldManager": FIELD_MANAGER,
}
"""How the provider handles an object: https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/.

Deleted in the background: the provider waits for each object until it is gone, and would for its pods, too. They go
with it all the same, and the Namespace, which goes last, waits for whatever is in it.
"""

SHARED = kubernetes_type("v1", "Namespace")
"""What the stacks of a project share: adopted where it is there already."""

_DEFINITION = kubernetes_type("apiextensions.k8s.io/v1", "CustomResourceDefinition")


def given(resource: SpecResource) -> SpecResource:
    """A resource with the annotations that the provider reads; those that the object has itself stay."""
    if resource.package != KUBERNETES:
        return resource
    metadata = resource.attributes["metadata"]
    annotations = {**_ANNOTATIONS, **(metadata.get("annotations") or {})}
    return replace(resource, attributes={**resource.attributes, "metadata": {**metadata, "annotations": annotations}})


def definitions(spec: Spec) -> dict[str, frozenset[str]]:
    """For the type tokens that the Spec's CustomResourceDefinitions make known: the ids of these."""
    known: dict[str, set[str]] = {}
    for resource in spec.resources:
        if resource.type != _DEFINITION:
            continue
        defined = resource.attributes["spec"]
        for version in defined["versions"]:
            token = kubernetes_type(f"{defined['group']}/{version['name']}", defined["names"]["kind"])
            known.setdefault(token, set()).add(resource.id)
    return {token: frozenset(ids) for token, ids in known.items()}
