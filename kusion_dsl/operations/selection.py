"""Which stack, in which workspace, for which target: what a command line selects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kusion_dsl.discovery.projects import StackDirectory, find_stack
from kusion_dsl.discovery.workspaces import read_workspace
from kusion_dsl.errors import RefusedError
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.workspace import Workspace
from kusion_dsl.operations.host import Host


@dataclass(frozen=True)
class Selection:
    """A selection as given: empty parts are found out.

    ``project`` and ``stack`` name a stack without its directory; ``target_directory`` is the manifests' directory
    instead of the workspace's; ``values`` are the options of the stack.
    """

    directory: Path
    workspace: str = ""
    project: str = ""
    stack: str = ""
    target_directory: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def named(self) -> bool:
        """Whether it names a stack that need not have a directory here."""
        return bool(self.project or self.stack)


def select_ref(host: Host, selection: Selection) -> tuple[StackRef, Path]:
    """The stack that is meant, and what its relative target directory is relative to.

    Needs no application: by ``project`` and ``stack``, else from the directory's stack.yaml. Raises ProjectError,
    WorkspaceError, RefusedError.
    """
    if not selection.named:
        found = find_stack(selection.directory)
        workspace = workspace_name(host, selection, found)
        return StackRef(found.project.name, found.stack.name, workspace), found.project_directory
    if not (selection.project and selection.stack):
        raise RefusedError("a stack has a project's name and its own", hint="give both --project and --stack")
    workspace = selection.workspace or host.home.workspace(host.backend_url)
    return StackRef(selection.project, selection.stack, workspace), selection.directory


def workspace_name(host: Host, selection: Selection, stack: StackDirectory) -> str:
    """The workspace: the given one, else the stack's, else the current one, which is ``default`` at first."""
    return selection.workspace or stack.stack.workspace or host.home.workspace(host.backend_url)


def select_workspace(host: Host, name: str) -> Workspace:
    """The workspace called ``name`` as the backend has it. Raises WorkspaceError."""
    stored = host.workspaces.get(name)
    return read_workspace(name, stored.text, host.workspaces.place(name, stored.revision))
