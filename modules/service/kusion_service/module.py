"""A long-running service as a Kubernetes workload."""

from __future__ import annotations

from kusion_dsl.module import Context, Generated, Resource, module
from kusion_service.schema import Service, ServicePlatform
from kusion_service.topology import constraint_manifest
from kusion_workload import pod_of

_API_VERSIONS = {"Deployment": "apps/v1", "CollaSet": "apps.kusionstack.io/v1alpha1"}


@module
def service(service: Service, platform: ServicePlatform, ctx: Context) -> Generated:
    """A Deployment or a CollaSet, the Secrets that it declares, and a ConfigMap for each file with content."""
    pod = pod_of(service, ctx)
    yield from pod.resources
    constraints = sorted(service.topology_spread_constraints.items())
    spread = [constraint_manifest(constraint) for _, constraint in constraints]
    yield Resource.manifest(
        {
            "apiVersion": _API_VERSIONS[platform.type],
            "kind": platform.type,
            "metadata": ctx.metadata(ctx.name(), **pod.metadata),
            "spec": {
                "replicas": service.replicas,
                "selector": {"matchLabels": ctx.labels},
                "template": pod.template(topologySpreadConstraints=spread or None),
            },
        },
        workload=True,
    )
