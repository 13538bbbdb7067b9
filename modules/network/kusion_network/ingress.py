"""Ingress and IngressClass: what developers write about HTTP routes into the cluster.

Source: https://kubernetes.io/docs/concepts/services-networking/ingress/.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from kusion_dsl.module import Annotations, Component, DnsLabel, Labels, ObjectName, label_problem

_HOST = re.compile(r"(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_HOST = 253


def _port(port: int | str) -> int | str:
    if isinstance(port, str) and port.isascii() and port.isdecimal():
        port = int(port)
    if isinstance(port, int) and not 1 <= port <= 65535:
        raise ValueError("a port has a number from 1 to 65535")
    if isinstance(port, str) and (problem := label_problem(port)):
        raise ValueError(f"the name of a port {problem}")
    return port


def _host(name: str) -> str:
    """Source: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/, ``host``."""
    if not _HOST.fullmatch(name) or len(name) > _LONGEST_HOST or name.replace(".", "").isdecimal():
        raise ValueError(f"'{name}' is no name of a host: write it in lower case, like shop.acme.example")
    return name


def _url_path(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError("must begin with '/'")
    return path


Text = Annotated[str, StringConstraints(min_length=1)]
"""A text that is not empty."""

Host = Annotated[str, AfterValidator(_host)]
"""The name of a host in lower case, possibly with a wildcard at its beginning: ``*.acme.example``."""

PortReference = Annotated[int | str, AfterValidator(_port)]
"""A port by its number, 1 to 65535, or by its name."""


class ServiceBackend(Component):
    """Requests go to a Service."""

    port: PortReference
    """The Service's port: its number, or, of a Service that is named, its name."""
    name: DnsLabel | None = None
    """The Service; where none is named, it is the one that this component makes for ``port``."""

    @model_validator(mode="after")
    def _named_port_of_a_named_service(self) -> Self:
        if self.name is None and isinstance(self.port, str):
            raise ValueError("a port by its name needs the name of its Service too")
        return self


class ResourceBackend(Component):
    """Requests go to another object in the namespace, like a bucket."""

    kind: Text
    """The object's kind."""
    name: ObjectName
    """The object's name."""
    api_group: Text | None = None
    """The API group of its kind; none for the core group."""


Backend = ServiceBackend | ResourceBackend
"""Where requests go."""


class IngressPath(Component):
    """Where requests for a path go."""

    path: Annotated[str, AfterValidator(_url_path)] | None = None
    """The path, from ``/`` on."""
    path_type: Literal["Exact", "Prefix", "ImplementationSpecific"] = "Prefix"
    """How it is compared: as a whole, by its parts, or as the controller likes."""
    backend: Backend
    """Where the requests go."""

    @model_validator(mode="after")
    def _has_a_path(self) -> Self:
        if self.path is None and self.path_type != "ImplementationSpecific":
            raise ValueError(f"a path is needed with the path_type {self.path_type}")
        return self


class IngressRule(Component):
    """What happens to requests for a host."""

    host: Host | None = None
    """The host, possibly with a wildcard (``*.acme.example``); all hosts where none is given."""
    paths: list[IngressPath] = Field(default_factory=list[IngressPath])
    """Where requests go by path; to the default backend where there are none."""


class IngressTLS(Component):
    """A certificate for hosts."""

    hosts: list[Host] = Field(default_factory=list[str])
    """The hosts in the certificate."""
    secret_name: ObjectName | None = None
    """The Secret with the certificate, in the namespace."""


class Ingress(Component):
    """HTTP routes into the cluster."""

    default_backend: Backend | None = None
    """Where requests go that no rule is about."""
    ingress_class_name: ObjectName | None = None
    """Which controller serves it; the cluster's default one where none is given."""
    rules: list[IngressRule] = Field(default_factory=list[IngressRule])
    """Where requests go by host and path."""
    tls: list[IngressTLS] = Field(default_factory=list[IngressTLS])
    """Certificates."""
    labels: Labels = Field(default_factory=dict[str, str])
    """Labels of the Ingress."""
    annotations: Annotations = Field(default_factory=dict[str, str])
    """Annotations of the Ingress: how controllers are told everything else."""

    @model_validator(mode="after")
    def _routes_something(self) -> Self:
        if self.default_backend is None and not self.rules:
            raise ValueError("an Ingress needs a default_backend or rules")
        return self


class IngressClassParameters(Component):
    """An object with further settings of a class of controllers."""

    kind: Text
    """The object's kind."""
    name: ObjectName
    """The object's name."""
    api_group: Text | None = None
    """The API group of its kind; none for the core group."""
    namespace: DnsLabel | None = None
    """Its namespace, where ``scope`` is ``Namespace``."""
    scope: Literal["Namespace", "Cluster"] | None = None
    """Whether it is in a namespace; ``Cluster`` in Kubernetes where nothing is said."""

    @model_validator(mode="after")
    def _namespace_fits(self) -> Self:
        if (self.scope == "Namespace") != (self.namespace is not None):
            raise ValueError("a namespace goes with the scope Namespace, and only with it")
        return self


class IngressClass(Component):
    """A class of controllers that serve Ingresses. It is no part of a namespace: one for the whole cluster."""

    controller: Text | None = None
    """The controller, like ``k8s.io/ingress-nginx``."""
    parameters: IngressClassParameters | None = None
    """Further settings."""
    labels: Labels = Field(default_factory=dict[str, str])
    """Labels of the class."""
    annotations: Annotations = Field(default_factory=dict[str, str])
    """Annotations of the class."""
