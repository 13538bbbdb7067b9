"""Whose the fields of an object are, as its ``managedFields`` say.

The form: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ (``fieldsV1``): a tree whose
keys are ``f:<field>``, ``k:<keys of an item>``, ``v:<value of a set>``, ``i:<index>``, and ``.`` for what holds them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kusion_dsl.engine.cluster.live import Object
from kusion_dsl.model.difference import Place
from kusion_dsl.model.field_owner import Manager
from kusion_dsl.model.keyed import key_of

_CREATOR = ("pulumi-kubernetes", "pulumi-resource-kubernetes")
_SWEPT = (("kubectl", "Apply"), ("kubectl", "Update"), ("before-first-apply", "Update"))
"""Prefixes of managers, and the operation. The provider creates as the first, whatever the field manager is called;
an update takes over everything that they and the second wrote, and what the Spec does not have goes (``Creation`` and
``fixCSAFieldManagers`` in https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/await/await.go)."""


@dataclass(frozen=True)
class Ownership:
    """The fields of one object, by their labels (:mod:`kusion_dsl.model.difference`), status left out.

    - ``others``: who else than us wrote them. Where we wrote the same, kubectl does not count: the provider takes over
      from it without asking
    - ``swept``: what nobody but kubectl wrote, and what therefore goes with the next update
    """

    others: Mapping[str, Manager] = field(default_factory=dict)
    swept: frozenset[str] = frozenset()


def ownership_of(live: Object, field_manager: str) -> Ownership:
    """Whose the fields of an object are; ``field_manager`` is the name that we apply under."""
    ours: set[str] = set()
    kept: dict[str, Manager] = {}
    swept: dict[str, Manager] = {}
    for entry in sorted(_entries(live), key=lambda each: str(each.get("time", ""))):
        labels = set(_labels(entry.get("fieldsV1") or {}, live, Place()))
        if _is_ours(entry, field_manager):
            ours |= labels
        else:
            wrote = swept if _is_swept(entry) else kept
            wrote.update(dict.fromkeys(labels, Manager(str(entry.get("manager", "")), str(entry.get("time", "")))))
    only = {label: manager for label, manager in swept.items() if label not in ours}
    return Ownership({**only, **kept}, frozenset(only.keys() - kept.keys()))


def _entries(live: Object) -> list[Mapping[str, Any]]:
    entries = (live.get("metadata") or {}).get("managedFields") or ()
    return [each for each in entries if each.get("subresource") != "status"]


def _is_ours(entry: Mapping[str, Any], field_manager: str) -> bool:
    manager, operation = str(entry.get("manager", "")), entry.get("operation")
    return (manager, operation) == (field_manager, "Apply") or (manager.startswith(_CREATOR) and operation == "Update")


def _is_swept(entry: Mapping[str, Any]) -> bool:
    manager, operation = str(entry.get("manager", "")), entry.get("operation")
    return not entry.get("subresource") and any(
        manager.startswith(prefix) and operation == meant for prefix, meant in _SWEPT
    )


def _labels(fields: Mapping[str, Any], value: Any, place: Place) -> Iterator[str]:
    """The labels of the leaves of a tree of fields, as far as the object still has them."""
    inner = {key: below for key, below in fields.items() if key != "."}
    if not inner:
        yield place.label
    for key, below in inner.items():
        found = _step(key, value, place)
        if found is not None:
            yield from _labels(below, *found)


def _step(key: str, value: Any, place: Place) -> tuple[Any, Place] | None:
    """What a key leads to, and its place; None where the object has no such thing any more."""
    kind, _, name = key.partition(":")
    if kind == "f":
        return (value[name], place.below(name)) if isinstance(value, Mapping) and name in value else None
    if not isinstance(value, list):
        return None
    wanted = json.loads(name)
    indices = [index for index, item in enumerate(value) if _is_meant(kind, wanted, index, item)]
    if not indices:
        return None
    index, known_by = indices[0], key_of(place.field, value)
    item = value[index]
    return item, place.item(str(item[known_by]), index, index) if known_by else place.at(index)


def _is_meant(kind: str, wanted: Any, index: int, item: Any) -> bool:
    if kind == "k":
        return isinstance(item, Mapping) and all(item.get(key) == each for key, each in wanted.items())
    return bool(index == wanted if kind == "i" else item == wanted)
