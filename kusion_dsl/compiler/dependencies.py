"""What must exist before what: references, the Namespace, and uses by name."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kusion_dsl.errors import CompileError, Position, did_you_mean
from kusion_dsl.model import pod
from kusion_dsl.model.spec import KUBERNETES, SpecResource


def with_dependencies(
    resources: Sequence[SpecResource], places: Mapping[str, Position | str]
) -> tuple[SpecResource, ...]:
    """``resources`` with their dependencies, dependencies first and otherwise in order of their ids.

    ``places`` are where the author wrote what they come from, by their ids. Raises CompileError for a reference to
    nothing and for a cycle, which the message prints.
    """
    known = {resource.id: resource for resource in resources}
    definitions, made = _definitions(resources), _made_by_operators(resources)
    complete = {
        each.id: replace(each, depends_on=tuple(sorted(_needs(each, known, definitions, made, places))))
        for each in resources
    }
    return _ordered(complete, places)


def _needs(
    resource: SpecResource,
    known: Mapping[str, SpecResource],
    definitions: Mapping[str, str],
    made: Mapping[str, str],
    places: Mapping[str, Position | str],
) -> set[str]:
    named = (id if id in known else made.get(id, "") for id in _uses_by_name(resource))
    by_name = {*named, definitions.get(_kind_of(resource), "")}
    missing = [id for id in resource.depends_on if id not in known]
    if missing:
        raise CompileError(
            f"{resource.id} needs {missing[0]} first, which does not exist",
            where=places[resource.id],
            hint=did_you_mean(missing[0], known) or "this is a defect of its module; tell its authors",
        )
    needs = set(resource.depends_on) | {id for id in by_name if id in known and id != resource.id}
    for reference in resource.references():
        if not reference.is_secret:
            if reference.id not in known:
                raise CompileError(
                    f"{resource.id} refers to {reference.id}, which does not exist",
                    where=places[resource.id],
                    hint=did_you_mean(reference.id, known) or "remove the reference",
                )
            needs.add(reference.id)
    return needs


def _uses_by_name(resource: SpecResource) -> Iterator[str]:
    """The ids that an object would have that a Kubernetes object names without a reference of ours."""
    namespace = pod.at(resource.attributes, ("metadata", "namespace"))
    if resource.package != KUBERNETES or not namespace:
        return
    yield f"v1:Namespace:{namespace}"
    for api_version, kind, path in _USES.get(resource.type, ()):
        for name in _all_at(resource.attributes, path):
            yield f"{api_version}:{kind}:{namespace}:{name}"


def _all_at(value: Any, path: Sequence[str]) -> Iterator[Any]:
    """What stands at ``path``, where ``*`` is every item of a list; what has another shape has nothing there."""
    if not path:
        yield value
    elif path[0] == "*" and isinstance(value, list):
        for item in value:
            yield from _all_at(item, path[1:])
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _all_at(value[path[0]], path[1:])


def _kind_of(resource: SpecResource) -> str:
    group = str(resource.attributes.get("apiVersion", "")).rpartition("/")[0]
    return f"{group}/{resource.attributes.get('kind', '')}"


def _definitions(resources: Sequence[SpecResource]) -> dict[str, str]:
    """The ids of the CustomResourceDefinitions by ``group/kind`` of what they define."""
    found = (each for each in resources if each.type.endswith(":CustomResourceDefinition"))
    return {
        f"{pod.at(each.attributes, ('spec', 'group'))}/{pod.at(each.attributes, ('spec', 'names', 'kind'))}": each.id
        for each in found
    }


def _made_by_operators(resources: Sequence[SpecResource]) -> dict[str, str]:
    """The ids of the ExternalSecrets by that of the Secret that an operator makes of each."""
    found = (each for each in resources if each.type.endswith(":ExternalSecret"))
    made = {}
    for each in found:
        metadata = each.attributes["metadata"]
        name = pod.at(each.attributes, ("spec", "target", "name")) or metadata["name"]
        made[f"v1:Secret:{metadata.get('namespace')}:{name}"] = each.id
    return made


_Use = tuple[str, str, tuple[str, ...]]
"""The ``apiVersion`` and the kind of what is used, and where in the user its name stands."""

_IN_PODS: tuple[_Use, ...] = (
    ("v1", "ServiceAccount", ("serviceAccountName",)),
    ("v1", "Secret", ("imagePullSecrets", "*", "name")),
    ("v1", "Secret", ("volumes", "*", "secret", "secretName")),
    ("v1", "ConfigMap", ("volumes", "*", "configMap", "name")),
    ("v1", "PersistentVolumeClaim", ("volumes", "*", "persistentVolumeClaim", "claimName")),
    ("v1", "Secret", ("volumes", "*", "projected", "sources", "*", "secret", "name")),
    ("v1", "ConfigMap", ("volumes", "*", "projected", "sources", "*", "configMap", "name")),
    *(
        (version, kind, (containers, "*", *path, "name"))
        for containers in ("initContainers", "containers")
        for version, kind, path in (
            ("v1", "Secret", ("env", "*", "valueFrom", "secretKeyRef")),
            ("v1", "ConfigMap", ("env", "*", "valueFrom", "configMapKeyRef")),
            ("v1", "Secret", ("envFrom", "*", "secretRef")),
            ("v1", "ConfigMap", ("envFrom", "*", "configMapRef")),
        )
    ),
)
_RBAC = "rbac.authorization.k8s.io/v1"
_BESIDE_PODS: Mapping[str, tuple[_Use, ...]] = {
    "kubernetes:apps/v1:StatefulSet": (("v1", "Service", ("spec", "serviceName")),),
}
_USES: Mapping[str, tuple[_Use, ...]] = {
    **{
        type: tuple((version, kind, (*map(str, template), "spec", *path)) for version, kind, path in _IN_PODS)
        + _BESIDE_PODS.get(type, ())
        for type, template in pod.TEMPLATES.items()
    },
    "kubernetes:networking.k8s.io/v1:Ingress": (
        ("v1", "Service", ("spec", "defaultBackend", "service", "name")),
        ("v1", "Service", ("spec", "rules", "*", "http", "paths", "*", "backend", "service", "name")),
        ("v1", "Secret", ("spec", "tls", "*", "secretName")),
    ),
    f"kubernetes:{_RBAC}:RoleBinding": (
        (_RBAC, "Role", ("roleRef", "name")),
        ("v1", "ServiceAccount", ("subjects", "*", "name")),
    ),
}


def _ordered(resources: Mapping[str, SpecResource], places: Mapping[str, Position | str]) -> tuple[SpecResource, ...]:
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
        cycle = _cycle(resources, {id for id, count in waiting.items() if count})
        raise CompileError(
            "resources depend on each other in a cycle",
            where=places[cycle[0]],
            details=[" -> ".join(cycle)],
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
