"""The pod of a workload: containers, and what brings their files and Secrets there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kusion_dsl.module import Context, Resource, derived
from kusion_workload.container import Container, EnvFrom, InitContainer, LongRunning, Sidecar
from kusion_workload.environment import environment_manifest
from kusion_workload.ports import ports_manifest
from kusion_workload.probes import lifecycle_manifest, probe_manifest
from kusion_workload.quantity import split_range
from kusion_workload.scheduling import affinity_manifest, toleration_manifest
from kusion_workload.schema import PodWorkload, problems
from kusion_workload.secrets import secret_resources
from kusion_workload.security import Security, container_manifest, pod_manifest
from kusion_workload.service_account import ServiceAccount, service_account_resource
from kusion_workload.volumes import Volumes


@dataclass(frozen=True)
class Pod:
    """The pod of a workload: the ``metadata`` it shares with the workload, its ``spec``, and what it needs.

    ``resources`` are the Secrets that the workload declares, its service account, its claims, and a ConfigMap for each
    file with content and each volume of such. ``claim_templates`` are those of a StatefulSet; see :func:`pod_of`.
    """

    metadata: dict[str, Any]
    spec: dict[str, Any]
    resources: tuple[Resource, ...]
    claim_templates: tuple[dict[str, Any], ...] = ()

    def template(self, **more: Any) -> dict[str, Any]:
        """The pod template, with ``more`` in its ``spec``."""
        return {"metadata": self.metadata, "spec": {**self.spec, **more}}


def pod_of(workload: PodWorkload, ctx: Context, *, claims_per_pod: bool = False) -> Pod:
    """The pod of ``workload``, its containers in order of their names, its init containers as they are written.

    With ``claims_per_pod`` a ``Claim`` among its volumes is a template for StatefulSets, which make one for each pod;
    else it is a PersistentVolumeClaim that all pods share. Raises ValueError where the platform's ``security``
    contradicts that of a container.
    """
    problem = next(problems(workload), None)
    if problem:
        raise ValueError(problem)
    volumes = Volumes(ctx, claims_per_pod)
    for name, volume in sorted(workload.volumes.items()):
        volumes.add(name, volume)
    security = workload.security
    containers = [_container(name, each, volumes, security) for name, each in sorted(workload.containers.items())]
    first = [_container(name, each, volumes, security) for name, each in workload.init_containers.items()]
    secrets = [each for name, spec in sorted(workload.secrets.items()) for each in secret_resources(name, spec, ctx)]
    account = workload.service_account
    accounts = [service_account_resource(account, ctx)] if isinstance(account, ServiceAccount) else []
    return Pod(
        {"labels": {**workload.labels, **ctx.labels}, "annotations": dict(workload.annotations) or None},
        {
            "initContainers": first or None,
            "containers": containers,
            "volumes": volumes.manifests or None,
            "securityContext": pod_manifest(security) or None,
            "serviceAccountName": ctx.name() if accounts else account,
            "automountServiceAccountToken": workload.automount_service_account_token,
            "terminationGracePeriodSeconds": workload.termination_grace_period_seconds,
            **_scheduling(workload, ctx),
        },
        (*secrets, *accounts, *volumes.resources),
        tuple(volumes.claim_templates),
    )


def _scheduling(workload: PodWorkload, ctx: Context) -> dict[str, Any]:
    """Where the pod runs, and how its images get there."""
    affinity = workload.affinity
    return {
        "imagePullSecrets": [{"name": name} for name in workload.image_pull_secrets] or None,
        "nodeSelector": dict(workload.node_selector) or None,
        "tolerations": [toleration_manifest(each) for each in workload.tolerations] or None,
        "affinity": affinity_manifest(affinity, ctx.labels) or None if affinity else None,
    }


def _container(
    name: str, container: Container | InitContainer, volumes: Volumes, security: Security | None
) -> dict[str, Any]:
    return {
        "name": name,
        "image": container.image,
        "command": container.command or None,
        "args": container.args or None,
        "workingDir": container.working_dir,
        "ports": ports_manifest(container.ports) or None,
        "env": environment_manifest(container.env) or None,
        "envFrom": [_env_from(each) for each in container.env_from] or None,
        "resources": _resources(container) or None,
        "volumeMounts": volumes.mounts(name, container) or None,
        "securityContext": container_manifest(security, container.security) or None,
        **(_running(container) if isinstance(container, LongRunning) else {}),
        "restartPolicy": "Always" if isinstance(container, Sidecar) else None,
    }


def _running(container: LongRunning) -> dict[str, Any]:
    probes = {
        "livenessProbe": container.liveness_probe,
        "readinessProbe": container.readiness_probe,
        "startupProbe": container.startup_probe,
    }
    return {
        **{field: probe_manifest(probe) for field, probe in probes.items() if probe is not None},
        "lifecycle": lifecycle_manifest(container.lifecycle) or None if container.lifecycle else None,
    }


def _env_from(source: EnvFrom) -> dict[str, Any]:
    field, name = ("secretRef", source.secret) if source.secret is not None else ("configMapRef", source.config_map)
    return {"prefix": source.prefix or None, field: {"name": name, "optional": source.optional or None}}


def _resources(container: Container | InitContainer) -> dict[str, dict[str, str]]:
    requests = dict(container.requests)
    limits = {}
    for name, text in container.resources.items():
        request, limit = split_range(text)
        limits[name] = derived(limit, text)
        if request is not None:
            requests[name] = derived(request, text)
    return {field: values for field, values in (("requests", requests), ("limits", limits)) if values}
