"""The pod of a workload: containers, and what brings their files there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kusion_dsl.module import Context, Resource, derived
from kusion_service.container import Container
from kusion_service.probes import lifecycle_manifest, probe_manifest
from kusion_service.quantity import split_range
from kusion_service.volumes import Volumes


@dataclass(frozen=True)
class Pod:
    """The ``spec`` of a pod, and the ConfigMaps that it mounts."""

    spec: dict[str, Any]
    config_maps: tuple[Resource, ...]


def pod_of(containers: Mapping[str, Container], ctx: Context) -> Pod:
    """The pod with ``containers``, in order of their names."""
    volumes = Volumes(ctx)
    manifests = [_container(name, container, volumes) for name, container in sorted(containers.items())]
    return Pod({"containers": manifests, "volumes": volumes.manifests or None}, tuple(volumes.config_maps))


def _container(name: str, container: Container, volumes: Volumes) -> dict[str, Any]:
    probes = {
        "livenessProbe": container.liveness_probe,
        "readinessProbe": container.readiness_probe,
        "startupProbe": container.startup_probe,
    }
    return {
        "name": name,
        "image": container.image,
        "command": container.command or None,
        "args": container.args or None,
        "workingDir": container.working_dir,
        "env": [{"name": variable, "value": value} for variable, value in container.env.items()] or None,
        "resources": _resources(container) or None,
        "volumeMounts": volumes.mounts(name, container) or None,
        **{field: probe_manifest(probe) for field, probe in probes.items() if probe is not None},
        "lifecycle": lifecycle_manifest(container.lifecycle) or None if container.lifecycle else None,
    }


def _resources(container: Container) -> dict[str, dict[str, str]]:
    requests = dict(container.requests)
    limits = {}
    for name, text in container.resources.items():
        request, limit = split_range(text)
        limits[name] = derived(limit, text)
        if request is not None:
            requests[name] = derived(request, text)
    return {field: values for field, values in (("requests", requests), ("limits", limits)) if values}
