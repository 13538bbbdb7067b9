"""Workspaces: created, changed and removed; what is stored is valid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kusion_dsl.compiler.policy import check_blocks
from kusion_dsl.discovery.modules import installed_module
from kusion_dsl.discovery.projects import shown
from kusion_dsl.discovery.workspaces import read_workspace
from kusion_dsl.documents import DocumentError, read_text
from kusion_dsl.errors import ModuleError, Problem, RefusedError, WorkspaceError
from kusion_dsl.model.workspace import Workspace
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.preview import has_resources

DEFAULT = "default"


@dataclass(frozen=True)
class ListedWorkspace:
    """A workspace's name, its revision (0 for the built-in one as it is), and whether it is the current one."""

    name: str
    revision: int
    current: bool


@dataclass(frozen=True)
class Content:
    """What a workspace is to say, and warnings about what could not be checked."""

    text: str
    warnings: tuple[Problem, ...]


def list_workspaces(host: Host) -> tuple[ListedWorkspace, ...]:
    """All workspaces of the backend by name."""
    current = host.home.workspace(host.backend_url)
    return tuple(
        ListedWorkspace(name, host.workspaces.get(name).revision, name == current) for name in host.workspaces.list()
    )


def show_workspace(host: Host, name: str) -> str:
    """The text of a workspace as it was given; of the current one if ``name`` is empty."""
    return host.workspaces.get(name or host.home.workspace(host.backend_url)).text


def read_content(file: Path | None) -> Content | None:
    """What ``file`` says, checked; None without a file. Raises WorkspaceError for everything that is wrong with it."""
    if file is None:
        return None
    try:
        text = read_text(file, shown(file))
    except DocumentError as error:
        raise WorkspaceError.of(error.problems) from None
    workspace = read_workspace(file.stem, text, shown(file))
    return Content(text, tuple(_check_modules(workspace)))


def _check_modules(workspace: Workspace) -> Iterator[Problem]:
    """Raise WorkspaceError for blocks that their modules would not take; a warning for each that cannot be asked."""
    problems: list[Problem] = []
    for name in workspace.config.modules:
        try:
            check_blocks(workspace, installed_module(name))
        except WorkspaceError as error:
            problems += error.problems
        except ModuleError as error:
            why = error.problems[0]
            yield Problem(f"this is not checked: {why.what}", workspace.position(("modules", name)), why.hint)
    if problems:
        raise WorkspaceError.of(problems)


def create_workspace(host: Host, name: str, content: Content | None, *, current: bool) -> None:
    """Store a new workspace, empty without content. Raises WorkspaceError for a name that is not valid, or taken."""
    host.workspaces.create(name, content.text if content else "")
    if current:
        switch_workspace(host, name)


def update_workspace(host: Host, name: str, content: Content | None, rename: str) -> str:
    """Give a workspace a new content, a new name, or both; the current one if ``name`` is empty. Gives its name."""
    name = name or host.home.workspace(host.backend_url)
    if content is None and not rename:
        raise WorkspaceError("nothing to update", hint="give a file with -f, a new name with --rename, or both")
    if rename:
        _refuse_in_use(host, name, "renamed")
        was_current = host.home.workspace(host.backend_url) == name
        host.workspaces.rename(name, rename)
        if was_current:
            switch_workspace(host, rename)
    if content is not None:
        host.workspaces.update(rename or name, content.text)
    return rename or name


def switch_workspace(host: Host, name: str) -> None:
    """Make a workspace the current one of the backend. Raises WorkspaceError where there is none of that name."""
    host.workspaces.get(name)
    host.home.use_workspace(host.backend_url, name)


def delete_workspace(host: Host, name: str) -> str:
    """Remove a workspace that no stack lives in; the current one if ``name`` is empty. Gives its name."""
    name = name or host.home.workspace(host.backend_url)
    host.workspaces.get(name)
    _refuse_in_use(host, name, "deleted")
    host.workspaces.delete(name)
    if host.home.workspace(host.backend_url) == name:
        host.home.use_workspace(host.backend_url, DEFAULT)
    return name


def _refuse_in_use(host: Host, name: str, done: str) -> None:
    """Raise RefusedError where stacks live in a workspace: their releases are found by its name."""
    for ref in host.releases.stacks():
        newest = host.releases.newest(ref) if ref.workspace == name else None
        if newest is not None and has_resources(newest):
            raise RefusedError(
                f"the workspace '{name}' cannot be {done}: {ref.project}/{ref.stack} lives in it",
                hint="destroy that stack first",
            )
