"""Generate: from what the user wrote and installed to a Spec."""

from __future__ import annotations

from typing import NamedTuple

from kusion_dsl.checks.cache import SchemaCache
from kusion_dsl.checks.spec import check_spec
from kusion_dsl.compiler.inputs import Compiled, Inputs
from kusion_dsl.compiler.pipeline import compile_spec
from kusion_dsl.discovery.apps import declared_options, load_apps
from kusion_dsl.discovery.files import StackFiles
from kusion_dsl.discovery.modules import modules_for, provider_versions
from kusion_dsl.discovery.projects import StackDirectory, find_stack
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.load_session import OptionDeclaration
from kusion_dsl.model.spec import Spec
from kusion_dsl.model.target import Target, target_of
from kusion_dsl.model.workspace import Workspace
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.selection import Selection, select_workspace, workspace_name
from kusion_dsl.storage.file import FileStore


class GeneratedStack(NamedTuple):
    """A stack with its Spec: what to make, where, and everything that is known about why."""

    ref: StackRef
    directory: StackDirectory
    workspace: Workspace
    target: Target
    compiled: Compiled
    selection: Selection

    @property
    def spec(self) -> Spec:
        """The Spec."""
        return self.compiled.spec


def generate(host: Host, selection: Selection) -> GeneratedStack:
    """Compile the selected stack and check it. Raises whatever is wrong with it, all at once where it can be."""
    stack = find_stack(selection.directory)
    workspace = select_workspace(host, workspace_name(host, selection, stack))
    target = target_of(workspace.config.context, workspace.name, stack.stack.name, selection.target_directory)
    loaded = load_apps(stack, selection.values)
    inputs = Inputs(
        project=stack.project,
        stack=stack.stack,
        workspace=workspace,
        applications=loaded.applications,
        modules=modules_for(loaded.applications),
        providers=provider_versions(),
        sources=loaded.sources,
        files=StackFiles(stack),
    )
    compiled = compile_spec(inputs)
    check_spec(compiled, SchemaCache(FileStore(host.home.path / "cache")))
    ref = StackRef(stack.project.name, stack.stack.name, workspace.name)
    return GeneratedStack(ref, stack, workspace, target, compiled, selection)


def options(host: Host, selection: Selection) -> tuple[OptionDeclaration, ...]:
    """The options that the selected stack declares, by name."""
    return declared_options(find_stack(selection.directory), selection.values)
