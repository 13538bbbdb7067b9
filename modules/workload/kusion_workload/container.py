"""Containers and the files in them: what developers write."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo, field_validator, model_validator

from kusion_dsl import secret_ref
from kusion_dsl.module import Component, DnsLabel, ObjectName, has_token
from kusion_workload.image import Image
from kusion_workload.paths import AbsolutePath, FileMode, FilePath, is_within
from kusion_workload.ports import ContainerPort, Ports, duplicate
from kusion_workload.probes import Lifecycle, Probe, named_ports
from kusion_workload.quantity import Quantity, QuantityRange, is_at_most, split_range
from kusion_workload.security import Security, of_pods_only
from kusion_workload.storage import Mount

_VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_RESOURCE = re.compile(r"([-a-z0-9.]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")


def _variable_name(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise ValueError("a variable is named by letters, digits, '_', '-' and '.', and does not begin with a digit")
    return name


def _prefix(text: str) -> str:
    return _variable_name(text) if text else text


def _variable_value(text: str) -> str:
    """The ancestor's way to name secrets would arrive as text, which nobody who writes it means."""
    if text.startswith("secret://"):
        raise ValueError('names a Kubernetes Secret by secret_ref("name", key="..."), not by secret://')
    if text.startswith("ref://"):
        raise ValueError('names a value of the secret store by Secret("name", key="..."), not by ref://')
    return text


def _secret_ref(value: object) -> secret_ref:
    if not isinstance(value, secret_ref):
        raise ValueError('must be secret_ref("name", key="..."); declare the Secret in the workload\'s secrets')
    return value


def _resource_name(name: str) -> str:
    if not _RESOURCE.fullmatch(name):
        raise ValueError(f"'{name}' is no name of a resource, like cpu, memory or nvidia.com/gpu")
    return name


VariableName = Annotated[str, AfterValidator(_variable_name)]
"""The name of an environment variable."""

ResourceName = Annotated[str, AfterValidator(_resource_name)]
"""What a container may be given or limited to: ``cpu``, ``memory``, ``nvidia.com/gpu``."""

SecretRef = Annotated[secret_ref, PlainValidator(_secret_ref, json_schema_input_type=str)]
"""A key of a Kubernetes Secret."""


class FileSpec(Component):
    """A file in a container: text written here, or the value of a key of a Kubernetes Secret.

    It is read-only. Beside other files of the container it is mounted by itself, and so is one from a Secret; then a
    change reaches the container when it is started anew.
    """

    content: str | None = None
    """What is in the file. It is kept in a ConfigMap, readable for everybody who may read those: not for secrets."""
    content_from: SecretRef | None = None
    """Take the content from a key of a Secret: ``secret_ref("tls", key="tls.crt")``."""
    mode: FileMode = "0644"
    """The permissions, in octal, with or without a leading zero."""
    keep_directory: bool = False
    """Whether the files that the image has in the same directory stay. By default a file with content that is the only
    one of the container's ``files`` in its directory replaces that directory, and follows changes while running."""

    @field_validator("content_from")
    @classmethod
    def _no_other_token(cls, value: object) -> secret_ref | None:
        """Components let any value pass that is known later; here only one kind of them is."""
        return None if value is None else _secret_ref(value)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if not self.invalid and (self.content is None) == (self.content_from is None):
            raise ValueError("a file has either content or content_from, and not both")
        return self


