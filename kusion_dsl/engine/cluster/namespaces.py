"""Namespaces: which of them stacks have made themselves, and what is in one before it is deleted.

Deleting a Namespace deletes whatever is in it. So one that was there before the stacks is never deleted, and one that
holds what is no stack's neither. Who has made it is said by an annotation, which every stack that has it applies: they
are one field manager, and what one of them left out would be removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, NamedTuple

from kusion_dsl.engine.checkpoint import Checkpoint
from kusion_dsl.engine.cluster.live import LiveObjects, Object
from kusion_dsl.engine.cluster.objects import CREATED_BY, NAMESPACE
from kusion_dsl.errors import EngineError
from kusion_dsl.model.change import Step
from kusion_dsl.model.spec import Spec

BEFORE = "was there before the stack: stays, and is only forgotten"

_AT_ONCE = 8
_MOST_NAMED = 3
_OF_EVERY_NAMESPACE = {("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")}
_BY_PRODUCTS = {"Event", "Endpoints", "EndpointSlice", "Lease", "PodMetrics"}
"""Kinds of what comes and goes with other objects, and is nobody's own."""
_TOKEN = "kubernetes.io/service-account-token"


class _Identity(NamedTuple):
    """An object within its namespace; the group alone, as one object can be read in several versions."""

    group: str
    kind: str
    name: str


def namespaces_of(spec: Spec) -> Spec:
    """``spec`` with nothing but its Namespaces."""
    return replace(spec, resources=tuple(each for each in spec.resources if each.type == NAMESPACE))


def made_by_stacks(spec: Spec, inputs: Mapping[str, Object], found: Mapping[str, Object]) -> frozenset[str]:
    """The ids of the Namespaces of ``spec`` that a stack has made, or will make.

    ``inputs`` has by their ids those that the stack has, ``found`` those that it does not have and that are there.
    """
    there = {each.id: inputs.get(each.id) or found.get(each.id) for each in namespaces_of(spec).resources}
    return frozenset(id for id, namespace in there.items() if namespace is None or _is_made(namespace))


def _is_made(namespace: Mapping[str, Any]) -> bool:
    return CREATED_BY in (namespace["metadata"].get("annotations") or {})


def staying(
    live: LiveObjects, steps: tuple[Step, ...], checkpoint: Checkpoint | None, retain: frozenset[str]
) -> tuple[Step, ...]:
    """``steps``, those that would delete a Namespace which is not only the stack's with why it stays instead.

    ``checkpoint`` is the state of the stack; ``retain`` are the ids of what stays anyway.
    """
    if checkpoint is None:
        return steps
    leaving = {step.id for step in steps if step.type == NAMESPACE and step.operation == "delete"} - retain
    leaving &= checkpoint.inputs.keys()
    return tuple(replace(step, kept=_why(live, checkpoint, step.id)) if step.id in leaving else step for step in steps)


def _why(live: LiveObjects, checkpoint: Checkpoint, id: str) -> str:
    """Why a Namespace stays when the stack goes; empty where it may go, too."""
    namespace = checkpoint.inputs[id]
    if not _is_made(namespace):
        return BEFORE
    name = namespace["metadata"]["name"]
    try:
        others = sorted({f"{each['kind']} {each['metadata']['name']}" for each in _strangers(live, name, checkpoint)})
    except EngineError as error:
        return f"stays, as nobody can tell whether it holds what is not this stack's: {error.problems[0].what}"
    if not others:
        return ""
    more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    return f"stays, as it holds what is not this stack's: {', '.join(others[:_MOST_NAMED])}{more}"


def _strangers(live: LiveObjects, namespace: str, checkpoint: Checkpoint) -> Iterator[Object]:
    """What a namespace holds beside the objects of the stack and what these bring with them."""
    own = dict(_own(checkpoint, namespace))
    claims = [re.compile(rf"{re.escape(each)}-\d+") for obj in own.values() for each in _claims(obj)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for objects in pool.map(lambda kind: live.list(kind[0], kind[1], namespace), live.kinds()):
            for each in objects:
                name = each["metadata"]["name"]
                claimed = each["kind"] == "PersistentVolumeClaim" and any(known.fullmatch(name) for known in claims)
                if not claimed and _identity(each) not in own and not _is_by_product(each):
                    yield each


def _own(checkpoint: Checkpoint, namespace: str) -> Iterator[tuple[_Identity, Object]]:
    for inputs in checkpoint.inputs.values():
        metadata = inputs.get("metadata") if "apiVersion" in inputs else None
        if isinstance(metadata, Mapping) and (metadata.get("namespace") or "default") == namespace:
            yield _identity(inputs), inputs


def _identity(obj: Object) -> _Identity:
    return _Identity(obj["apiVersion"].rpartition("/")[0], obj["kind"], obj["metadata"]["name"])


def _claims(obj: Object) -> Iterator[str]:
    """How the names of the claims begin that a StatefulSet makes: they are left when it is deleted."""
    for template in (obj.get("spec") or {}).get("volumeClaimTemplates") or ():
        yield f"{template['metadata']['name']}-{obj['metadata']['name']}"


def _is_by_product(obj: Object) -> bool:
    metadata = obj["metadata"]
    if metadata.get("ownerReferences") or obj["kind"] in _BY_PRODUCTS:
        return True
    return (obj["kind"], metadata["name"]) in _OF_EVERY_NAMESPACE or obj.get("type") == _TOKEN
