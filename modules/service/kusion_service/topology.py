"""How pods are spread over nodes, zones and other parts of a cluster.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from kusion_dsl.module import Component, Labels, MetadataKey


class LabelSelectorRequirement(Component):
    """A condition on one label of a pod."""

    key: MetadataKey
    """The label."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How its value relates to ``values``."""
    values: list[str] = Field(default_factory=list[str])
    """The values, with ``In`` and ``NotIn``."""

    @model_validator(mode="after")
    def _values_fit(self) -> Self:
        if (self.operator in ("In", "NotIn")) != bool(self.values):
            raise ValueError("values go with the operators In and NotIn, and only with them")
        return self


class LabelSelector(Component):
    """Which pods are counted: those that fulfil all of it."""

    match_labels: Labels = Field(default_factory=dict[str, str])
    """Labels that a pod must have, with these values."""
    match_expressions: list[LabelSelectorRequirement] = Field(default_factory=list[LabelSelectorRequirement])
    """Further conditions."""


class TopologySpreadConstraint(Component):
    """How evenly pods are spread."""

    max_skew: Annotated[int, Field(ge=1)]
    """By how many pods two domains may differ."""
    topology_key: MetadataKey
    """The label of nodes whose values are the domains, like ``topology.kubernetes.io/zone``."""
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"]
    """What happens to a pod that would break it."""
    label_selector: LabelSelector | None = None
    """Which pods are counted; without one none are, and the constraint has no effect."""
    match_label_keys: list[MetadataKey] = Field(default_factory=list[str])
    """Labels whose values a counted pod must share with the new one, like ``pod-template-hash``."""
    min_domains: Annotated[int, Field(ge=1)] | None = None
    """The least number of domains; with ``DoNotSchedule`` only."""
    node_affinity_policy: Literal["Ignore", "Honor"] | None = None
    """Whether nodes that the pod's affinity excludes count."""
    node_taints_policy: Literal["Ignore", "Honor"] | None = None
    """Whether nodes that the pod does not tolerate count."""

    @model_validator(mode="after")
    def _keys_need_a_selector(self) -> Self:
        if self.match_label_keys and self.label_selector is None:
            raise ValueError("match_label_keys needs a label_selector")
        return self


def constraint_manifest(constraint: TopologySpreadConstraint) -> dict[str, Any]:
    """A constraint as it stands in a manifest; parts that are not set are None."""
    return {
        "maxSkew": constraint.max_skew,
        "topologyKey": constraint.topology_key,
        "whenUnsatisfiable": constraint.when_unsatisfiable,
        "labelSelector": _selector(constraint.label_selector) if constraint.label_selector else None,
        "matchLabelKeys": constraint.match_label_keys or None,
        "minDomains": constraint.min_domains,
        "nodeAffinityPolicy": constraint.node_affinity_policy,
        "nodeTaintsPolicy": constraint.node_taints_policy,
    }


def _selector(selector: LabelSelector) -> dict[str, Any]:
    expressions = [
        {"key": each.key, "operator": each.operator, "values": each.values or None}
        for each in selector.match_expressions
    ]
    return {"matchLabels": selector.match_labels or None, "matchExpressions": expressions or None}
