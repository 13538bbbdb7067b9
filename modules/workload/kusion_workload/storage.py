"""Volumes of a pod, and where containers have them: what developers write.

Source: https://kubernetes.io/docs/concepts/storage/volumes/ and
https://kubernetes.io/docs/concepts/storage/persistent-volumes/.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from kusion_dsl.module import Component, DnsLabel, ObjectName
from kusion_workload.paths import FileMode, FileName, RelativePath
from kusion_workload.quantity import Quantity

AccessMode = Literal["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"]


class EmptyDir(Component):
    """An empty directory that lives as long as the pod; its containers share it."""

    size: Quantity | None = None
    """How much fits, like ``1Gi``; a pod that writes more is stopped. By default, what the node has."""
    memory: bool = False
    """Whether it is kept in memory, and counts as the memory of its containers."""


class Claim(Component):
    """A disk that outlives the pod: a PersistentVolumeClaim, made for the application; one for each pod of a StatefulSet."""

    size: Quantity
    """How big it is, like ``10Gi``. It can grow where the storage class allows it, and never shrink."""
    storage_class: ObjectName | None = None
    """The kind of storage; the cluster's default one where none is given."""
    access_modes: Annotated[tuple[AccessMode, ...], Field(min_length=1)] = ("ReadWriteOnce",)
    """Who may use it at a time: ``ReadWriteOnce`` is one node, ``ReadWriteOncePod`` one pod, ``...Many`` any."""
    retain: bool = False
    """Whether the claim stays when it goes from the application, or all of it is destroyed; those of a StatefulSet's
    pods always do."""

    @field_validator("access_modes")
    @classmethod
    def _alone(cls, modes: tuple[AccessMode, ...]) -> tuple[AccessMode, ...]:
        if "ReadWriteOncePod" in modes and len(modes) > 1:
            raise ValueError("ReadWriteOncePod stands alone")
        return modes


class ExistingClaim(Component):
    """A PersistentVolumeClaim that is in the namespace already."""

    name: ObjectName
    """Its name."""
    read_only: bool = False
    """Whether no container may write to it."""


class ConfigMapVolume(Component):
    """A directory with a file for every key of a ConfigMap; read-only."""

    data: Mapping[FileName, str] = Field(default_factory=dict[str, str])
    """The files by name: a ConfigMap is made of them, readable for everybody who may read those."""
    name: ObjectName | None = None
    """The name of a ConfigMap that is in the namespace already, instead of ``data``."""
    mode: FileMode = "0644"
    """The permissions of the files, in octal."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if not self.invalid and bool(self.data) == (self.name is not None):
            raise ValueError("a ConfigMapVolume has either data or the name of a ConfigMap, and not both")
        return self


class SecretVolume(Component):
    """A directory with a file for every key of a Kubernetes Secret; read-only."""

    name: ObjectName
    """The Secret: one that is in the namespace already, or one of the workload's ``secrets``."""
    mode: FileMode = "0644"
    """The permissions of the files, in octal."""


Volume = EmptyDir | Claim | ExistingClaim | ConfigMapVolume | SecretVolume
"""What containers of a pod can have as a directory."""

FIXED = (ConfigMapVolume, SecretVolume)
"""Volumes in which nothing else can be mounted: the kubelet cannot make a directory there."""


class Mount(Component):
    """Where a container has a volume, if its name does not say enough."""

    volume: DnsLabel
    """The name of the volume in the workload's ``volumes``."""
    sub_path: RelativePath | None = None
    """The directory or file in the volume that is mounted, instead of all of it; it does not follow changes of a
    ConfigMap or Secret."""
    read_only: bool = False
    """Whether the container may only read it."""


def volume_of(mount: str | Mount) -> str:
    """The name of the volume that is mounted."""
    return mount.volume if isinstance(mount, Mount) else mount


def mount_manifest(path: str, mount: str | Mount) -> dict[str, Any]:
    """A mount as it stands in a container; parts that are not set are None."""
    if not isinstance(mount, Mount):
        return {"name": mount, "mountPath": path}
    return {
        "name": mount.volume,
        "mountPath": path,
        "subPath": mount.sub_path,
        "readOnly": mount.read_only or None,
    }


def claim_spec(claim: Claim) -> dict[str, Any]:
    """The ``spec`` of a PersistentVolumeClaim; parts that are not set are None."""
    return {
        "accessModes": list(claim.access_modes),
        "storageClassName": claim.storage_class,
        "resources": {"requests": {"storage": claim.size}},
    }
