"""What developers write about a long-running service, and what the platform decides about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from kusion_dsl.module import (
    Annotations,
    DnsLabel,
    LabelValue,
    MetadataKey,
    ObjectName,
    PlatformConfig,
    Workload,
    dev_overrides,
)
from kusion_service.container import Container
from kusion_service.secrets import SecretSpec
from kusion_service.topology import TopologySpreadConstraint

_SELECTING = ("app.kubernetes.io/name", "app.kubernetes.io/part-of")


def _not_selecting(key: str) -> str:
    if key in _SELECTING:
        raise ValueError("is how the application's pods are found, and cannot be set")
    return key


WorkloadLabels = Mapping[Annotated[MetadataKey, AfterValidator(_not_selecting)], LabelValue]
"""Labels of a workload: any but those by which its pods are found."""

Replicas = Annotated[int, Field(ge=0)]
"""How many pods."""


class Service(Workload):
    """A service that runs until it is told otherwise."""

    containers: Mapping[DnsLabel, Container] = Field(min_length=1)
    """The containers of each pod by name."""
    replicas: Annotated[Replicas | None, dev_overrides] = None
    """How many pods; 1 in Kubernetes where neither the developer nor the platform says."""
    labels: Annotated[WorkloadLabels, dev_overrides] = Field(default_factory=dict[str, str])
    """Labels of the workload and its pods, and of what other modules make for them."""
    annotations: Annotated[Annotations, dev_overrides] = Field(default_factory=dict[str, str])
    """Annotations of the workload and its pods, and of what other modules make for them."""
    secrets: Mapping[ObjectName, SecretSpec] = Field(default_factory=dict[str, SecretSpec])
    """Kubernetes Secrets to be made in the namespace, by name."""
    topology_spread_constraints: Mapping[str, TopologySpreadConstraint] = Field(
        default_factory=dict[str, TopologySpreadConstraint]
    )
    """How the pods are spread over the cluster; the names are the author's own."""


class ServicePlatform(PlatformConfig):
    """What the platform decides about services, beside ``replicas``, ``labels`` and ``annotations``."""

    type: Literal["Deployment", "CollaSet"] = "Deployment"
    """The kind of the workload; ``CollaSet`` needs KusionStack's operator in the cluster."""
