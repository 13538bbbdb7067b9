"""Ports of containers, and their names.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports; names are those of services
in RFC 6335, section 5.1.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from kusion_dsl.module import Component, PortNumber

_NAME = re.compile(r"(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_HIGHEST = 65535


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"'{text}' is no name of a port: use at most 15 lower-case letters, digits and single '-' between them, "
            "with a letter among them"
        )
    return text


def _reference(port: int | str) -> int | str:
    if isinstance(port, str) and not (port.isascii() and port.isdecimal()):
        return _name(port)
    number = int(port)
    if not 1 <= number <= _HIGHEST:
        raise ValueError(f"Input should be from 1 to {_HIGHEST}, or the name of a port of the container")
    return port if isinstance(port, int) else number


PortName = Annotated[str, AfterValidator(_name)]
"""The name of a port: ``http``, ``grpc-web``."""

PortReference = Annotated[int | str, AfterValidator(_reference)]
"""A port of a container: its number, or the name that it has in the container's ``ports``."""


class ContainerPort(Component):
    """A port on which a container listens."""

    port: PortNumber
    """The number: 1 to 65535."""
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    """The protocol above IP."""


Ports = Mapping[PortName, PortNumber | ContainerPort]
"""Ports by name: ``{"http": 8080, "dns": ContainerPort(port=53, protocol="UDP")}``."""


def duplicate(ports: Ports) -> str | None:
    """The name of a port that has the number and protocol of another one; None where all differ."""
    names: dict[tuple[int, str], str] = {}
    for name, port in ports.items():
        if isinstance(port, ContainerPort) and port.invalid:
            continue
        if names.setdefault(_number_and_protocol(port), name) != name:
            return name
    return None


def ports_manifest(ports: Ports) -> list[dict[str, Any]]:
    """The ``ports`` of a container, in order of their names."""
    found = ((name, *_number_and_protocol(port)) for name, port in sorted(ports.items()))
    return [{"name": name, "containerPort": number, "protocol": protocol} for name, number, protocol in found]


def _number_and_protocol(port: int | ContainerPort) -> tuple[int, str]:
    return (port.port, port.protocol) if isinstance(port, ContainerPort) else (port, "TCP")
