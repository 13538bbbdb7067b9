"""What the objects of a Spec get when they go to a cluster, and what must be there before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kusion_dsl.model.spec import KUBERNETES, Spec, SpecResource, kubernetes_type

FIELD_MANAGER = "kusion"
"""Whose fields ours are (https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers)."""

FIELD_MANAGER_ANNOTATION = "pulumi.com/patchFieldManager"

_ANNOTATIONS: Mapping[str, str] = {
    "pulumi.com/deletionPropagationPolicy": "background",
    FIELD_MANAGER_ANNOTATION: FIELD_MANAGER,
}
"""How the provider handles an object: https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/.

Deleted in the background: the provider waits for each object until it is gone, and would for its pods, too. They go
with it all the same, and the Namespace, which goes last, waits for whatever is in it.
"""

PROVIDER: Mapping[str, str] = {"enableConfigMapMutable": "true", "enableSecretMutable": "true"}
"""What the provider is told once for all objects: it would replace a ConfigMap or a Secret whose data change.

https://www.pulumi.com/registry/packages/kubernetes/api-docs/provider/. Pods that start meanwhile would find none.
"""

CREATED_BY = "kusionstack.io/created-by"
"""The annotation of a Namespace that a stack has made, and did not find there."""

NAMESPACE = kubernetes_type("v1", "Namespace")
"""What the stacks of a project share: adopted where it is there already, without being asked for."""

SKIP = "pulumi.com/skipAwait"
"""The annotation of an object that is not waited for."""

_WAIT_FOR = "pulumi.com/waitFor"
_AWAITED = frozenset(
    {
        *(kubernetes_type("apps/v1", kind) for kind in ("Deployment", "StatefulSet", "DaemonSet")),
        *(kubernetes_type("v1", kind) for kind in ("Service", "PersistentVolumeClaim", "ReplicationController")),
        kubernetes_type("batch/v1", "Job"),
        kubernetes_type("networking.k8s.io/v1", "Ingress"),
    }
)
"""What the provider would wait for when it makes or changes it, but for pods: of these it would not wait until the one
that is replaced is gone, either."""

DEFINITION = kubernetes_type("apiextensions.k8s.io/v1", "CustomResourceDefinition")


def given(resource: SpecResource, *, made: bool = False) -> SpecResource:
    """A resource with the annotations that the provider reads; those that the object has itself stay.

    ``made`` tells of a Namespace that it was not there before the stacks. Where an object is imported it is adopted
    instead: Pulumi would want everything among its inputs that the API server filled in.
    """
    if resource.package != KUBERNETES:
        return resource
    metadata = resource.attributes["metadata"]
    mark = {CREATED_BY: FIELD_MANAGER} if made else {}
    annotations = {**_ANNOTATIONS, **mark, **(metadata.get("annotations") or {})}
    attributes = {**resource.attributes, "metadata": {**metadata, "annotations": annotations}}
    options = {name: value for name, value in resource.options.items() if name != "import"}
    return replace(resource, attributes=attributes, options=options)


def field_manager_of(obj: Mapping[str, Any]) -> str:
    """The name under which an object is applied: ours, unless it has one of its own."""
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    return str(annotations.get(FIELD_MANAGER_ANNOTATION) or FIELD_MANAGER)


def unawaited(spec: Spec) -> Spec:
    """A Spec for whose objects the provider does not wait, as ``rollout`` does.

    It does so for an object whose status another resource takes a value from, and where the object itself says what is
    to be waited for.
    """
    needed = {
        reference.id
        for resource in spec.resources
        for reference in resource.references()
        if reference.path[:1] == ("status",)
    }
    return replace(spec, resources=tuple(each if each.id in needed else _unawaited(each) for each in spec.resources))


def _unawaited(resource: SpecResource) -> SpecResource:
    if resource.type not in _AWAITED:
        return resource
    metadata = resource.attributes["metadata"]
    annotations = {SKIP: "true", **(metadata.get("annotations") or {})}
    if _WAIT_FOR in annotations:
        return resource
    return replace(resource, attributes={**resource.attributes, "metadata": {**metadata, "annotations": annotations}})


def definitions(spec: Spec) -> dict[str, frozenset[str]]:
    """For the type tokens that the Spec's CustomResourceDefinitions make known: the ids of these."""
    known: dict[str, set[str]] = {}
    for resource in spec.resources:
        if resource.type != DEFINITION:
            continue
        defined = resource.attributes["spec"]
        for version in defined["versions"]:
            token = kubernetes_type(f"{defined['group']}/{version['name']}", defined["names"]["kind"])
            known.setdefault(token, set()).add(resource.id)
    return {token: frozenset(ids) for token, ids in known.items()}
