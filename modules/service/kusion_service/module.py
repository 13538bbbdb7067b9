"""A long-running service as a Kubernetes workload."""

from __future__ import annotations

from typing import Any

from kusion_dsl.module import Context, Generated, Resource, module
from kusion_service.pod import pod_of
from kusion_service.schema import Service, ServicePlatform
from kusion_service.secrets import secret_resources
from kusion_service.topology import constraint_manifest

_API_VERSIONS = {"Deployment": "apps/v1", "CollaSet": "apps.kusionstack.io/v1alpha1"}


@module
def service(service: Service, platform: ServicePlatform, ctx: Context) -> Generated:
    """A Deployment or a CollaSet, the Secrets that it declares, and a ConfigMap for each file with content."""
    for name, spec in sorted(service.secrets.items()):
        yield from secret_resources(name, spec, ctx)
    pod = pod_of(service.containers, ctx)
    yield from pod.config_maps
    constraints = sorted(service.topology_spread_constraints.items())
    spread = [constraint_manifest(constraint) for _, constraint in constraints]
    yield _workload(service, platform, ctx, {**pod.spec, "topologySpreadConstraints": spread or None})


def _workload(service: Service, platform: ServicePlatform, ctx: Context, pod: dict[str, Any]) -> Resource:
    metadata = {"labels": {**service.labels, **ctx.labels}, "annotations": dict(service.annotations) or None}
    return Resource.manifest(
        {
            "apiVersion": _API_VERSIONS[platform.type],
            "kind": platform.type,
            "metadata": ctx.metadata(ctx.name(), **metadata),
            "spec": {
                "replicas": service.replicas,
                "selector": {"matchLabels": ctx.labels},
                "template": {"metadata": metadata, "spec": pod},
            },
        },
        workload=True,
    )
