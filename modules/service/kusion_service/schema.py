"""What developers write about a long-running service, and what the platform decides about it."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kusion_dsl.module import PlatformConfig, dev_overrides
from kusion_service.rollout import FIELDS, Kind, UpdateStrategy, misfit
from kusion_service.scaling import Autoscale, Count, DisruptionBudget
from kusion_service.topology import TopologySpreadConstraint
from kusion_workload import PodWorkload

Replicas = Annotated[int, Field(ge=0)]
"""How many pods."""


class Service(PodWorkload):
    """A service that runs until it is told otherwise."""

    kind: Literal["StatefulSet", "DaemonSet"] | None = None
    """``StatefulSet``: pods with names of their own, and a volume of their own for each ``Claim``. ``DaemonSet``: one
    pod on every node. Without one the platform chooses between a Deployment and a CollaSet."""
    replicas: Annotated[Replicas | None, dev_overrides] = None
    """How many pods; 1 in Kubernetes where neither the developer nor the platform says."""
    autoscale: Annotated[Autoscale | None, dev_overrides] = None
    """As many pods as the load needs, instead of ``replicas``. The platform's goes before its own ``replicas``, and after
    those of the developer."""
    disruption_budget: Annotated[DisruptionBudget | None, dev_overrides] = None
    """How many pods may be missing while nodes are drained."""
    update_strategy: Annotated[UpdateStrategy | None, dev_overrides] = None
    """How pods are replaced by those of the next version."""
    min_ready_seconds: Annotated[Count | None, dev_overrides] = None
    """For how many seconds a new pod must be ready before it counts."""
    revision_history_limit: Annotated[Count | None, dev_overrides] = None
    """How many earlier versions Kubernetes keeps."""
    progress_deadline_seconds: Annotated[Annotated[int, Field(ge=1)] | None, dev_overrides] = None
    """After how many seconds without progress an update of a Deployment has failed."""
    topology_spread_constraints: Mapping[str, TopologySpreadConstraint] = Field(
        default_factory=dict[str, TopologySpreadConstraint]
    )
    """How the pods are spread over the cluster; the names are the author's own."""

    @model_validator(mode="after")
    def _fields_fit(self) -> Self:
        if self.autoscale is not None and self.replicas is not None:
            raise ValueError("autoscale decides how many pods there are: leave out replicas, or set it to None")
        deadline = self.progress_deadline_seconds
        if deadline is not None and deadline <= (self.min_ready_seconds or 0):
            raise ValueError("progress_deadline_seconds must be more than min_ready_seconds")
        problem = unfit(self, self.kind or "Deployment")
        if problem is not None:
            raise ValueError(problem)
        return self


def unfit(service: Service, kind: Kind) -> str | None:
    """What is wrong with a service's fields where it is to be a workload of ``kind``; None if they fit."""
    for name, kinds in FIELDS.items():
        if getattr(service, name) is not None and kind not in kinds:
            others = " or ".join(sorted(kinds))
            return f"a {kind} has no {name}, only a {others}"
    wrong = misfit(kind, service.update_strategy) if service.update_strategy is not None else None
    return f"the update_strategy of a {kind} has no {wrong}" if wrong else None


class ServicePlatform(PlatformConfig):
    """What the platform decides about services, beside the fields that developers may set too."""

    type: Literal["Deployment", "CollaSet"] = "Deployment"
    """The kind of the workload where the developer has chosen none; ``CollaSet`` needs KusionStack's operator in the
    cluster."""
