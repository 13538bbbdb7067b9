"""Services, an Ingress and an IngressClass for a workload."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kusion_dsl.module import CompileError, Context, Generated, Outputs, Resource, Unavailable, module, shorten
from kusion_network.ingress import Backend, Ingress, IngressClass, IngressRule, ServiceBackend
from kusion_network.schema import Network, NetworkPlatform, Port, PublicPorts

_NETWORKING = "networking.k8s.io/v1"


@module
def network(network: Network, platform: NetworkPlatform, ctx: Context) -> Generated:
    """A Service for the private ports, a load balancer for the public ones, and HTTP routes."""
    if network.ports and ctx.workload is None:
        raise CompileError("ports need a workload to lead to", hint="give the application a workload")
    private = [port for port in network.ports if not port.public]
    public = [port for port in network.ports if port.public]
    if private:
        yield _service("private", "ClusterIP", private, PublicPorts(), ctx)
    if public:
        yield _service("public", "LoadBalancer", public, platform.port, ctx)
    if network.ingress is not None:
        yield _ingress(network.ingress, network.ports, ctx)
    if network.ingress_class is not None:
        yield _ingress_class(network.ingress_class, ctx)
    yield Outputs(host=_host(network.ports, ctx))


def _host(ports: Sequence[Port], ctx: Context) -> str | Unavailable:
    """The private Service where there is one: a way through a load balancer is longer, and may be closed."""
    if not ports:
        return Unavailable("it has no ports, so there is no Service", "give it a port")
    return ctx.name("public" if all(port.public for port in ports) else "private")


def _service(suffix: str, kind: str, ports: Iterable[Port], platform: PublicPorts, ctx: Context) -> Resource:
    name = ctx.name(suffix)
    return Resource.manifest(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": ctx.metadata(
                name,
                labels={**_of_workload("labels", ctx), **ctx.labels, **platform.labels},
                annotations={**_of_workload("annotations", ctx), **platform.annotations},
            ),
            "spec": {"type": kind, "selector": ctx.labels, "ports": [_port(name, port, ctx) for port in ports]},
        }
    )


def _of_workload(field: str, ctx: Context) -> Mapping[str, str]:
    """The labels or annotations of the workload, if it is one that has any."""
    found: Mapping[str, str] = getattr(ctx.workload, field, {})
    return found


def _port(service: str, port: Port, ctx: Context) -> dict[str, Any]:
    if isinstance(port.target_port, str):
        _check_named(port.target_port, ctx)
    return {
        "name": shorten(f"{service}-{port.port}-{port.protocol.lower()}"),
        "port": port.port,
        "targetPort": port.target_port or port.port,
        "protocol": port.protocol,
    }


def _check_named(name: str, ctx: Context) -> None:
    """Raise CompileError where the workload is one that has containers, and none of them a port of that name."""
    fields = [getattr(ctx.workload, field, {}) for field in ("containers", "init_containers")]
    names = [port for containers in fields for each in containers.values() for port in each.ports]
    if any(fields) and name not in names:
        known = f"their ports are {', '.join(names)}" if names else 'name it in their ports={"http": 8080}'
        raise CompileError(f"no container of the workload has a port named '{name}'", hint=known)


def _ingress(ingress: Ingress, ports: Sequence[Port], ctx: Context) -> Resource:
    return Resource.manifest(
        {
            "apiVersion": _NETWORKING,
            "kind": "Ingress",
            "metadata": ctx.metadata(
                ctx.name("ingress"), labels=dict(ingress.labels), annotations=dict(ingress.annotations)
            ),
            "spec": {
                "ingressClassName": ingress.ingress_class_name,
                "defaultBackend": _backend(ingress.default_backend, ports, ctx) if ingress.default_backend else None,
                "rules": [_rule(rule, ports, ctx) for rule in ingress.rules] or None,
                "tls": [{"hosts": tls.hosts or None, "secretName": tls.secret_name} for tls in ingress.tls] or None,
            },
        }
    )


def _rule(rule: IngressRule, ports: Sequence[Port], ctx: Context) -> dict[str, Any]:
    paths = [
        {"path": path.path, "pathType": path.path_type, "backend": _backend(path.backend, ports, ctx)}
        for path in rule.paths
    ]
    return {"host": rule.host, "http": {"paths": paths} if paths else None}


def _backend(backend: Backend, ports: Sequence[Port], ctx: Context) -> dict[str, Any]:
    if isinstance(backend, ServiceBackend):
        port = {"name" if isinstance(backend.port, str) else "number": backend.port}
        return {"service": {"name": backend.name or _service_with(backend.port, ports, ctx), "port": port}}
    return {"resource": {"apiGroup": backend.api_group, "kind": backend.kind, "name": backend.name}}


def _service_with(number: int | str, ports: Sequence[Port], ctx: Context) -> str:
    """The name of the Service of this component that has the port."""
    for port in ports:
        if port.port == number:
            return ctx.name("public" if port.public else "private")
    known = ", ".join(str(port.port) for port in ports) or "none"
    raise CompileError(
        f"the ingress leads to port {number}, but the ports are {known}",
        hint="add the port, or name the Service that has it: ServiceBackend(name=..., port=...)",
    )


def _ingress_class(ingress_class: IngressClass, ctx: Context) -> Resource:
    parameters = ingress_class.parameters
    spec = {
        "controller": ingress_class.controller,
        "parameters": {
            "apiGroup": parameters.api_group,
            "kind": parameters.kind,
            "name": parameters.name,
            "namespace": parameters.namespace,
            "scope": parameters.scope,
        }
        if parameters
        else None,
    }
    return Resource.manifest(
        {
            "apiVersion": _NETWORKING,
            "kind": "IngressClass",
            "metadata": {
                "name": ctx.name("ingressclass"),
                "labels": dict(ingress_class.labels) or None,
                "annotations": dict(ingress_class.annotations) or None,
            },
            "spec": spec,
        }
    )