class EnvFrom(Component):
    """Every key of a Kubernetes Secret or of a ConfigMap as an environment variable.

    Keys that cannot be names of variables are left out by Kubernetes.
    """

    secret: ObjectName | None = None
    """The Secret: one that is in the namespace already, or one of the workload's ``secrets``."""
    config_map: ObjectName | None = None
    """The ConfigMap, which is in the namespace already."""
    prefix: Annotated[str, AfterValidator(_prefix)] = ""
    """What stands before each key in the name of its variable: ``DB_``."""
    optional: bool = False
    """Whether the container starts without it where it does not exist."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if not self.invalid and (self.secret is None) == (self.config_map is None):
            raise ValueError("variables come from either a secret or a config_map, and not from both")
        return self


class _Container(Component):
    image: Image
    """The image, with its registry and its tag or digest."""
    command: list[str] | None = None
    """The entry point instead of the image's; no shell is involved. ``$(NAME)`` is the variable NAME."""
    args: list[str] | None = None
    """The arguments instead of the image's."""
    env: Mapping[VariableName, Annotated[str, AfterValidator(_variable_value)]] = Field(default_factory=dict[str, str])
    """Environment variables; they stand in order of their names, each after those that it uses by ``$(NAME)``, and
    after those that accessories bring. A value may be an output of an accessory or have one in it; with a ``Secret``
    in it, it is kept in a generated Kubernetes Secret; a ``secret_ref`` is the whole value."""
    env_from: list[EnvFrom] = Field(default_factory=list[EnvFrom])
    """Whole Secrets and ConfigMaps as variables; a later one wins over an earlier one, and ``env`` over all of them."""
    ports: Ports = Field(default_factory=dict[str, int | ContainerPort])
    """The ports on which it listens by name: ``{"http": 8080}``; probes, Services and monitoring can use the names."""
    working_dir: AbsolutePath | None = None
    """The directory in which the program starts, instead of the image's."""
    resources: Mapping[ResourceName, QuantityRange] = Field(default_factory=dict[str, str])
    """Limits by resource (``{"memory": "512Mi"}``), or requests and limits (``{"cpu": "500m-1"}``)."""
    requests: Mapping[ResourceName, Quantity] = Field(default_factory=dict[str, str])
    """Requests by resource, with or without a limit in ``resources``: what the scheduler keeps free."""
    files: Mapping[FilePath, FileSpec] = Field(default_factory=dict[str, FileSpec])
    """Files by path."""
    dirs: Mapping[AbsolutePath, ObjectName] = Field(default_factory=dict[str, str])
    """Directories by path, each with a file for every key of the Kubernetes Secret that is named."""
    mounts: Mapping[AbsolutePath, DnsLabel | Mount] = Field(default_factory=dict[str, str | Mount])
    """The workload's ``volumes`` by the path where the container has them: ``{"/data": "data"}``."""
    security: Security | None = None
    """What the container may do, where that is not what the workload's ``security`` says: field by field."""

    @field_validator("ports")
    @classmethod
    def _ports_differ(cls, ports: Ports) -> Ports:
        name = duplicate(ports)
        if name is not None:
            raise ValueError(f"'{name}' has the number and protocol of another port")
        return ports

    @field_validator("requests")
    @classmethod
    def _requests_fit(cls, requests: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
        for name, request in requests.items():
            low, limit = split_range(info.data.get("resources", {}).get(name, ""))
            if low is not None:
                raise ValueError(f"{name} has a request in resources ({low}-{limit}) already")
            if limit and not is_at_most(request, limit):
                raise ValueError(f"the request of {name}, {request}, is more than its limit, {limit}")
        return requests

    @field_validator("dirs")
    @classmethod
    def _dirs_are_free(cls, dirs: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
        for path in info.data.get("files", {}):
            inside = next((directory for directory in dirs if is_within(path, directory)), None)
            if inside is not None:
                raise ValueError(f"the file {path} lies in {inside}, which has nothing but the keys of a Secret")
        return dirs

    @field_validator("mounts")
    @classmethod
    def _mounts_are_free(cls, mounts: Mapping[str, str | Mount], info: ValidationInfo) -> Mapping[str, str | Mount]:
        for field in ("files", "dirs"):
            taken = next((path for path in mounts if path in info.data.get(field, {})), None)
            if taken is not None:
                raise ValueError(f"{taken} is in {field} too")
        for path in mounts:
            inside = next((each for each in info.data.get("dirs", {}) if is_within(path, each)), None)
            if inside is not None:
                raise ValueError(f"{path} lies in {inside}, which has nothing but the keys of a Secret")
        return mounts

    @field_validator("security")
    @classmethod
    def _of_one_container(cls, security: Security | None) -> Security | None:
        field = of_pods_only(security) if security else None
        if field:
            raise ValueError(f"{field} is of the whole pod: set it in the workload's security")
        return security


class LongRunning(Component):
    """What a container has that goes on running: probes and hooks."""

    liveness_probe: Probe | None = None
    """Whether the container must be restarted."""
    readiness_probe: Probe | None = None
    """Whether it gets requests."""
    startup_probe: Probe | None = None
    """Whether it has started; the other probes wait for that."""
    lifecycle: Lifecycle | None = None
    """What is called when it starts and before it stops."""

    @field_validator("liveness_probe", "readiness_probe", "startup_probe", "lifecycle")
    @classmethod
    def _ports_are_known(cls, asking: Probe | Lifecycle | None, info: ValidationInfo) -> Probe | Lifecycle | None:
        known: Ports = info.data.get("ports", {})
        for name in named_ports(asking) if asking is not None and not asking.invalid else ():
            if name not in known and not has_token(name):
                there = f"its ports are {', '.join(known)}" if known else 'name it in ports={"http": 8080}'
                raise ValueError(f"the container has no port named '{name}'; {there}")
        return asking

    @field_validator("liveness_probe", "startup_probe")
    @classmethod
    def _one_success(cls, probe: Probe | None) -> Probe | None:
        if probe is not None and not probe.invalid and probe.success_threshold not in (None, 1):
            raise ValueError("success_threshold can only be 1, but for a readiness probe")
        return probe

    @field_validator("readiness_probe")
    @classmethod
    def _stops_nothing(cls, probe: Probe | None) -> Probe | None:
        if probe is not None and not probe.invalid and probe.termination_grace_period_seconds is not None:
            raise ValueError("a readiness probe stops nothing and takes no termination_grace_period_seconds")
        return probe


class Container(LongRunning, _Container):
    """A container of a workload."""


class InitContainer(_Container):
    """Runs to its end before the containers of the pod are started."""


class Sidecar(LongRunning, InitContainer):
    """Among a workload's ``init_containers``: one that goes on running beside the containers, and ends after them.

    Those after it wait until it has started, and until its startup probe is satisfied.
    Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/.
    """
