"""What of an object is compared, and which of its fields cannot change."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Set
from typing import Any

_IMMUTABLE: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "apps/v1:Deployment": (("spec", "selector"),),
    "apps/v1:StatefulSet": (
        ("spec", "podManagementPolicy"),
        ("spec", "revisionHistoryLimit"),
        ("spec", "selector"),
        ("spec", "serviceName"),
        ("spec", "volumeClaimTemplates"),
    ),
    "batch/v1:Job": (("spec", "completions"), ("spec", "parallelism"), ("spec", "selector"), ("spec", "template")),
    "core/v1:ConfigMap": (("binaryData",), ("data",)),
    "core/v1:PersistentVolumeClaim": (
        ("spec", "accessModes"),
        ("spec", "selector"),
        ("spec", "storageClassName"),
        ("spec", "volumeName"),
    ),
    "core/v1:Secret": (("type",), ("stringData",), ("data",)),
    "core/v1:Service": (("spec", "clusterIP"),),
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding": (("roleRef",),),
    "rbac.authorization.k8s.io/v1:RoleBinding": (("roleRef",),),
    "storage.k8s.io/v1:StorageClass": (("parameters",), ("provisioner",)),
}
"""As the real provider's ``provider/pkg/provider/diff.go`` has them, for what our modules make."""
_ALWAYS = (("kind",), ("metadata", "name"), ("metadata", "namespace"))


def replacing(type_token: str, obj: Mapping[str, Any], mutable: Set[str]) -> frozenset[tuple[str | int, ...]]:
    """The paths whose change makes another object of it; ``mutable`` are kinds whose data the provider may change."""
    kind = type_token.removeprefix("kubernetes:")
    own = _IMMUTABLE.get(kind, ())
    if kind.rpartition(":")[2] in mutable and not obj.get("immutable"):
        own = (("type",),) if kind == "core/v1:Secret" else ()
    return frozenset((*_ALWAYS, *own))


def pruned(live: Any, inputs: Any) -> Any:
    """``live`` as far as ``inputs`` speak of it; list items are taken in order, as the real provider takes them."""
    if isinstance(live, Mapping) and isinstance(inputs, Mapping):
        return {key: pruned(live[key], inputs[key]) for key in inputs if key in live}
    if isinstance(live, list) and isinstance(inputs, list):
        return [pruned(item, wanted) for item, wanted in zip(live, inputs, strict=False)]
    return live


def readable(live: dict[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """``live`` with ``stringData``, which is never read back, where ``inputs`` have it."""
    wanted = inputs.get("stringData")
    if live.get("kind") != "Secret" or not isinstance(wanted, Mapping):
        return live
    data = live.get("data") or {}
    return {**live, "stringData": {key: base64.b64decode(data[key]).decode() for key in wanted if key in data}}
