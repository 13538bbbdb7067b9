"""What developers write about a long-running service, and what the platform decides about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from kusion_dsl.module import PlatformConfig, dev_overrides
from kusion_service.topology import TopologySpreadConstraint
from kusion_workload import PodWorkload

Replicas = Annotated[int, Field(ge=0)]
"""How many pods."""


class Service(PodWorkload):
    """A service that runs until it is told otherwise."""

    replicas: Annotated[Replicas | None, dev_overrides] = None
    """How many pods; 1 in Kubernetes where neither the developer nor the platform says."""
    topology_spread_constraints: Mapping[str, TopologySpreadConstraint] = Field(
        default_factory=dict[str, TopologySpreadConstraint]
    )
    """How the pods are spread over the cluster; the names are the author's own."""


class ServicePlatform(PlatformConfig):
    """What the platform decides about services, beside ``replicas``, ``labels`` and ``annotations``."""

    type: Literal["Deployment", "CollaSet"] = "Deployment"
    """The kind of the workload; ``CollaSet`` needs KusionStack's operator in the cluster."""
