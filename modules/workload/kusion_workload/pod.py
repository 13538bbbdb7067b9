"""The pod of a workload: containers, and what brings their files and Secrets there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kusion_dsl.module import Context, Resource, derived
from kusion_workload.container import Container
from kusion_workload.environment import environment_manifest
from kusion_workload.probes import lifecycle_manifest, probe_manifest
from kusion_workload.quantity import split_range
from kusion_workload.schema import PodWorkload
from kusion_workload.secrets import secret_resources
from kusion_workload.volumes import Volumes


@dataclass(frozen=True)
class Pod:
    """The pod of a workload: the ``metadata`` it shares with the workload, its ``spec``, and what it needs.

    ``resources`` are the Secrets that the workload declares, and a ConfigMap for each file with content.
    """

    metadata: dict[str, Any]
    spec: dict[str, Any]
    resources: tuple[Resource, ...]

    def template(self, **more: Any) -> dict[str, Any]:
        """The pod template, with ``more`` in its ``spec``."""
        return {"metadata": self.metadata, "spec": {**self.spec, **more}}


def pod_of(workload: PodWorkload, ctx: Context) -> Pod:
    """The pod of ``workload``, its containers in order of their names."""
    volumes = Volumes(ctx)
    containers = [_container(name, container, volumes) for name, container in sorted(workload.containers.items())]
    secrets = [each for name, spec in sorted(workload.secrets.items()) for each in secret_resources(name, spec, ctx)]
    return Pod(
        {"labels": {**workload.labels, **ctx.labels}, "annotations": dict(workload.annotations) or None},
        {"containers": containers, "volumes": volumes.manifests or None},
        (*secrets, *volumes.config_maps),
    )


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
        "env": environment_manifest(container.env) or None,
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
