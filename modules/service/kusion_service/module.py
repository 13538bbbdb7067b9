"""A long-running service as a Kubernetes workload."""

from __future__ import annotations

from typing import Any

from kusion_dsl.module import Context, Generated, Resource, module
from kusion_service.rollout import FIELDS, Kind, strategy
from kusion_service.scaling import Autoscale, autoscaler, disruption_budget
from kusion_service.schema import Service, ServicePlatform, unfit
from kusion_service.topology import constraint_manifest
from kusion_workload import Pod, pod_of

_API_VERSIONS = {"CollaSet": "apps.kusionstack.io/v1alpha1"}
_LONGEST = {"StatefulSet": 52}
"""The hash of a revision, behind the name, is a label of the pods (kubernetes/kubernetes#64023)."""


@module
def service(service: Service, platform: ServicePlatform, ctx: Context) -> Generated:
    """A Deployment, CollaSet, StatefulSet or DaemonSet, its Secrets and files, and what scales and protects it."""
    kind: Kind = service.kind or platform.type
    problem = unfit(service, kind) if kind == "CollaSet" else None
    if problem is not None:
        raise ValueError(f"{problem}; the platform has chosen the CollaSet")
    pod = pod_of(service, ctx, claims_per_pod=kind == "StatefulSet")
    yield from pod.resources
    if kind == "StatefulSet":
        yield _headless(ctx)
    workload = Resource.manifest(
        {
            "apiVersion": _API_VERSIONS.get(kind, "apps/v1"),
            "kind": kind,
            "metadata": ctx.metadata(ctx.name(longest=_LONGEST.get(kind, 63)), **pod.metadata),
            "spec": _spec(kind, service, pod, ctx),
        },
        workload=True,
    )
    yield workload
    autoscale = _autoscale(kind, service)
    if autoscale is not None:
        yield autoscaler(autoscale, workload, ctx)
    if service.disruption_budget is not None and kind in FIELDS["disruption_budget"]:
        yield disruption_budget(service.disruption_budget, ctx)


def _autoscale(kind: Kind, service: Service) -> Autoscale | None:
    """What decides how many pods there are, if not ``replicas``: the developer's word on either is the last one."""
    fixed = service.replicas is not None and "replicas" in service.model_fields_set
    return None if fixed or kind not in FIELDS["autoscale"] else service.autoscale


def _spec(kind: Kind, service: Service, pod: Pod, ctx: Context) -> dict[str, Any]:
    """The workload's ``spec``; a default of the platform that the kind does not have is left out."""
    fields = {
        "replicas": ("replicas", None if _autoscale(kind, service) else service.replicas),
        "min_ready_seconds": ("minReadySeconds", service.min_ready_seconds),
        "revision_history_limit": ("revisionHistoryLimit", service.revision_history_limit),
        "progress_deadline_seconds": ("progressDeadlineSeconds", service.progress_deadline_seconds),
    }
    constraints = sorted(service.topology_spread_constraints.items())
    spread = [constraint_manifest(constraint) for _, constraint in constraints]
    template = pod.template(topologySpreadConstraints=spread or None)
    spec: dict[str, Any] = {name: value for field, (name, value) in fields.items() if kind in FIELDS[field]}
    spec |= {"selector": {"matchLabels": ctx.labels}, "template": template, **strategy(kind, service.update_strategy)}
    if kind == "StatefulSet":
        spec |= {"serviceName": _headless_name(ctx), "volumeClaimTemplates": list(pod.claim_templates) or None}
    return spec


def _headless(ctx: Context) -> Resource:
    """The Service under which each pod of a StatefulSet has a name: ``<pod>.<service>``."""
    return Resource.manifest(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": ctx.metadata(_headless_name(ctx), labels=ctx.labels),
            "spec": {"clusterIP": "None", "selector": ctx.labels},
        }
    )


def _headless_name(ctx: Context) -> str:
    return ctx.name("headless")
