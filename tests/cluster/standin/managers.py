"""Whose fields are whose, and what the provider makes of that before it applies an object.

As the real one's ``provider/pkg/await/await.go`` does: ``fixCSAFieldManagers``, ``handleSSAIgnoreFields``, ``patchForce``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from tests.cluster.standin.api import Object

CREATOR = "pulumi-kubernetes"
"""Who creates objects, whatever ``pulumi.com/patchFieldManager`` says; the first update takes them over from it."""
_FORMER = (
    ("kubectl", "Apply"),
    ("kubectl", "Update"),
    ("before-first-apply", "Update"),
    (CREATOR, "Update"),
    ("pulumi-resource-kubernetes", "Update"),
)
"""Whose fields an update takes over without a conflict: prefixes of managers, and the operation."""


def taken_over(live: Object, manager: str) -> list[Any] | None:
    """``managedFields`` with the fields of former managers under ``manager``; None where there is nothing to take."""
    ours: dict[str, Any] | None = None
    others, former = [], []
    for entry in _entries(live):
        if (entry["manager"], entry["operation"]) == (manager, "Apply"):
            ours = dict(entry)
        elif _is_former(entry):
            former.append(entry)
        else:
            others.append(entry)
    if not former:
        return None
    ours = ours or {**former.pop(0), "manager": manager, "operation": "Apply"}
    for entry in former:
        ours["fieldsV1"] = _union(ours["fieldsV1"], entry["fieldsV1"])
    return [*others, ours]


def is_forced_in_preview(live: Object) -> bool:
    """Whether a dry run takes fields from others: where the update will have taken over what it was created with."""
    entries = _entries(live)
    return not entries or any(
        entry["operation"] == "Update" and entry["manager"] in (CREATOR, "pulumi-resource-kubernetes")
        for entry in entries
    )


def without_ignored(wanted: Object, live: Object, manager: str, ignored: Iterable[str]) -> Object:
    """``wanted`` with the fields at ``ignored`` (``spec.replicas``) left out if they are others', as they are if not.

    Paths into lists are not understood, by the real one neither.
    """
    result = deepcopy(wanted)
    ours = [entry["fieldsV1"] for entry in _entries(live) if entry["manager"] == manager]
    theirs = [entry["fieldsV1"] for entry in _entries(live) if entry["manager"] != manager]
    for path in ignored:
        *parents, last = path.split(".")
        place, there = _at(result, parents), _at(live, parents)
        if _has(theirs, [*parents, last]) and not _has(ours, [*parents, last]):
            (place or {}).pop(last, None)
        elif place is not None and there is not None and last in there:
            place[last] = there[last]
    return result


def _entries(live: Object) -> list[Any]:
    return [{"fieldsV1": {}, **entry} for entry in live["metadata"].get("managedFields") or ()]


def _is_former(entry: Mapping[str, Any]) -> bool:
    if entry.get("subresource"):
        return False
    return any(entry["manager"].startswith(name) and entry["operation"] == operation for name, operation in _FORMER)


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _union(one.get(key, {}), other.get(key, {})) for key in {**one, **other}}


def _at(value: Any, path: list[str]) -> dict[str, Any] | None:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value if isinstance(value, dict) else None


def _has(owned: list[Any], path: list[str]) -> bool:
    return any(_at(fields, [f"f:{part}" for part in path]) is not None for fields in owned)
