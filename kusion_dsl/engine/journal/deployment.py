"""What has to be put right in a deployment, which is Pulumi's word for the content of a state.

Form and rules: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/core.go (DeploymentV3,
NormalizeURNReferences) and https://github.com/pulumi/pulumi/blob/master/pkg/backend/journal.go (rebuildDependencies).
Functions change the resources that they are given; empty lists and maps are left out, as Pulumi leaves them out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kusion_dsl.errors import DamagedError

ROOT = "pulumi:pulumi:Stack"
"""The type of the stack's own resource, which does not count as a parent in the URNs of others."""

_FEATURES = {
    "refreshBeforeUpdate": "refreshBeforeUpdate",
    "viewOf": "views",
    "resourceHooks": "hooks",
    "taint": "taint",
    "replaceWith": "replaceWith",
    "extensionRef": "extensionParameterization",
    "snippetID": "snippets-prototype",
}
"""Keys of a resource that older CLIs do not know, and the names under which a state announces them."""

BYTE_STRINGS = "byteString"
"""The feature that cannot be seen in a state: the strings in question may be encrypted."""

_URN = Callable[[str], str]


def features(deployment: Mapping[str, Any], announced: Iterable[str] = ()) -> tuple[str, ...]:
    """What a CLI must know to read it, sorted: stored beside it, as ``version`` 4 instead of 3 if there is any.

    ``announced`` are those that were known of it before; only what cannot be seen in it is taken from there.
    """
    pending = [each["resource"] for each in deployment.get("pending_operations") or []]
    resources = [*(deployment.get("resources") or []), *pending]
    found = {feature for each in resources for key, feature in _FEATURES.items() if each.get(key)}
    if deployment.get("snippets"):
        found.add(_FEATURES["snippetID"])
    return tuple(sorted(found | ({BYTE_STRINGS} & set(announced) if resources else set())))


def rebuild_dependencies(resources: list[dict[str, Any]]) -> None:
    """Forget what a refresh found gone where others name it. Dependencies come before what depends on them."""
    present: set[str] = set()
    for resource in resources:
        _keep(resource, "dependencies", [urn for urn in resource.get("dependencies") or () if urn in present])
        _keep(resource, "replaceWith", [urn for urn in resource.get("replaceWith") or () if urn in present])
        by_property = (resource.get("propertyDependencies") or {}).items()
        kept = {key: [urn for urn in urns if urn in present] for key, urns in by_property}
        _keep(resource, "propertyDependencies", {key: urns for key, urns in kept.items() if urns})
        _keep(resource, "deletedWith", resource["deletedWith"] if resource.get("deletedWith") in present else "")
        present.add(resource["urn"])
    for resource in resources:
        if resource.get("parent") not in present:
            resource.pop("parent", None)


def _keep(resource: dict[str, Any], key: str, value: Any) -> None:
    resource.pop(key, None)
    if value:
        resource[key] = value


def normalize_urns(resources: list[dict[str, Any]]) -> None:
    """Follow resources that have a new URN wherever others name the old one, and drop what says so.

    Raises DamagedError if two resources claim to have had the same one.
    """
    renamed = _renamed(resources)

    def current(urn: str) -> str:
        return renamed.get(urn, urn)

    for resource in resources:
        resource.pop("aliases", None)
        if renamed:
            _rename(resource, current)


def _renamed(resources: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    renamed: dict[str, str] = {}
    for resource in resources:
        urn = resource["urn"]
        for alias in resource.get("aliases") or ():
            if renamed.setdefault(alias, urn) != urn:
                what = f"two resources ({renamed[alias]} and {urn}) have the same alias: {alias}"
                raise DamagedError(f"Pulumi's state of the stack is damaged: {what}")
        parent = renamed.get(resource.get("parent", ""))
        if parent is not None:
            renamed.update(_as_child_of(parent, urn))
    return renamed


def _as_child_of(parent: str, urn: str) -> dict[str, str]:
    """The URN that a resource has when its parent has a new one, which has the parent's types in it."""
    types = parent.split("::", 3)[2]
    if types == ROOT:
        return {}
    stack, project, own_types, name = urn.split("::", 3)
    return {urn: "::".join((stack, project, f"{types}${own_types.rpartition('$')[2]}", name))}


def _rename(resource: dict[str, Any], current: _URN) -> None:
    for key in ("urn", "parent", "deletedWith", "viewOf"):
        if resource.get(key):
            resource[key] = current(resource[key])
    if resource.get("provider"):
        urn, separator, id = resource["provider"].rpartition("::")
        resource["provider"] = current(urn) + separator + id
    if resource.get("dependencies"):
        resource["dependencies"] = [current(urn) for urn in resource["dependencies"]]
    if resource.get("propertyDependencies"):
        by_property = resource["propertyDependencies"].items()
        resource["propertyDependencies"] = {key: [current(urn) for urn in urns] for key, urns in by_property}
