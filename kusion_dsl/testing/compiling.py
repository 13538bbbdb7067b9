"""Compiling in a test: an application class or instance, or a stack's directory."""

from __future__ import annotations

import posixpath
from collections.abc import Container, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from kusion_dsl.checks.cache import SchemaCache
from kusion_dsl.checks.spec import check_spec
from kusion_dsl.compiler.inputs import Compiled, Inputs, InstalledModule
from kusion_dsl.compiler.pipeline import compile_spec
from kusion_dsl.discovery.apps import load_apps
from kusion_dsl.discovery.files import MANIFEST_SUFFIXES, StackFiles
from kusion_dsl.discovery.modules import modules_for, provider_versions
from kusion_dsl.discovery.projects import find_stack
from kusion_dsl.discovery.workspaces import read_workspace
from kusion_dsl.errors import CompileError
from kusion_dsl.model.app import AppConfiguration, Application, application_of
from kusion_dsl.model.component import Component
from kusion_dsl.model.project import Project, Stack
from kusion_dsl.module import Module
from kusion_dsl.testing.sample import sample_service

_SCHEMAS = SchemaCache()
"""What the tests of a process check against; read once, as it depends on nothing but what is installed."""


def compile_app(
    *apps: type[AppConfiguration] | AppConfiguration,
    project: str = "test",
    stack: str = "dev",
    workspace: str = "",
    modules: Iterable[Module[Any, Any]] = (),
    files: Mapping[str, str] | None = None,
    checked: bool = True,
) -> Compiled:
    """Compile applications as one stack, with the text of a workspace, and of files by paths in the stack's directory.

    ``modules`` are used before the installed ones, so a module can be tested before it is packaged; messages call its
    distribution ``kusion-<name>``, version 0. Raises what compiling raises, and, if ``checked``, CompileError for what a
    provider or Kubernetes would refuse.
    """
    applications = tuple(sorted(map(application_of, apps), key=lambda application: application.name))
    inputs = Inputs(
        project=Project(name=project),
        stack=Stack(name=stack),
        workspace=read_workspace("test", workspace, "workspace.yaml"),
        applications=applications,
        modules=_modules(applications, modules),
        providers=provider_versions(),
        files=partial(_read, files or {}),
    )
    return _checked(inputs) if checked else compile_spec(inputs)


def _checked(inputs: Inputs) -> Compiled:
    compiled = compile_spec(inputs)
    check_spec(compiled, _SCHEMAS)
    return compiled


def _read(texts: Mapping[str, str], path: str) -> Mapping[str, str]:
    """What a stack's directory with these files would give."""
    place = posixpath.normpath(path)
    if place in texts:
        return {place: texts[place]}
    below = "" if place == "." else f"{place}/"
    found = {name: text for name, text in sorted(texts.items()) if name.startswith(below)}
    manifests = {name: text for name, text in found.items() if name.lower().endswith(MANIFEST_SUFFIXES)}
    if not manifests:
        raise CompileError(f"there is no file and no directory '{path}'", hint="give it in files={...}")
    return manifests


def _modules(
    applications: tuple[Application, ...], modules: Iterable[Module[Any, Any]]
) -> Mapping[type[Component], InstalledModule]:
    given: dict[type[Component], InstalledModule] = {
        each.intent: InstalledModule(each.name, f"kusion-{each.name}", "0", each) for each in (sample_service, *modules)
    }
    others = [rest for each in applications if (rest := _without(each, given)).workload or rest.accessories]
    return {**modules_for(others), **given} if others else given


def _without(application: Application, given: Container[type[Component]]) -> Application:
    """What of an application is of other classes than ``given``."""
    workload = None if type(application.workload) in given else application.workload
    accessories = {name: each for name, each in application.accessories.items() if type(each) not in given}
    return application._replace(workload=workload, accessories=accessories)


def generate(directory: Path | str, *, workspace: str = "", options: Mapping[str, str] | None = None) -> Compiled:
    """Compile the stack in ``directory`` with the text of a workspace and the values of its options.

    Reads no KUSION_HOME and no backend. Raises what loading, compiling and checking raise.
    """
    found = find_stack(Path(directory))
    loaded = load_apps(found, options or {})
    return _checked(
        Inputs(
            project=found.project,
            stack=found.stack,
            workspace=read_workspace("test", workspace, "workspace.yaml"),
            applications=loaded.applications,
            modules=modules_for(loaded.applications),
            providers=provider_versions(),
            sources=loaded.sources,
            files=StackFiles(found),
        )
    )
