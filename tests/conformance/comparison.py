"""What differs between the ancestor's Spec, in our terms, and ours.

Source: the rules in the README of the vectors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from kusion_dsl.model.pod import at, containers, template_path
from kusion_dsl.model.reference import Path, format_path, references_of
from kusion_dsl.model.spec import Spec, SpecResource
from tests.conformance.translation import Expected, ExpectedSpec


class Absent(Enum):
    """Stands for what is not there."""

    ABSENT = "nothing"

    def __str__(self) -> str:
        return self.value


ABSENT = Absent.ABSENT

Variables = Mapping[str, Mapping[str, Collection[str]]]
"""For each workload's name and each of its containers the variables that the author wrote."""

_VARIABLE = re.compile(r"(?<!\$)\$\(([^()$]+)\)")
_NAMED_ITEMS = (("env",), ("httpHeaders",))


@dataclass(frozen=True)
class Difference:
    """One place in one resource: what the ancestor has there, and what we have.

    ``path`` is one in the resource's attributes; it begins with ``#`` where it is about another part of it
    (``#dependsOn``, ``#workload``, ``#health``, ``#import``), and is empty where the whole resource is there on one
    side only. With an empty ``resource`` it is about the Spec's own parts.
    """

    resource: str
    type: str
    path: Path
    theirs: Any
    ours: Any

    def __str__(self) -> str:
        place = f"{self.resource or 'Spec'} {format_path(self.path)}".strip()
        return f"{place}: {_shown(self.theirs)} in the ancestor, {_shown(self.ours)} in ours"


def _shown(value: Any) -> str:
    return str(value) if value is ABSENT else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def compare(
    expected: ExpectedSpec, spec: Spec, *, ignored: Collection[str] = (), variables: Variables | None = None
) -> list[Difference]:
    """Everything that differs. ``ignored`` are keys of the context that are only in ours."""
    context = {key: value for key, value in spec.context.items() if key not in ignored}
    found = [
        *_values(expected.context, context, ("context",)),
        *_values(expected.secret_store, spec.secret_store, ("secretStore",)),
    ]
    differences = [Difference("", "", path, theirs, ours) for path, theirs, ours in found]
    pairs = _pairs(expected.resources, spec)
    ids = {theirs.id: ours.id for theirs, ours in pairs if theirs and ours}
    closure = _closure(expected.resources, ids)
    for theirs, ours in pairs:
        if theirs is None or ours is None:
            one = theirs or ours
            assert one is not None
            attributes = dict(one.attributes)
            sides = (attributes, ABSENT) if theirs else (ABSENT, attributes)
            differences.append(Difference(one.id, one.type, (), *sides))
        else:
            for path, left, right in _resource(theirs, ours, closure[ours.id], spec, variables or {}):
                differences.append(Difference(ours.id, ours.type, path, left, right))
    return differences


_Found = Iterator[tuple[Path, Any, Any]]


def _pairs(expected: Iterable[Expected], spec: Spec) -> list[tuple[Expected | None, SpecResource | None]]:
    """Resources with the same id, then those that differ in their namespace only, then the rest of both sides."""
    theirs = {each.id: each for each in expected}
    ours = {each.id: each for each in spec.resources}
    pairs: list[tuple[Expected | None, SpecResource | None]] = []
    for key in [id for id in theirs if id in ours]:
        pairs.append((theirs.pop(key), ours.pop(key)))
    for left in list(theirs.values()):
        moved = [right for right in ours.values() if _without_namespace(right) == _without_namespace(left)]
        if len(moved) == 1:
            pairs.append((theirs.pop(left.id), ours.pop(moved[0].id)))
    return [*pairs, *((left, None) for left in theirs.values()), *((None, right) for right in ours.values())]


def _without_namespace(resource: Expected | SpecResource) -> tuple[str, str]:
    return resource.type, resource.id.rpartition(":")[2]


def _resource(theirs: Expected, ours: SpecResource, reachable: set[str], spec: Spec, variables: Variables) -> _Found:
    if theirs.type != ours.type:
        yield ("#type",), theirs.type, ours.type
    yield from _values(_counted(theirs.attributes), _counted(ours.attributes), ())
    yield from _order_of_variables(ours, variables)
    if theirs.workload and not ours.workload:
        yield ("#workload",), True, ours.workload
    yield from _values(theirs.health, ours.health, ("#health",))
    if theirs.imported != ours.options.get("import", ""):
        yield ("#import",), theirs.imported or ABSENT, ours.options.get("import", ABSENT)
    needed = {id for id in uses(ours) if id in spec and id != ours.id}
    for id in sorted(set(ours.depends_on) - reachable - needed):
        yield ("#dependsOn", id), ABSENT, id
    for id in sorted(needed - set(ours.depends_on)):
        yield ("#dependsOn", id), id, ABSENT


def _counted(attributes: Any) -> Any:
    """What counts of attributes: no null, no empty mapping or list; so no zero status and no time of creation."""
    if isinstance(attributes, Mapping):
        kept = {key: _counted(item) for key, item in attributes.items()}
        return {key: item for key, item in kept.items() if not _is_empty(item)}
    return [_counted(item) for item in attributes] if isinstance(attributes, list) else attributes


