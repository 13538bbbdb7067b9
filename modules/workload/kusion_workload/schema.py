"""What developers write about every workload that runs in pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from kusion_dsl.module import Annotations, DnsLabel, LabelValue, MetadataKey, ObjectName, Workload, dev_overrides
from kusion_workload.container import Container
from kusion_workload.secrets import SecretSpec

_SELECTING = ("app.kubernetes.io/name", "app.kubernetes.io/part-of")


def _not_selecting(key: str) -> str:
    if key in _SELECTING:
        raise ValueError("is how the application's pods are found, and cannot be set")
    return key


WorkloadLabels = Mapping[Annotated[MetadataKey, AfterValidator(_not_selecting)], LabelValue]
"""Labels of a workload: any but those by which its pods are found."""


class PodWorkload(Workload):
    """Something that runs in pods; the base of what developers write about one kind of it."""

    containers: Mapping[DnsLabel, Container] = Field(min_length=1)
    """The containers of each pod by name."""
    labels: Annotated[WorkloadLabels, dev_overrides] = Field(default_factory=dict[str, str])
    """Labels of the workload and its pods, and of what other modules make for them."""
    annotations: Annotated[Annotations, dev_overrides] = Field(default_factory=dict[str, str])
    """Annotations of the workload and its pods, and of what other modules make for them."""
    secrets: Mapping[ObjectName, SecretSpec] = Field(default_factory=dict[str, SecretSpec])
    """Kubernetes Secrets to be made in the namespace, by name."""
