"""How many pods of a service there are, and how many of them may be missing at a time.

Sources: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/,
https://kubernetes.io/docs/tasks/run-application/configure-pdb/.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from kusion_dsl.module import Component, Context, Resource

_PERCENT = re.compile(r"(100|[1-9]?[0-9])%")


def _number_or_share(value: int | str) -> int | str:
    if (isinstance(value, int) and value < 0) or (isinstance(value, str) and not _PERCENT.fullmatch(value)):
        raise ValueError(f"'{value}' is neither a number of pods, like 1, nor a share of them, like 25%")
    return value


Pods = Annotated[int | str, AfterValidator(_number_or_share)]
"""A number of pods, or a share of them: ``25%``."""

Count = Annotated[int, Field(ge=0)]
"""A number of pods."""


class Policy(Component):
    """What developers write, and the platform under the same names in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True)


class Autoscale(Policy):
    """As many pods as the load needs, by a HorizontalPodAutoscaler."""

    min: Annotated[int, Field(ge=1)] = 1
    """The least number of pods."""
    max: Annotated[int, Field(ge=1)]
    """The greatest number of pods."""
    cpu: Annotated[int, Field(ge=1)] | None = None
    """The CPU that pods are to use on average, in percent of what their containers request."""
    memory: Annotated[int, Field(ge=1)] | None = None
    """The memory that pods are to use on average, in percent of what their containers request."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min is {self.min}, more than max, which is {self.max}")
        if self.cpu is None and self.memory is None:
            raise ValueError("needs something to measure: cpu=70, or memory=80, in percent of the requests")
        return self


class DisruptionBudget(Policy):
    """How many pods may be missing while nodes are drained, by a PodDisruptionBudget. One of its fields is given."""

    min_available: Pods | None = None
    """How many pods must stay, as a number or a share."""
    max_unavailable: Pods | None = None
    """How many pods may be missing, as a number or a share."""

    @model_validator(mode="after")
    def _is_one_bound(self) -> Self:
        if (self.min_available is None) == (self.max_unavailable is None):
            raise ValueError("give min_available or max_unavailable, one of them")
        return self


def autoscaler(autoscale: Autoscale, workload: Resource, ctx: Context) -> Resource:
    """The HorizontalPodAutoscaler of a workload."""
    target = {
        "apiVersion": workload.attributes["apiVersion"],
        "kind": workload.attributes["kind"],
        "name": workload.name,
    }
    manifest = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": ctx.metadata(ctx.name(), labels=ctx.labels),
        "spec": {
            "scaleTargetRef": target,
            "minReplicas": autoscale.min,
            "maxReplicas": autoscale.max,
            "metrics": list(_metrics(autoscale)),
        },
    }
    return Resource("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", ctx.name(), manifest, depends_on=[workload])


def _metrics(autoscale: Autoscale) -> Iterator[dict[str, Any]]:
    for name, percent in (("cpu", autoscale.cpu), ("memory", autoscale.memory)):
        if percent is not None:
            target = {"type": "Utilization", "averageUtilization": percent}
            yield {"type": "Resource", "resource": {"name": name, "target": target}}


def disruption_budget(budget: DisruptionBudget, ctx: Context) -> Resource:
    """The PodDisruptionBudget of the application's pods."""
    bounds = {"minAvailable": budget.min_available, "maxUnavailable": budget.max_unavailable}
    return Resource.manifest(
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": ctx.metadata(ctx.name(), labels=ctx.labels),
            "spec": {"selector": {"matchLabels": ctx.labels}, **bounds},
        }
    )
