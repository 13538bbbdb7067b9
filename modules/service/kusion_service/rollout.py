"""How the pods of a service are replaced by those of its next version, and what each kind of workload knows of that.

Sources: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy,
https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies,
https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import model_validator

from kusion_service.scaling import Count, Percent, Policy

Kind = Literal["Deployment", "CollaSet", "StatefulSet", "DaemonSet"]

FIELDS: Mapping[str, frozenset[str]] = {
    "replicas": frozenset({"Deployment", "CollaSet", "StatefulSet"}),
    "autoscale": frozenset({"Deployment", "CollaSet", "StatefulSet"}),
    "disruption_budget": frozenset({"Deployment", "CollaSet", "StatefulSet"}),
    "update": frozenset({"Deployment", "StatefulSet", "DaemonSet"}),
    "min_ready_seconds": frozenset({"Deployment", "StatefulSet", "DaemonSet"}),
    "revision_history_limit": frozenset({"Deployment", "StatefulSet", "DaemonSet"}),
    "progress_deadline_seconds": frozenset({"Deployment"}),
    "volume_claims": frozenset({"StatefulSet"}),
}
"""The kinds of workloads that have what a field of a service says."""

_BOUNDS: Mapping[str, frozenset[str]] = {
    "max_surge": frozenset({"Deployment", "DaemonSet"}),
    "max_unavailable": frozenset({"Deployment", "StatefulSet", "DaemonSet"}),
    "partition": frozenset({"StatefulSet"}),
}
_WHOLE: Mapping[str, frozenset[str]] = {
    "Recreate": frozenset({"Deployment"}),
    "OnDelete": frozenset({"StatefulSet", "DaemonSet"}),
}


class RollingUpdate(Policy):
    """Pods are replaced a few at a time."""

    max_surge: Count | Percent | None = None
    """How many more than wanted there may be meanwhile, as a number or a share; not in a StatefulSet."""
    max_unavailable: Count | Percent | None = None
    """How many may be missing meanwhile, as a number or a share."""
    partition: Count | None = None
    """The number from which on pods of a StatefulSet are replaced; those below stay as they are."""

    @model_validator(mode="after")
    def _can_go_on(self) -> Self:
        if self.max_surge in (0, "0%") and self.max_unavailable in (0, "0%"):
            raise ValueError("with max_surge and max_unavailable both 0 no pod can ever be replaced")
        return self


Update = RollingUpdate | Literal["Recreate", "OnDelete"]
"""A few at a time; all at once (``Recreate``, a Deployment); or when somebody deletes a pod (``OnDelete``, the others)."""


def misfit(kind: Kind, update: Update) -> str | None:
    """The part of ``update`` that a kind of workload does not have; None where it has all of it."""
    if not isinstance(update, RollingUpdate):
        return None if kind in _WHOLE[update] else update
    given = (name for name in _BOUNDS if getattr(update, name) is not None)
    return next((name for name in given if kind not in _BOUNDS[name]), None)


def strategy(kind: Kind, update: Update | None) -> dict[str, Any]:
    """The fields of a workload's ``spec`` that say how it is updated, without what its kind does not have."""
    field = "strategy" if kind == "Deployment" else "updateStrategy"
    if isinstance(update, RollingUpdate):
        values = {"maxSurge": update.max_surge, "maxUnavailable": update.max_unavailable, "partition": update.partition}
        kinds = dict(zip(values, _BOUNDS.values(), strict=True))
        fitting = {name: value for name, value in values.items() if value is not None and kind in kinds[name]}
        return {field: {"type": "RollingUpdate", "rollingUpdate": fitting}} if fitting else {}
    return {field: {"type": update}} if update is not None and kind in _WHOLE[update] else {}
