"""Lists that are mappings in disguise: Kubernetes merges their items by a key, and people think of them by it.

Source: ``x-kubernetes-patch-merge-key`` and ``x-kubernetes-list-map-keys`` of the Kubernetes API's OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_KEYS: Mapping[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "ports": ("containerPort", "port"),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
    "ownerReferences": ("uid",),
    "conditions": ("type",),
}


def key_of(field: str | int | None, *lists: Sequence[Any]) -> str | None:
    """The key by which the items of the list in ``field`` are told apart; None where their order tells them apart.

    All items of all ``lists`` must be mappings that have it, each value once in its list.
    """
    for key in _KEYS.get(str(field), ()):
        if all(_identifies(key, items) for items in lists):
            return key
    return None


def order_matters(field: str | int | None, *lists: Sequence[Any]) -> bool:
    """Whether the order of the items of a keyed list means anything.

    Init containers run one after the other
    (https://kubernetes.io/docs/concepts/workloads/pods/init-containers/); a variable sees only those before it
    (https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/).
    """
    if field == "env":
        return any("$(" in str(item.get("value")) for items in lists for item in items)
    return field == "initContainers"


def _identifies(key: str, items: Sequence[Any]) -> bool:
    values = [item.get(key) if isinstance(item, Mapping) else None for item in items]
    return None not in values and len(set(map(str, values))) == len(values)


def restricted(value: Any, shape: Any, field: str | None = None) -> Any:
    """As much of ``value`` as ``shape`` speaks of: its fields, and the items of keyed lists that it names, in its order.

    Of other lists everything, and of each item as much as the one at its place speaks of.
    """
    if isinstance(value, Mapping) and isinstance(shape, Mapping):
        return {key: restricted(value[key], part, key) for key, part in shape.items() if key in value}
    if not isinstance(value, list) or not isinstance(shape, list):
        return value
    key = key_of(field, value, shape)
    if key is None:
        return [*map(restricted, value, shape), *value[len(shape) :]]
    items = {str(item[key]): item for item in value}
    return [restricted(items[name], part) for part in shape if (name := str(part[key])) in items]


def merge(old: Any, patch: Any, field: str | None = None) -> Any:
    """``old`` changed by ``patch``: a mapping key by key, where None removes; a keyed list item by item; else replaced.

    That is RFC 7396 with Kubernetes' keyed lists (a strategic merge); ``old`` stays as it is.
    """
    if isinstance(old, Mapping) and isinstance(patch, Mapping):
        merged = dict(old)
        for name, change in patch.items():
            if change is None:
                merged.pop(name, None)
            else:
                merged[name] = merge(merged.get(name), change, name)
        return merged
    if isinstance(patch, Mapping):
        return merge({}, patch)
    if isinstance(patch, list):
        items = old if isinstance(old, list) and key_of(field, old, patch) is not None else []
        key = key_of(field, items, patch)
        if key is not None:
            changes = {str(item[key]): item for item in patch}
            kept = [merge(item, changes.pop(str(item[key]), {})) for item in items]
            return [*kept, *(merge({}, item) for item in changes.values())]
    return patch
