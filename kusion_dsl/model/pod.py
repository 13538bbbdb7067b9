"""Where the pods are in a Kubernetes object.

Source: the API reference, https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/; CollaSet:
https://github.com/KusionStack/kuperator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kusion_dsl.model.reference import Path

_TEMPLATE: Path = ("spec", "template")
TEMPLATES: Mapping[str, Path] = {  # the path of the pod template by type
    "kubernetes:apps/v1:Deployment": _TEMPLATE,
    "kubernetes:apps/v1:StatefulSet": _TEMPLATE,
    "kubernetes:apps/v1:DaemonSet": _TEMPLATE,
    "kubernetes:apps/v1:ReplicaSet": _TEMPLATE,
    "kubernetes:apps.kusionstack.io/v1alpha1:CollaSet": _TEMPLATE,
    "kubernetes:batch/v1:Job": _TEMPLATE,
    "kubernetes:batch/v1:CronJob": ("spec", "jobTemplate", *_TEMPLATE),
    "kubernetes:core/v1:Pod": (),
}


def template_path(type: str) -> Path | None:
    """The path of the pod template (``metadata`` and ``spec``) in an object of a type; None where it has no pods."""
    return TEMPLATES.get(type)


def at(value: Any, path: Path, missing: Any = None) -> Any:
    """The part of a JSON-like value at ``path``; ``missing`` where it is not there."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step, missing)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return missing
    return value


def pod_spec(type: str, attributes: Mapping[str, Any]) -> tuple[Path, Mapping[str, Any]] | None:
    """The path and value of the pod spec of an object; None where it has none."""
    template = template_path(type)
    if template is None:
        return None
    path = (*template, "spec")
    found = at(attributes, path)
    return (path, found) if isinstance(found, Mapping) else None


def containers(type: str, attributes: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The path and value of every container of an object, init containers included; what is no container is passed."""
    spec = pod_spec(type, attributes)
    if spec is None:
        return
    path, value = spec
    for field in ("initContainers", "containers"):
        found = value.get(field)
        for index, container in enumerate(found if isinstance(found, list) else ()):
            if isinstance(container, dict):
                yield (*path, field, index), container
