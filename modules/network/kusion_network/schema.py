"""What developers write about how a workload is reached, and what the platform decides about it."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from kusion_dsl.module import Accessory, Annotations, Component, Labels, PlatformConfig, PortNumber, output
from kusion_network.ingress import Ingress, IngressClass, PortReference


class Port(Component):
    """A port under which the workload is reached."""

    port: PortNumber = 80
    """The port of the Service: 1 to 65535."""
    target_port: PortReference | None = None
    """The port of the container: its number, or its name in the container's ``ports``; the same number where none is
    given."""
    protocol: Literal["TCP", "UDP"] = "TCP"
    """The protocol."""
    public: bool = False
    """Whether it is reached from outside of the cluster, through a load balancer."""


def _different(ports: list[Port]) -> list[Port]:
    seen: set[tuple[int, str, bool]] = set()
    for each in ports:
        if each.invalid:
            continue
        if (key := (each.port, each.protocol, each.public)) in seen:
            kind = "public" if each.public else "private"
            raise ValueError(f"the {kind} port {each.port}/{each.protocol} is there twice")
        seen.add(key)
    return ports


class Network(Accessory):
    """How a workload is reached: inside of the cluster, from outside, and by HTTP routes."""

    ports: Annotated[list[Port], AfterValidator(_different)] = Field(default_factory=list[Port])
    """The ports; private ones and public ones are in a Service each."""
    ingress: Ingress | None = None
    """HTTP routes."""
    ingress_class: IngressClass | None = None
    """A class of controllers; an Ingress uses it by its name only."""

    host: ClassVar[output] = output("The name under which other workloads of the namespace reach this one.")


class PublicPorts(PlatformConfig):
    """How ports are made public."""

    type: Literal["aws", "alicloud"] | None = None
    """Without effect: a cloud is told by ``annotations`` which load balancer to use. Taken because the ancestor's
    workspaces say it."""
    labels: Labels = Field(default_factory=dict[str, str])
    """Labels of the public Service."""
    annotations: Annotations = Field(default_factory=dict[str, str])
    """Annotations of the public Service: how the cloud is told which load balancer."""


class NetworkPlatform(PlatformConfig):
    """What the platform decides about networks."""

    port: PublicPorts = Field(default_factory=PublicPorts)
    """How ports are made public."""
