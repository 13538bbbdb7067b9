"""What must exist before what: references, the Namespace, and uses by name."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kusion_dsl.errors import CompileError, did_you_mean
from kusion_dsl.model import pod
from kusion_dsl.model.reference import Reference
from kusion_dsl.model.spec import KUBERNETES, SpecResource


def with_dependencies(resources: Sequence[SpecResource]) -> tuple[SpecResource, ...]:
    """``resources`` with their dependencies, dependencies first and otherwise in order of their ids.

    Raises CompileError for a reference to nothing and for a cycle, which the message prints.
    """
    known = {resource.id: resource for resource in resources}
    complete = {each.id: replace(each, depends_on=tuple(sorted(_needs(each, known)))) for each in resources}
    return _ordered(complete)


def _needs(resource: SpecResource, known: Mapping[str, SpecResource]) -> set[str]:
    needs = set(resource.depends_on)
    for reference in resource.references():
        if not reference.is_secret:
            _check_exists(resource, reference, known)
            needs.add(reference.id)
    needs |= {id for id in _uses_by_name(resource) if id in known}
    return needs - {resource.id}


def _check_exists(resource: SpecResource, reference: Reference, known: Mapping[str, SpecResource]) -> None:
    if reference.id not in known:
        raise CompileError(
            f"{resource.id} refers to {reference.id}, which does not exist", hint=did_you_mean(reference.id, known)
        )
    if reference.id == resource.id:
        raise CompileError(f"{resource.id} refers to itself")


def _uses_by_name(resource: SpecResource) -> Iterator[str]:
    """The ids that an object would have that a Kubernetes object names without a reference of ours."""
    if resource.package != KUBERNETES:
        return
    namespace = resource.attributes.get("metadata", {}).get("namespace")
    if not namespace:
        return
    yield f"v1:Namespace:{namespace}"
    for kind, name in (*_pod_uses(resource), *_ingress_uses(resource)):
        yield f"v1:{kind}:{namespace}:{name}"


def _pod_uses(resource: SpecResource) -> Iterator[tuple[str, Any]]:
    found = pod.pod_spec(resource.type, resource.attributes)
    if found is None:
        return
    spec = found[1]
    yield "ServiceAccount", spec.get("serviceAccountName")
    for pull in spec.get("imagePullSecrets", ()):
        yield "Secret", pull.get("name")
    for volume in spec.get("volumes", ()):
        yield from _volume_uses(volume)
    for _, container in pod.containers(resource.type, resource.attributes):
        for entry in container.get("env", ()):
            source = entry.get("valueFrom", {})
            yield "Secret", source.get("secretKeyRef", {}).get("name")
            yield "ConfigMap", source.get("configMapKeyRef", {}).get("name")
        for entry in container.get("envFrom", ()):
            yield "Secret", entry.get("secretRef", {}).get("name")
            yield "ConfigMap", entry.get("configMapRef", {}).get("name")


def _volume_uses(volume: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "Secret", volume.get("secret", {}).get("secretName")
    yield "ConfigMap", volume.get("configMap", {}).get("name")
    yield "PersistentVolumeClaim", volume.get("persistentVolumeClaim", {}).get("claimName")
    for source in volume.get("projected", {}).get("sources", ()):
        yield "Secret", source.get("secret", {}).get("name")
        yield "ConfigMap", source.get("configMap", {}).get("name")


def _ingress_uses(resource: SpecResource) -> Iterator[tuple[str, Any]]:
    if resource.type != "kubernetes:networking.k8s.io/v1:Ingress":
        return
    spec = resource.attributes.get("spec", {})
    backends = [spec.get("defaultBackend", {})]
    for rule in spec.get("rules", ()):
        backends += [path.get("backend", {}) for path in rule.get("http", {}).get("paths", ())]
    for backend in backends:
        yield "Service", backend.get("service", {}).get("name")
    for tls in spec.get("tls", ()):
        yield "Secret", tls.get("secretName")


def _ordered(resources: Mapping[str, SpecResource]) -> tuple[SpecResource, ...]:
    waiting = {id: len(resource.depends_on) for id, resource in resources.items()}
    dependents: dict[str, list[str]] = {id: [] for id in resources}
    for id, resource in resources.items():
        for needed in resource.depends_on:
            dependents[needed].append(id)
    ready = [id for id, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    ordered = []
    while ready:
        id = heapq.heappop(ready)
        ordered.append(resources[id])
        for dependent in dependents[id]:
            waiting[dependent] -= 1
            if waiting[dependent] == 0:
                heapq.heappush(ready, dependent)
    if len(ordered) < len(resources):
        raise CompileError(
            "resources depend on each other in a cycle",
            details=[" -> ".join(_cycle(resources, {id for id, count in waiting.items() if count}))],
            hint="remove one of these references",
        )
    return tuple(ordered)


def _cycle(resources: Mapping[str, SpecResource], stuck: set[str]) -> list[str]:
    """A cycle among ``stuck``: every one of them waits for another one of them, so following that comes around."""
    trail = [min(stuck)]
    while True:
        following = min(id for id in resources[trail[-1]].depends_on if id in stuck)
        if following in trail:
            return [*trail[trail.index(following) :], following]
        trail.append(following)
