"""A workload and two accessories, as small as they can be, for tests of the compiler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from kusion_dsl import AppConfiguration
from kusion_dsl.compiler.inputs import Compiled, Inputs, InstalledModule
from kusion_dsl.compiler.pipeline import compile_spec
from kusion_dsl.discovery.workspaces import read_workspace
from kusion_dsl.model.app import application_of
from kusion_dsl.model.project import Project, Stack
from kusion_dsl.module import (
    Accessory,
    Component,
    Context,
    Generated,
    Outputs,
    Patch,
    PlatformConfig,
    Resource,
    Workload,
    dev_overrides,
    module,
    output,
    platform_overrides,
    union,
)

DEPLOYMENT = "apps/v1:Deployment:test:test-dev-shop"


class Part(Component):
    """A part of a workload."""

    text: str = ""
    items: list[str] = Field(default_factory=list[str])
    numbers: Mapping[str, int] = Field(default_factory=dict[str, int])


class Server(Workload):
    """A workload with one container."""

    env: Mapping[str, str] = Field(default_factory=dict[str, str])
    replicas: Annotated[int | None, Field(ge=0), dev_overrides] = None
    size: Annotated[int | None, platform_overrides] = None
    settings: Annotated[Mapping[str, str], dev_overrides] = Field(default_factory=dict[str, str])
    limits: Annotated[Mapping[str, str], platform_overrides] = Field(default_factory=dict[str, str])
    zones: Annotated[list[str], union] = Field(default_factory=list[str])
    labels: Mapping[str, str] = Field(default_factory=dict[str, str])
    args: list[str] = Field(default_factory=list[str])
    parts: Mapping[str, Part] = Field(default_factory=dict[str, Part])


class ServerPlatform(PlatformConfig):
    """What the platform decides about servers."""

    node_pool: str = "default"


@module
def server(server: Server, platform: ServerPlatform, ctx: Context) -> Generated:
    """A Deployment."""
    annotations = {
        "settings": ",".join(f"{key}={value}" for key, value in server.settings.items()),
        "limits": ",".join(f"{key}={value}" for key, value in server.limits.items()),
        "zones": ",".join(server.zones),
        "pool": platform.node_pool,
    }
    labels = {**ctx.labels, **server.labels}
    container = {"name": "web", "env": [{"name": name, "value": value} for name, value in server.env.items()]}
    spec = {"containers": [{**container, "args": list(server.args) or None}]}
    yield Resource.manifest(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": ctx.metadata(ctx.name(), labels=labels, annotations=annotations),
            "spec": {
                "replicas": server.replicas,
                "size": server.size,
                "parts": {name: part.model_dump() for name, part in server.parts.items()} or None,
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        },
        workload=True,
    )


class Store(Accessory):
    """A store with a password."""

    region: str = "here"

    host: ClassVar[output] = output("Host name.")
    port: ClassVar[output] = output("Port number.")
    url: ClassVar[output] = output("URL with the password.", secret=True)
    code: ClassVar[output] = output("A text that the module declares secret.", secret=True)


class StorePlatform(PlatformConfig):
    """Nothing to decide."""


@module
def store(store: Store, platform: StorePlatform, ctx: Context) -> Generated:
    """A password and a Service."""
    password = Resource("kusion:index:RandomPassword", ctx.name("password"), {"length": 16})
    yield password
    manifest = {"apiVersion": "v1", "kind": "Service", "metadata": ctx.metadata(ctx.name()), "region": store.region}
    service = Resource.manifest(manifest)
    yield service
    host = service["status.loadBalancer.ingress[0].hostname"]
    yield Outputs(host=host, port=5432, code="0000", url=f"store://{password['result']}@{host}")


class Change(Accessory):
    """Yields a patch, as given."""

    environment: Mapping[str, str] = Field(default_factory=dict[str, str])
    labels: Mapping[str, str] = Field(default_factory=dict[str, str])
    merge: Mapping[str, Any] = Field(default_factory=dict[str, Any])
    operations: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]])
    target: str = ""
    makes: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]])
    needs: list[str] = Field(default_factory=list[str])
    """Names of ConfigMaps that are needed first, and that nobody makes."""


class ChangePlatform(PlatformConfig):
    """Nothing to decide."""


@module
def change(change: Change, platform: ChangePlatform, ctx: Context) -> Generated:
    """Resources and a patch, as given."""
    needed = [Resource.manifest(config_map(name)) for name in change.needs]
    for manifest in change.makes:
        made = Resource.manifest(manifest)
        yield Resource(made.type, made.name, made.attributes, depends_on=needed)
    if change.environment or change.labels or change.merge or change.operations:
        yield Patch(
            environment=change.environment,
            labels=change.labels,
            merge=change.merge,
            json=change.operations,
            target=change.target,
        )


def config_map(name: str, **data: str) -> dict[str, Any]:
    """A ConfigMap in the namespace of the tests."""
    metadata = {"name": name, "namespace": "test"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


MODULES = (
    InstalledModule("server", "kusion-server", "1.2.3", server),
    InstalledModule("store", "kusion-store", "0.1.0", store),
    InstalledModule("change", "kusion-change", "0.2.0", change),
)


def shop(workload: Server | None = None, **accessories: Accessory) -> AppConfiguration:
    """An application called shop."""
    return AppConfiguration(name="shop", workload=workload or Server(), accessories=accessories)


def compiled(*apps: type[AppConfiguration] | AppConfiguration, workspace: str = "", project: str = "test") -> Compiled:
    """Compile applications with the modules of this file and the text of a workspace; nothing installed is used."""
    return compile_spec(
        Inputs(
            project=Project(name=project),
            stack=Stack(name="dev"),
            workspace=read_workspace("test", workspace or "secretStore: {provider: {env: {}}}", "workspace.yaml"),
            applications=tuple(sorted(map(application_of, apps), key=lambda application: application.name)),
            modules={each.module.intent: each for each in MODULES},
            providers={"kubernetes": "4.0.0", "kusion": "1.0.0"},
        )
    )


def deployment(result: Compiled) -> dict[str, Any]:
    """The attributes of the Deployment of the application called shop."""
    return dict(result.spec[DEPLOYMENT].attributes)


def env(result: Compiled) -> list[dict[str, Any]]:
    """The environment of its container."""
    found: list[dict[str, Any]] = deployment(result)["spec"]["template"]["spec"]["containers"][0].get("env", [])
    return found
