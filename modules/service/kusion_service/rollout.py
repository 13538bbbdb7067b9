"""How the pods of a service are replaced by those of its next version, and what each kind of workload knows of that.

Sources: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy,
https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies,
https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/.
"""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import model_validator

from kusion_service.scaling import Count, Pods, Policy

Kind = Literal["Deployment", "CollaSet", "StatefulSet", "DaemonSet"]

FIELDS: Mapping[str, frozenset[str]] = {
    "replicas": frozenset({"Deployment", "CollaSet", "StatefulSet"}),
    "autoscale": frozenset({"Deployment", "CollaSet", "StatefulSet"}),
    "disruption_budget": frozenset({"Deployment", "CollaSet", "StatefulSet"}),
    "update_strategy": frozenset({"Deployment", "StatefulSet", "DaemonSet"}),
    "min_ready_seconds": frozenset({"Deployment", "StatefulSet", "DaemonSet"}),
    "revision_history_limit": frozenset({"Deployment", "StatefulSet", "DaemonSet"}),
    "progress_deadline_seconds": frozenset({"Deployment"}),
}
"""The kinds of workloads that have what a field of a service says."""

_BOUNDS: Mapping[str, tuple[str, frozenset[str]]] = {
    "max_surge": ("maxSurge", frozenset({"Deployment", "DaemonSet"})),
    "max_unavailable": ("maxUnavailable", frozenset({"Deployment", "StatefulSet", "DaemonSet"})),
    "partition": ("partition", frozenset({"StatefulSet"})),
}
_TYPES: Mapping[str, frozenset[str]] = {
    "RollingUpdate": frozenset({"Deployment", "StatefulSet", "DaemonSet"}),
    "Recreate": frozenset({"Deployment"}),
    "OnDelete": frozenset({"StatefulSet", "DaemonSet"}),
}


class UpdateStrategy(Policy):
    """How pods are replaced."""

    type: Literal["RollingUpdate", "Recreate", "OnDelete"] = "RollingUpdate"
    """``RollingUpdate``: a few at a time. ``Recreate``: all at once, in a Deployment. ``OnDelete``: when somebody
    deletes them, in the other kinds."""
    max_surge: Pods | None = None
    """How many more than wanted there may be meanwhile, as a number or a share; not in a StatefulSet."""
    max_unavailable: Pods | None = None
    """How many may be missing meanwhile, as a number or a share."""
    partition: Count | None = None
    """The number from which on pods of a StatefulSet are replaced; those below stay as they are."""

    @model_validator(mode="after")
    def _bounds_fit(self) -> Self:
        if self.type != "RollingUpdate" and _given(self):
            raise ValueError(f"{next(iter(_given(self)))} goes with the type RollingUpdate, not with {self.type}")
        if self.max_surge in (0, "0%") and self.max_unavailable in (0, "0%"):
            raise ValueError("with max_surge and max_unavailable both 0 no pod can ever be replaced")
        return self


def misfit(kind: Kind, update: UpdateStrategy) -> str | None:
    """The part of ``update`` that a kind of workload does not have; None where it has all of it."""
    if kind not in _TYPES[update.type]:
        return update.type
    return next((name for name in _given(update) if kind not in _BOUNDS[name][1]), None)


def strategy(kind: Kind, update: UpdateStrategy | None) -> dict[str, Any]:
    """The fields of a workload's ``spec`` that say how it is updated, without what its kind does not have."""
    if update is None or kind not in _TYPES[update.type]:
        return {}
    given = {_BOUNDS[name][0]: value for name, value in _given(update).items() if kind in _BOUNDS[name][1]}
    field = "strategy" if kind == "Deployment" else "updateStrategy"
    return {field: {"type": update.type, "rollingUpdate": given or None}}


def _given(update: UpdateStrategy) -> dict[str, int | str]:
    values = {name: getattr(update, name) for name in _BOUNDS}
    return {name: value for name, value in values.items() if value is not None}
