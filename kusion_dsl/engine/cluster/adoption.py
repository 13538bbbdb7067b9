"""Objects that are there already where a stack would create them: found before, so that nothing is taken over unasked.

Taken over is by a server-side apply, which changes what the Spec speaks of and leaves the rest: Pulumi's own ``import``
wants every field of the object to be among the inputs, what the API server filled in included
(https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/, ``upsertExistingObjects``).
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, NamedTuple

from kusion_dsl.engine.cluster.admission import refusal
from kusion_dsl.engine.cluster.live import LiveObjects, Object
from kusion_dsl.engine.cluster.objects import FIELD_MANAGER, FIELD_MANAGER_ANNOTATION
from kusion_dsl.engine.cluster.refusals import advice
from kusion_dsl.engine.resolution import resolved
from kusion_dsl.engine.values import UNKNOWN_TEXT, revealed, texts_in
from kusion_dsl.errors import Problem
from kusion_dsl.model.change import Step
from kusion_dsl.model.keyed import restricted
from kusion_dsl.model.masking import MASKED, Mask
from kusion_dsl.model.reference import Path, Reference, format_path, references_of
from kusion_dsl.model.spec import KUBERNETES, Spec, SpecResource

_AT_ONCE = 8
_CREATOR = "pulumi-kubernetes"
"""As what the provider creates, whatever the field manager is that it applies as."""
_MANAGED_BY = "app.kubernetes.io/managed-by"
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/"""


class _Kind(NamedTuple):
    """The objects of one kind in one namespace; that of the cluster's own objects does not matter."""

    api_version: str
    kind: str
    namespace: str


def occupants(live: LiveObjects, spec: Spec, known: Collection[str]) -> dict[str, Object]:
    """By the ids of the objects that ``spec`` would create, those that are there; ``known`` are the ids that it has.

    A request for each kind and namespace, and none for a namespace that is not there. Raises EngineError where the
    cluster is not reached or does not let read.
    """
    wanted: dict[_Kind, dict[str, str]] = {}
    for resource in spec.resources:
        if resource.package == KUBERNETES and resource.id not in known:
            metadata = resource.attributes["metadata"]
            space = str(metadata.get("namespace") or "default")
            kind = _Kind(resource.attributes["apiVersion"], resource.attributes["kind"], space)
            wanted.setdefault(kind, {})[metadata["name"]] = resource.id
    spaces = {kind.namespace for kind in wanted} - {"default"}
    absent = {space for space in sorted(spaces) if live.get("v1", "Namespace", space) is None}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        asked = [(kind, names) for kind, names in wanted.items() if kind.namespace not in absent]
        found = pool.map(lambda each: _look(live, *each), asked)
        return {id: each for objects in found for id, each in objects.items()}


def _look(live: LiveObjects, kind: _Kind, ids: Mapping[str, str]) -> dict[str, Object]:
    """The objects by their ids; ``ids`` has these by names."""
    if len(ids) == 1:
        [name] = ids
        found = live.get(kind.api_version, kind.kind, name, kind.namespace)
        return {ids[name]: found} if found is not None else {}
    listed = live.list(kind.api_version, kind.kind, kind.namespace)
    return {ids[each["metadata"]["name"]]: each for each in listed if each["metadata"]["name"] in ids}


def adoptions(
    live: LiveObjects,
    steps: Iterable[Step],
    spec: Spec,
    found: Mapping[str, Object],
    store: Mapping[Reference, str],
    mask: Mask,
) -> tuple[Step, ...]:
    """``steps``, those that adopt one of ``found`` with what is there, what that becomes, and whose it is.

    The API server is asked what becomes of it, and what it has against that, where the values are known and not secret.
    Refused is also what is to be imported and is not there, or has another name: an object is what its name says.
    """
    steps = [_imported(step, spec.get(step.id)) for step in steps]
    adopting = {step.id: step for step in steps if step.operation == "adopt" and step.id in found}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        filled = pool.map(lambda step: _filled(live, step, spec[step.id], found[step.id], store), adopting.values())
        adopting = {step.id: replace(step, live=mask.value(step.live)) for step in filled}
    return tuple(adopting.get(step.id, step) for step in steps)


def _imported(step: Step, resource: SpecResource | None) -> Step:
    """``step``, refused where the workspace imports something that it cannot be."""
    wanted = resource.options.get("import") if resource is not None and step.state is None else None
    if wanted is None or resource is None or resource.package != KUBERNETES:
        return step
    metadata = resource.attributes["metadata"]
    name = "/".join(part for part in (metadata.get("namespace"), metadata["name"]) if part)
    if wanted not in (name, metadata["name"]):
        what = f"it is to be imported as '{wanted}', but an object is what its name says: '{name}'"
        return replace(step, refused=Problem(what, step.id, "correct the workspace's importedResources"))
    if step.operation != "adopt":
        known = advice(what := f"resource '{wanted}' does not exist")
        return replace(step, refused=Problem(what, step.id, known.text if known else None))
    return step


def _filled(
    live: LiveObjects, step: Step, resource: SpecResource, found: Object, store: Mapping[Reference, str]
) -> Step:
    wanted: Any = step.wanted or {}
    refused = step.refused
    if not refused and not any(MASKED in text or UNKNOWN_TEXT in text for text in texts_in(wanted)):
        answer = live.try_out(wanted, FIELD_MANAGER)
        refused = refusal(step.id, answer) if answer is not None else None
        wanted = answer.document if answer is not None and answer.code == 200 else wanted
    shape = {key: part for key, part in resource.attributes.items() if key not in resource.secret_fields}
    return replace(
        step,
        live=restricted(found, shape),
        wanted=restricted(wanted, shape),
        differs=tuple(map(format_path, _secrets(resource, found, store))),
        held_by=_holders(found),
        refused=refused,
    )


def _secrets(resource: SpecResource, found: Object, store: Mapping[Reference, str]) -> Iterator[Path]:
    """The secret values that differ, or may: those of other resources only the apply knows."""
    there = found.get("data") or {}
    for field in resource.secret_fields:
        for key, value in (resource.attributes.get(field) or {}).items():
            if any(not reference.is_secret for reference in references_of(value)):
                yield field, key
                continue
            text = str(revealed(resolved(value, {}, store)))
            encoded = text if field == "data" else base64.b64encode(text.encode()).decode()
            if there.get(key) != encoded:
                yield field, key


def _holders(found: Object) -> tuple[str, ...]:
    """Who manages an object: what it says itself, what owns it, and who has set its fields."""
    metadata = found["metadata"]
    said = (metadata.get("labels") or {}).get(_MANAGED_BY)
    owners = [f"{each['kind']} {each['name']}" for each in metadata.get("ownerReferences") or ()]
    entries = metadata.get("managedFields") or ()
    managers = [str(each["manager"]) for each in entries if each.get("subresource") != "status"]
    if (metadata.get("annotations") or {}).get(FIELD_MANAGER_ANNOTATION) == FIELD_MANAGER:
        managers = [FIELD_MANAGER, *(each for each in managers if each != _CREATOR)]
    return tuple(dict.fromkeys([*([said] if said else []), *owners, *managers]))
