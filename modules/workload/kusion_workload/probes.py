"""How a container is asked whether it is well, and what is called when it starts and stops.

Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from kusion_dsl.module import Component
from kusion_workload.ports import PortReference

_HEADER = re.compile(r"[-A-Za-z0-9]+")
_DEFAULT_PORTS = {"HTTP": 80, "HTTPS": 443}


def _header_name(name: str) -> str:
    if not _HEADER.fullmatch(name):
        raise ValueError(f"'{name}' is no name of an HTTP header: use letters, digits and '-'")
    return name


def _url_path(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError("must begin with '/'")
    return path


class _Exec(Component):
    command: list[str] = Field(min_length=1)
    """The program and its arguments; exit status 0 means that all is well. No shell is involved."""

    def action(self) -> dict[str, Any]:
        """The part of a probe or hook that says what to do."""
        return {"exec": {"command": self.command}}


class _HttpGet(Component):
    path: Annotated[str, AfterValidator(_url_path)] | None = None
    """The path to get; Kubernetes gets ``/`` where none is given."""
    port: PortReference | None = None
    """The port of the container: 1 to 65535, or its name. 80 where none is given, 443 with HTTPS."""
    scheme: Literal["HTTP", "HTTPS"] = "HTTP"
    """Certificates are not checked with HTTPS."""
    host: str | None = None
    """The host to ask instead of the pod."""
    headers: Mapping[Annotated[str, AfterValidator(_header_name)], str] = Field(default_factory=dict[str, str])
    """HTTP headers to send."""

    def action(self) -> dict[str, Any]:
        """The part of a probe or hook that says what to do."""
        headers = [{"name": name, "value": value} for name, value in self.headers.items()]
        port = self.port or _DEFAULT_PORTS[self.scheme]
        action = {"path": self.path, "port": port, "host": self.host, "scheme": self.scheme}
        return {"httpGet": {**action, **({"httpHeaders": headers} if headers else {})}}


class _TcpSocket(Component):
    port: PortReference
    """The port of the container: 1 to 65535, or its name."""
    host: str | None = None
    """The host to connect to instead of the pod. It is the node that connects: ``localhost`` would be the node."""

    def action(self) -> dict[str, Any]:
        """The part of a probe that says what to do."""
        return {"tcpSocket": {"port": self.port, "host": self.host}}


class _Timing(Component):
    initial_delay_seconds: Annotated[int, Field(ge=0)] | None = None
    """Seconds from the start of the container to the first probe; Kubernetes waits 0."""
    timeout_seconds: Annotated[int, Field(ge=1)] | None = None
    """Seconds after which a probe has failed; 1 in Kubernetes."""
    period_seconds: Annotated[int, Field(ge=1)] | None = None
    """Seconds from one probe to the next; 10 in Kubernetes."""
    success_threshold: Annotated[int, Field(ge=1)] | None = None
    """Successes in a row after a failure that make it good again; 1 in Kubernetes, and only 1 but for readiness."""
    failure_threshold: Annotated[int, Field(ge=1)] | None = None
    """Failures in a row that make it bad; 3 in Kubernetes."""
    termination_grace_period_seconds: Annotated[int, Field(ge=1)] | None = None
    """Seconds that the container gets to stop when the probe has failed; not for readiness."""

    def timing(self) -> dict[str, Any]:
        """The part of a probe that says when."""
        return {
            "initialDelaySeconds": self.initial_delay_seconds or None,
            "timeoutSeconds": self.timeout_seconds,
            "periodSeconds": self.period_seconds,
            "successThreshold": self.success_threshold,
            "failureThreshold": self.failure_threshold,
            "terminationGracePeriodSeconds": self.termination_grace_period_seconds,
        }


class ExecProbe(_Exec, _Timing):
    """Well if a program in the container succeeds."""


class HttpProbe(_HttpGet, _Timing):
    """Well if an HTTP request gives a status from 200 to 399."""


class TcpProbe(_TcpSocket, _Timing):
    """Well if a TCP connection can be opened."""


class ExecHook(_Exec):
    """Runs a program in the container."""


class HttpHook(_HttpGet):
    """Makes an HTTP request."""


class Lifecycle(Component):
    """What is called when a container has started, and before it is stopped."""

    post_start: ExecHook | HttpHook | None = None
    """Called right after the container was created, at the same time as its entry point."""
    pre_stop: ExecHook | HttpHook | None = None
    """Called before the container is stopped, within the pod's grace period."""


Probe = HttpProbe | ExecProbe | TcpProbe
Hook = ExecHook | HttpHook


def probe_manifest(probe: Probe) -> dict[str, Any]:
    """A probe as it stands in a manifest; parts that are not set are None."""
    return {**probe.action(), **probe.timing()}


def lifecycle_manifest(lifecycle: Lifecycle) -> dict[str, Any]:
    """The lifecycle as it stands in a manifest; parts that are not set are None."""
    hooks = {"postStart": lifecycle.post_start, "preStop": lifecycle.pre_stop}
    return {name: hook.action() for name, hook in hooks.items() if hook is not None}


def named_ports(asking: Probe | Lifecycle) -> Iterator[str]:
    """The ports that a probe, or the hooks of a lifecycle, mean by name."""
    if isinstance(asking, Lifecycle):
        hooks = (asking.post_start, asking.pre_stop)
        parts: list[Probe | Hook] = [hook for hook in hooks if hook is not None and not hook.invalid]
    else:
        parts = [asking]
    for part in parts:
        if isinstance(part, _HttpGet | _TcpSocket) and isinstance(part.port, str):
            yield part.port
