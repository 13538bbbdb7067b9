"""On which nodes pods may run.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ and
https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from kusion_dsl.module import Component, Labels, LabelValue, MetadataKey

_HIGHEST_WEIGHT = 100
_HOST = "kubernetes.io/hostname"


class Toleration(Component):
    """Lets pods run on nodes that have a taint; it does not make them run there."""

    key: MetadataKey | None = None
    """The taint; without one, every taint."""
    value: LabelValue | None = None
    """The taint's value; without one, any."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """The taint's effect; without one, any."""
    seconds: int | None = None
    """How long a running pod stays when a node gets the taint, with ``NoExecute``; without it, for good."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.invalid:
            return self
        if self.value is not None and self.key is None:
            raise ValueError("a value is that of a key: give the key too")
        if self.seconds is not None and self.effect != "NoExecute":
            raise ValueError("seconds go with the effect NoExecute only")
        return self


class NodeRequirement(Component):
    """A condition on one label of a node."""

    key: MetadataKey
    """The label."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    """How its value relates to ``values``; ``Gt`` and ``Lt`` compare whole numbers."""
    values: list[str] = Field(default_factory=list[str])
    """The values: any number with ``In`` and ``NotIn``, one with ``Gt`` and ``Lt``."""

    @model_validator(mode="after")
    def _values_fit(self) -> Self:
        if self.invalid:
            return self
        if (self.operator in ("In", "NotIn", "Gt", "Lt")) != bool(self.values):
            raise ValueError("values go with the operators In, NotIn, Gt and Lt, and only with them")
        if self.operator in ("Gt", "Lt") and (len(self.values) > 1 or not self.values[0].lstrip("-").isdecimal()):
            raise ValueError(f"{self.operator} compares with one whole number")
        return self


class NodePreference(Component):
    """Nodes that are better than others."""

    nodes: list[NodeRequirement] = Field(min_length=1)
    """What such a node fulfils, all of it."""
    weight: Annotated[int, Field(ge=1, le=_HIGHEST_WEIGHT)] = _HIGHEST_WEIGHT
    """How much better: 1 to 100."""


class Neighbours(Component):
    """Pods that a pod is to be near to, or away from."""

    labels: Labels = Field(default_factory=dict[str, str])
    """The labels of those pods; without any, the application's own pods."""
    topology_key: MetadataKey = _HOST
    """The label of nodes whose values say what is near: by default the same node; ``topology.kubernetes.io/zone``."""
    required: bool = False
    """Whether a pod is not run at all where that cannot be."""
    weight: Annotated[int, Field(ge=1, le=_HIGHEST_WEIGHT)] = _HIGHEST_WEIGHT
    """How much it counts beside other wishes where it is not required: 1 to 100."""


class Affinity(Component):
    """Where pods are to run, where ``node_selector`` does not say enough."""

    nodes: list[NodeRequirement] = Field(default_factory=list[NodeRequirement])
    """What a node must fulfil, all of it."""
    preferred_nodes: list[NodePreference] = Field(default_factory=list[NodePreference])
    """Nodes that are better than others."""
    near: list[Neighbours] = Field(default_factory=list[Neighbours])
    """Pods to be near to."""
    apart: list[Neighbours] = Field(default_factory=list[Neighbours])
    """Pods to be away from: ``[Neighbours()]`` puts the application's pods on different nodes where it can."""


def toleration_manifest(toleration: Toleration) -> dict[str, Any]:
    """A toleration as it stands in a manifest; parts that are not set are None."""
    return {
        "key": toleration.key,
        "operator": "Exists" if toleration.value is None else "Equal",
        "value": toleration.value,
        "effect": toleration.effect,
        "tolerationSeconds": toleration.seconds,
    }


def affinity_manifest(affinity: Affinity, own_labels: Mapping[str, str]) -> dict[str, Any]:
    """An affinity as it stands in a manifest; ``own_labels`` select the application's pods."""
    parts = {
        "nodeAffinity": _nodes(affinity),
        "podAffinity": _pods(affinity.near, own_labels),
        "podAntiAffinity": _pods(affinity.apart, own_labels),
    }
    return {name: part for name, part in parts.items() if part}


def _nodes(affinity: Affinity) -> dict[str, Any]:
    required = {"nodeSelectorTerms": [_term(affinity.nodes)]} if affinity.nodes else None
    preferred = [{"weight": each.weight, "preference": _term(each.nodes)} for each in affinity.preferred_nodes]
    return _by_force(required, preferred)


def _term(requirements: Sequence[NodeRequirement]) -> dict[str, Any]:
    expressions = [{"key": each.key, "operator": each.operator, "values": each.values or None} for each in requirements]
    return {"matchExpressions": expressions}


def _pods(neighbours: Sequence[Neighbours], own_labels: Mapping[str, str]) -> dict[str, Any]:
    terms = [
        (each, {"labelSelector": {"matchLabels": dict(each.labels or own_labels)}, "topologyKey": each.topology_key})
        for each in neighbours
    ]
    required = [term for each, term in terms if each.required]
    preferred = [{"weight": each.weight, "podAffinityTerm": term} for each, term in terms if not each.required]
    return _by_force(required, preferred)


def _by_force(required: Any, preferred: list[dict[str, Any]]) -> dict[str, Any]:
    rules = {
        "requiredDuringSchedulingIgnoredDuringExecution": required,
        "preferredDuringSchedulingIgnoredDuringExecution": preferred,
    }
    return {name: rule for name, rule in rules.items() if rule}
