"""Compiling applications of real modules, in memory."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.compiler.inputs import Compiled, Inputs, InstalledModule
from kusion_dsl.compiler.pipeline import compile_spec
from kusion_dsl.model.app import application_of
from kusion_dsl.model.component import Component
from kusion_dsl.model.project import Project, Stack
from kusion_dsl.model.workspace import Workspace, WorkspaceConfig
from kusion_dsl.module import Module
from kusion_inference.module import inference
from kusion_job.module import job
from kusion_k8s_manifest.module import k8s_manifest
from kusion_monitoring.module import monitoring
from kusion_network.module import network
from kusion_opsrule.module import ops_rule
from kusion_postgres.module import postgres
from kusion_service.module import service

_BY_NAME: Mapping[str, Module[Any, Any]] = {
    "inference": inference,
    "job": job,
    "k8s_manifest": k8s_manifest,
    "monitoring": monitoring,
    "network": network,
    "opsrule": ops_rule,
    "postgres": postgres,
    "service": service,
}
_MODULES: Mapping[type[Component], InstalledModule] = {
    module.intent: InstalledModule(name, f"kusion-{name}", "0.1.0", module) for name, module in _BY_NAME.items()
}


@pytest.fixture
def compile_apps() -> Callable[..., Compiled]:
    """Compile applications as the stack ``dev`` of the project ``shop``.

    ``policies`` are the default blocks of the workspace's modules by module name.
    """

    def compile_apps(*apps: type[AppConfiguration] | AppConfiguration, **policies: Mapping[str, Any]) -> Compiled:
        modules = {name: {"configs": {"default": dict(block)}} for name, block in policies.items()}
        workspace = Workspace(
            "test", WorkspaceConfig.model_validate({"modules": modules, "secretStore": {"provider": {"env": {}}}})
        )
        return compile_spec(
            Inputs(
                project=Project(name="shop"),
                stack=Stack(name="dev"),
                workspace=workspace,
                applications=tuple(application_of(app) for app in apps),
                modules=_MODULES,
                providers={"kubernetes": "4.34.2", "kusion": "1.0.0"},
            )
        )

    return compile_apps


@pytest.fixture
def manifests(compile_apps: Callable[..., Compiled]) -> Callable[..., dict[str, Any]]:
    """The attributes of all resources of an application ``shop`` with the given components, by resource id."""

    def manifests(
        workload: Any = None, policies: Mapping[str, Mapping[str, Any]] | None = None, **accessories: Any
    ) -> dict[str, Any]:
        app = AppConfiguration(name="shop", workload=workload, accessories=accessories)
        spec = compile_apps(app, **(policies or {})).spec
        return {resource.id: resource.to_json()["attributes"] for resource in spec.resources}

    return manifests
