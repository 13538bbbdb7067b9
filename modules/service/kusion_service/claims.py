"""Volumes that the pods of a StatefulSet keep, each its own.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#volume-claim-templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from kusion_dsl.module import Component, ObjectName
from kusion_workload.container import AbsolutePath
from kusion_workload.quantity import Quantity

AccessMode = Literal["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany", "ReadOnlyMany"]


class VolumeClaim(Component):
    """A volume for every pod, which it keeps when it is replaced, and which stays when the service is scaled down."""

    size: Quantity
    """How much it holds: ``10Gi``."""
    mounts: Annotated[Mapping[str, AbsolutePath], Field(min_length=1)]
    """Where it is mounted, by the name of the container: ``{"db": "/var/lib/postgresql/data"}``."""
    storage_class: ObjectName | None = None
    """The StorageClass; the cluster's default where there is none."""
    access_modes: Annotated[list[AccessMode], Field(min_length=1)] = ["ReadWriteOnce"]
    """How nodes may mount it."""


def claim_template(name: str, claim: VolumeClaim) -> dict[str, Any]:
    """A claim as it stands in ``volumeClaimTemplates``; parts that are not set are None."""
    return {
        "metadata": {"name": name},
        "spec": {
            "accessModes": list(claim.access_modes),
            "storageClassName": claim.storage_class,
            "resources": {"requests": {"storage": claim.size}},
        },
    }


def with_claims(containers: list[dict[str, Any]], claims: Mapping[str, VolumeClaim]) -> list[dict[str, Any]]:
    """The manifests of containers with the mounts of ``claims`` behind their own."""
    return [
        {**each, "volumeMounts": [*(each["volumeMounts"] or ()), *_mounts(each["name"], claims)] or None}
        for each in containers
    ]


def _mounts(container: str, claims: Mapping[str, VolumeClaim]) -> list[dict[str, Any]]:
    return [
        {"name": name, "mountPath": claim.mounts[container]}
        for name, claim in sorted(claims.items())
        if container in claim.mounts
    ]
