"""What is there: projects, stacks and modules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kusion_dsl.discovery.modules import module_entries
from kusion_dsl.discovery.projects import find_projects, find_stacks, shown
from kusion_dsl.errors import DamagedError, ModuleError, NewerFormatError
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.release import History
from kusion_dsl.operations.host import Host
from kusion_dsl.storage.releases import Damaged


@dataclass(frozen=True)
class ListedProject:
    """A project on disk and the names of its stacks."""

    name: str
    directory: str
    stacks: tuple[str, ...]


@dataclass(frozen=True)
class ListedStack:
    """A stack on disk, and its newest release in one workspace; ``newest`` is None where it was never applied."""

    project: str
    stack: str
    directory: str
    workspace: str
    newest: History | Damaged | None


@dataclass(frozen=True)
class ListedModule:
    """An installed module; ``problem`` says why it cannot be used."""

    name: str
    distribution: str
    version: str
    summary: str
    problem: str = ""


def list_projects(directory: Path) -> tuple[ListedProject, ...]:
    """The projects at or below ``directory``, or the one it is in. Raises ProjectError."""
    return tuple(
        ListedProject(project.name, shown(path), tuple(stack.name for _, stack in find_stacks(path)))
        for path, project in find_projects(directory)
    )


def list_stacks(host: Host, directory: Path, workspace: str) -> tuple[ListedStack, ...]:
    """The stacks of the projects at or below ``directory``, each with its newest release. Raises ProjectError."""
    current = host.home.workspace(host.backend_url)
    found = []
    for path, project in find_projects(directory):
        for place, stack in find_stacks(path):
            name = workspace or stack.workspace or current
            newest = _newest(host, StackRef(project.name, stack.name, name))
            found.append(ListedStack(project.name, stack.name, shown(place), name, newest))
    return tuple(found)


def _newest(host: Host, ref: StackRef) -> History | Damaged | None:
    """The newest release, which may be one that cannot be read: that is no reason not to list the other stacks."""
    try:
        return host.releases.newest(ref)
    except (DamagedError, NewerFormatError):
        entries = host.releases.history(ref)
        return entries[-1] if entries else None


def list_modules() -> tuple[ListedModule, ...]:
    """The installed modules by name; those that are broken, or not the only one of their name, with their problem."""
    listed = []
    entries = module_entries()
    names = [entry.name for entry in entries]
    for entry in entries:
        try:
            summary, problem = entry.load().module.summary, ""
        except ModuleError as error:
            summary, problem = "", error.problems[0].what
        if names.count(entry.name) > 1:
            problem = "another distribution claims to be this module, too"
        listed.append(ListedModule(entry.name, entry.distribution, entry.version, summary, problem))
    return tuple(listed)