def _values(theirs: Any, ours: Any, path: Path) -> _Found:
    """The differences of two JSON-like values. Variables and headers are compared by their names, other lists in order."""
    if path[-1:] in _NAMED_ITEMS:
        theirs, ours = ([] if each is ABSENT else each for each in (theirs, ours))
    if _is_part(theirs, path) and _is_part(ours, path) and (theirs, ours) != (ABSENT, ABSENT):
        theirs, ours = ({} if each is ABSENT else each for each in (theirs, ours))
        for key in sorted({*theirs, *ours}):
            yield from _values(theirs.get(key, ABSENT), ours.get(key, ABSENT), (*path, key))
    elif isinstance(theirs, list) and isinstance(ours, list):
        if _is_named(path, theirs, ours):
            yield from _values(_by_name(theirs), _by_name(ours), path)
            return
        if path[-1:] == ("topologySpreadConstraints",):  # the ancestor's are in any order
            theirs, ours = (sorted(each, key=lambda item: json.dumps(item, sort_keys=True)) for each in (theirs, ours))
        for index in range(max(len(theirs), len(ours))):
            left, right = (each[index] if index < len(each) else ABSENT for each in (theirs, ours))
            yield from _values(left, right, (*path, index))
    elif not _is_same(theirs, ours):
        yield path, theirs, ours


def _is_part(value: Any, path: Path) -> bool:
    """Whether the differences of a value are those of its parts; a mapping that is not there lacks all of them."""
    return isinstance(value, Mapping) or (value is ABSENT and bool(path))


def _is_same(theirs: Any, ours: Any) -> bool:
    """Whether two values that are not both mappings or both lists are one; a boolean is no number."""
    if _is_empty(theirs) and _is_empty(ours):
        return True
    return isinstance(theirs, bool) == isinstance(ours, bool) and bool(theirs == ours)


def _is_empty(value: Any) -> bool:
    return value is None or value is ABSENT or value == {} or value == []


def _is_named(path: Path, *lists: list[Any]) -> bool:
    if path[-1:] not in _NAMED_ITEMS:
        return False
    return all(len(_by_name(items)) == len(items) for items in lists)


def _by_name(items: list[Any]) -> dict[str, Any]:
    return {str(item["name"]): item for item in items if isinstance(item, Mapping) and "name" in item}


def _order_of_variables(ours: SpecResource, variables: Variables) -> _Found:
    """Variables that were injected come first, then the author's as ours documents: by name, each after what it uses."""
    written = variables.get(ours.id.rpartition(":")[2], {}) if ours.workload else {}
    for path, container in containers(ours.type, ours.attributes):
        author = written.get(str(container.get("name")), ())
        found = [str(entry["name"]) for entry in container.get("env", ())]
        mine = [entry for entry in container.get("env", ()) if entry["name"] in author]
        uses = {str(entry["name"]): _VARIABLE.findall(str(entry.get("value", ""))) for entry in mine}
        free = [name for name, used in uses.items() if not set(used) & uses.keys()]
        late = [(name, each) for name, used in uses.items() for each in used if each in uses and name not in uses[each]]
        is_right = all(found.index(each) < found.index(name) for name, each in late)
        if found[len(found) - len(mine) :] != list(uses) or free != sorted(free) or not is_right:
            yield (*path, "env"), [*sorted(set(found) - uses.keys()), *sorted(uses)], found


def _closure(expected: Iterable[Expected], ids: Mapping[str, str]) -> dict[str, set[str]]:
    """For our id of each resource the ids, ours too, of all that comes before it in the ancestor."""
    edges = {
        ids.get(each.id, each.id): {
            ids.get(id, id)
            for id in (*each.depends_on, *(reference.id for reference in references_of(each.attributes)))
        }
        for each in expected
    }

    def reach(id: str) -> set[str]:
        found: set[str] = set()
        waiting = [id]
        while waiting:
            for following in edges.get(waiting.pop(), set()) - found:
                found.add(following)
                waiting.append(following)
        return found

    return {id: reach(id) for id in edges}


_NAMED: Mapping[str, tuple[str, str]] = {
    "secretKeyRef": ("Secret", "name"),
    "configMapKeyRef": ("ConfigMap", "name"),
    "secretRef": ("Secret", "name"),
    "configMapRef": ("ConfigMap", "name"),
    "secret": ("Secret", "secretName"),
    "configMap": ("ConfigMap", "name"),
    "persistentVolumeClaim": ("PersistentVolumeClaim", "claimName"),
    "service": ("Service", "name"),
}
"""Fields of Kubernetes objects that name another object: its kind, and where in the field the name is."""


def uses(resource: SpecResource) -> set[str]:
    """The ids of everything that a resource really uses: its references, its Namespace, and what it names."""
    found = {reference.id for reference in references_of(resource.attributes) if not reference.is_secret}
    namespace = at(resource.attributes, ("metadata", "namespace"))
    if not resource.type.startswith("kubernetes:") or not namespace:
        return found
    part = resource.attributes.get("spec") if _names_others(resource.type) else None
    named = {f"v1:{kind}:{namespace}:{name}" for kind, name in _named(part)}
    return {*found, f"v1:Namespace:{namespace}", *named}


def _names_others(type: str) -> bool:
    return template_path(type) is not None or type.endswith(":Ingress")


def _named(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _named(item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            kind, field = _NAMED.get(key, ("", ""))
            if kind and isinstance(item, Mapping) and isinstance(item.get(field), str):
                yield kind, item[field]
            yield from _named(item)
