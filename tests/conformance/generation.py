"""Compiling a case: our objects, and the project, stack and workspace as they are."""

from __future__ import annotations

from typing import Any

from kusion_dsl.compiler.inputs import Compiled, Inputs
from kusion_dsl.compiler.pipeline import compile_spec
from kusion_dsl.discovery.files import StackFiles
from kusion_dsl.discovery.modules import provider_versions
from kusion_dsl.discovery.projects import find_stack
from kusion_dsl.discovery.workspaces import read_workspace
from kusion_dsl.documents import dump_yaml
from kusion_dsl.model.app import application_of
from tests.conformance.authoring import Author, Document
from tests.conformance.cases import Case
from tests.conformance.forms import FORMS
from tests.conformance.scaffolded import modules_of

_OF_THE_REGISTRY = ("path", "version")
"""What the ancestor's workspace says about where its modules come from; ours come from installed distributions."""


def generate(case: Case) -> Compiled:
    """Compile a case. Raises AuthoringError, VectorsError, and whatever compiling raises."""
    author = Author(FORMS)
    applications = tuple(application_of(app) for app in author.applications(case.document("app.yaml")))
    stack = find_stack(case.directory)
    workspace = workspace_of(case.document("workspace.yaml"), case, author.decisions)
    return compile_spec(
        Inputs(
            project=stack.project,
            stack=stack.stack,
            workspace=read_workspace("vector", dump_yaml(workspace), f"{case.name}/workspace.yaml"),
            applications=applications,
            modules=modules_of(applications),
            providers=provider_versions(),
            files=StackFiles(stack),
        )
    )


def workspace_of(document: Document, case: Case, decisions: Document) -> dict[str, Any]:
    """The workspace of a case in our terms.

    Modules lose ``path`` and ``version``, what the ancestor read from the environment stands in the context, and what
    only the platform decides with us (``decisions``, by module) in the default blocks.
    """
    modules = {
        name: {key: value for key, value in (module or {}).items() if key not in _OF_THE_REGISTRY}
        for name, module in (document.get("modules") or {}).items()
    }
    for name, fields in decisions.items():
        configs = modules.setdefault(name, {}).setdefault("configs", {})
        configs["default"] = {**(configs.get("default") or {}), **fields}
    context = {**(document.get("context") or {}), **case.environment}
    return {**document, **({"modules": modules} if modules else {}), **({"context": context} if context else {})}
