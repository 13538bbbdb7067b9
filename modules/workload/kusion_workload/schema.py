"""What developers write about every workload that runs in pods."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from kusion_dsl.module import (
    Annotations,
    DnsLabel,
    Labels,
    LabelValue,
    MetadataKey,
    ObjectName,
    Workload,
    dev_overrides,
    union,
)
from kusion_workload.container import Container, InitContainer, Sidecar
from kusion_workload.paths import is_within
from kusion_workload.scheduling import Affinity, Toleration
from kusion_workload.secrets import SecretSpec
from kusion_workload.security import Security, effective
from kusion_workload.service_account import ServiceAccount
from kusion_workload.storage import FIXED, Mount, Volume, volume_of

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
    init_containers: Mapping[DnsLabel, InitContainer | Sidecar] = Field(
        default_factory=dict[str, InitContainer | Sidecar]
    )
    """Containers that are started before the others, in this order: an ``InitContainer`` runs to its end before what
    follows it is started, a ``Sidecar`` goes on beside them."""
    volumes: Mapping[DnsLabel, Volume] = Field(default_factory=dict[str, Volume])
    """What containers can have in their ``mounts``, by name."""
    security: Annotated[Security | None, dev_overrides] = None
    """What the containers may do: ``"restricted"`` is neither to run as root nor to become it, to have none of root's
    rights, to write only to volumes, and to use the system calls that the container runtime allows by default; a
    ``SecurityContext`` says it in detail. Many images need to be made for it: one that runs as root is not started."""
    service_account: ObjectName | ServiceAccount | None = None
    """As whom the pods speak to Kubernetes: the name of a service account that is in the namespace already, or a
    ``ServiceAccount`` to be made; the namespace's default one where none is given."""
    automount_service_account_token: bool | None = None
    """Whether containers find a token of that account; Kubernetes gives them one unless the account says otherwise."""
    image_pull_secrets: Annotated[list[ObjectName], union] = Field(default_factory=list[str])
    """Secrets in the namespace with which images are got from private registries."""
    node_selector: Annotated[Labels, dev_overrides] = Field(default_factory=dict[str, str])
    """Labels that a node must have: ``{"kubernetes.io/arch": "arm64"}``."""
    tolerations: Annotated[list[Toleration], union] = Field(default_factory=list[Toleration])
    """Taints that do not keep the pods from a node."""
    affinity: Affinity | None = None
    """Where the pods are to run, where ``node_selector`` does not say enough."""
    termination_grace_period_seconds: Annotated[int, Field(ge=0)] | None = None
    """Seconds that the containers get to stop before they are killed; 30 in Kubernetes."""

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        problem = next(problems(self), None)
        if problem:
            raise ValueError(problem)
        return self


def problems(workload: PodWorkload) -> Iterator[str]:
    """What is wrong between parts of a workload, each of which is right by itself."""
    ports: dict[str, str] = {}
    for field, name, container in _containers(workload):
        where = f"{field}.{name}"
        if field == "init_containers" and name in workload.containers:
            yield f"{where} has the name of one of the containers"
        for port in container.ports:
            if ports.setdefault(port, where) != where:
                yield f"{where} has a port named '{port}', and so has {ports[port]}: names are unique in a pod"
        try:
            effective(workload.security, container.security)
        except ValueError as error:
            yield f"{where}.security: {error}"
        yield from _wrong_mounts(workload, where, container)


def _containers(workload: PodWorkload) -> Iterator[tuple[str, str, InitContainer | Container]]:
    for name, container in workload.containers.items():
        if not container.invalid:
            yield "containers", name, container
    for name, first in workload.init_containers.items():
        if not first.invalid:
            yield "init_containers", name, first


def _wrong_mounts(workload: PodWorkload, where: str, container: InitContainer | Container) -> Iterator[str]:
    for path, mount in container.mounts.items():
        if isinstance(mount, Mount) and mount.invalid:
            continue
        name = volume_of(mount)
        volume = workload.volumes.get(name)
        if volume is None:
            known = f"there are {', '.join(workload.volumes)}" if workload.volumes else "the workload has no volumes"
            yield f"{where}.mounts[\"{path}\"]: there is no volume '{name}'; {known}"
        elif isinstance(volume, FIXED):
            others = (each for each in (*container.files, *container.dirs, *container.mounts) if each != path)
            inside = next((each for each in others if is_within(each, path)), None)
            if inside is not None:
                yield f"{where}: {inside} lies in {path}, where '{name}' has its keys and nothing else can be"
