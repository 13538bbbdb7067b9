"""New projects from templates.

A template is a directory: files that end in ``.jinja`` are Jinja templates with ``project`` as their variable, all
others are copied; ``template.yaml`` says what it is and which stack to look at first. Nothing of it is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from kusion_dsl.documents import load_yaml, read_model
from kusion_dsl.errors import ProjectError, RefusedError, did_you_mean
from kusion_dsl.model.names import kebab, label_problem

_DESCRIPTION = "template.yaml"
_JINJA = ".jinja"


class TemplateDescription(BaseModel):
    """``template.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: str
    stack: str


@dataclass(frozen=True)
class Template:
    """A template: its name, what it has in one line, and where it is."""

    name: str
    summary: str
    stack: str
    directory: Path


@dataclass(frozen=True)
class Scaffold:
    """What was made: the project's name, its directory, its files, and the directory of the stack to look at first."""

    project: str
    directory: Path
    files: tuple[Path, ...]
    stack: Path


def _root() -> Path:
    """``templates/`` in the wheel; in a checkout it lies beside the package."""
    package = Path(__file__).parent
    packaged = package / "templates"
    return packaged if packaged.is_dir() else package.parent / "templates"


def templates() -> tuple[Template, ...]:
    """All templates by name."""
    return tuple(_templates())


def _templates() -> Iterator[Template]:
    for file in sorted(_root().glob(f"*/{_DESCRIPTION}")):
        document = load_yaml(file.read_text(encoding="utf-8"), str(file))
        description = read_model(TemplateDescription, document, _DESCRIPTION)
        yield Template(file.parent.name, description.summary, description.stack, file.parent)


def scaffold(template: str, directory: Path, name: str = "") -> Scaffold:
    """Make a project of a template in ``directory``, which must be empty or not there yet.

    The project's ``name`` is the directory's unless given. Raises RefusedError, ProjectError; then nothing was made.
    """
    known = {each.name: each for each in templates()}
    if template not in known:
        hint = did_you_mean(template, known) or f"there are {', '.join(known)}"
        raise RefusedError(f"there is no template '{template}'", hint=hint)
    project = name or kebab(directory.absolute().name)
    problem = label_problem(project)
    if problem:
        raise ProjectError(f"the name '{project}' of the project {problem}", hint="give it another one with --name")
    try:
        if directory.exists() and any(directory.iterdir()):
            raise RefusedError("this directory is not empty", where=str(directory), hint="choose another, or empty it")
        files = _render(known[template], directory, project)
    except OSError as error:
        hint = "choose another directory, or make this one writable"
        raise ProjectError(
            f"the project cannot be written: {error.strerror}", where=str(directory), hint=hint
        ) from None
    return Scaffold(project, directory, tuple(files), directory / known[template].stack)


def _render(template: Template, directory: Path, project: str) -> list[Path]:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    rendered: dict[Path, str] = {}
    for path in sorted(template.directory.rglob("*")):
        if path.is_file() and path.name != _DESCRIPTION:
            text = path.read_text(encoding="utf-8")
            made = directory / path.relative_to(template.directory)
            if path.suffix == _JINJA:
                rendered[made.with_suffix("")] = environment.from_string(text).render(project=project)
            else:
                rendered[made] = text
    for path, text in rendered.items():  # everything is rendered before anything is written
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(rendered)
