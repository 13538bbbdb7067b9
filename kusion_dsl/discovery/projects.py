"""Projects and stacks on disk: a directory with ``project.yaml``, and below it directories with ``stack.yaml``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import BaseModel

from kusion_dsl.documents import DocumentError, load_yaml, read_model, read_text
from kusion_dsl.errors import ProjectError
from kusion_dsl.model.project import Project, Stack

PROJECT_FILE = "project.yaml"
STACK_FILE = "stack.yaml"
APP_FILE = "app.py"

_Model = TypeVar("_Model", bound=BaseModel)


class StackDirectory(NamedTuple):
    """A stack and its project, and where they are."""

    project: Project
    project_directory: Path
    stack: Stack
    directory: Path


def shown(path: Path) -> str:
    """``path`` as people want to read it: relative to the current directory if it is below it."""
    absolute = path.absolute()
    try:
        return str(absolute.relative_to(Path.cwd()))
    except ValueError:
        return str(absolute)


def find_stack(directory: Path) -> StackDirectory:
    """The stack in ``directory`` and the project above it. Raises ProjectError."""
    directory = directory.absolute()
    if not (directory / STACK_FILE).is_file():
        raise ProjectError(
            f"this is not the directory of a stack: it has no {STACK_FILE}",
            where=shown(directory),
            hint=_hint(directory),
        )
    project_directory = _project_above(directory)
    return StackDirectory(
        _read(project_directory / PROJECT_FILE, Project),
        project_directory,
        _read(directory / STACK_FILE, Stack),
        directory,
    )


def _hint(directory: Path) -> str:
    stacks = sorted(shown(found.parent) for found in directory.glob(f"*/{STACK_FILE}")) if directory.is_dir() else []
    if stacks:
        return f"choose a stack below it with -w {stacks[0]}" + (f" (or {', '.join(stacks[1:])})" if stacks[1:] else "")
    return "go to a stack's directory, name one with -w, or begin a project with `kusion init`"


def _project_above(directory: Path) -> Path:
    for candidate in (directory, *directory.parents):
        if (candidate / PROJECT_FILE).is_file():
            return candidate
    raise ProjectError(
        f"this stack belongs to no project: there is no {PROJECT_FILE} here or above",
        where=shown(directory),
        hint=f"write a {PROJECT_FILE} with the line 'name: <project>' into the directory above",
    )


def _read(path: Path, model: type[_Model]) -> _Model:
    try:
        return read_model(model, load_yaml(read_text(path, shown(path)), shown(path)), path.name)
    except DocumentError as error:
        raise ProjectError.of(error.problems) from None


def find_projects(directory: Path) -> Iterator[tuple[Path, Project]]:
    """Every project at or below ``directory``, or the one above it; in order of paths. Raises ProjectError."""
    found = sorted(path.parent for path in directory.absolute().rglob(PROJECT_FILE) if not _hidden(path, directory))
    if not found:
        found = [path for path in directory.absolute().parents if (path / PROJECT_FILE).is_file()][:1]
    for path in found:
        yield path, _read(path / PROJECT_FILE, Project)


def find_stacks(project_directory: Path) -> Iterator[tuple[Path, Stack]]:
    """Every stack of a project, in order of paths. Raises ProjectError."""
    for path in sorted(project_directory.rglob(STACK_FILE)):
        if not _hidden(path, project_directory):
            yield path.parent, _read(path, Stack)


def _hidden(path: Path, below: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(below.absolute()).parts)
