"""What goes with its Namespace when a stack is destroyed: asked for once, as ``kubectl delete namespace`` does it.

To delete hundreds of objects one after the other, before a Namespace that would have taken them along, takes several
times as long. Custom resources are deleted by themselves, and first: their finalizers may need a controller that is in
the same Namespace.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kusion_dsl.engine.checkpoint import Checkpoint, is_ours, name_of, type_of
from kusion_dsl.engine.cluster.objects import NAMESPACE

_GROUPS = ("", "apps", "autoscaling", "batch", "policy")
_BUILT_IN = ".k8s.io"
"""How other groups of Kubernetes itself end (https://kubernetes.io/docs/reference/using-api/#api-groups)."""


def contents(checkpoint: Checkpoint, retain: frozenset[str]) -> dict[str, str]:
    """By URN of an object in it: the URN of a Namespace that is to be deleted, and is not among ``retain``."""
    namespaces = {
        _metadata(each).get("name"): str(each["urn"])
        for each in checkpoint.resources
        if type_of(each["urn"]) == NAMESPACE and _is_deleted(each) and name_of(each["urn"]) not in retain
    }
    return {
        str(each["urn"]): namespaces[_metadata(each)["namespace"]]
        for each in checkpoint.resources
        if is_ours(each["urn"]) and _is_deleted(each) and not each.get("deletedWith") and _is_built_in(each)
        if _metadata(each).get("namespace") in namespaces
    }


def _is_deleted(resource: Mapping[str, Any]) -> bool:
    return not any(resource.get(mark) for mark in ("protect", "retainOnDelete", "delete"))


def _is_built_in(resource: Mapping[str, Any]) -> bool:
    group = str((resource.get("inputs") or {}).get("apiVersion", "")).rpartition("/")[0]
    return group in _GROUPS or group.endswith(_BUILT_IN)


def _metadata(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata: Mapping[str, Any] = (resource.get("inputs") or {}).get("metadata") or {}
    return metadata
