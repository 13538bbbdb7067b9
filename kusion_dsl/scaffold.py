"""New projects, and new modules, from templates.

A template is a directory: files that end in ``.jinja`` are Jinja templates, all others are copied; paths are Jinja
templates, too. Those of projects have the variable ``project``, those of modules the fields of :class:`ModuleNames`.
``template.yaml`` says what it is, and of projects which stack to look at first. Nothing of it is run.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from kusion_dsl.documents import load_yaml, read_model
from kusion_dsl.errors import ProjectError, RefusedError, did_you_mean
from kusion_dsl.model.names import kebab, label_problem
from kusion_dsl.module import __all__ as module_door

Kind = Literal["project", "module"]

_MODULE_TEMPLATE = "module"
_MODULE_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST_MODULE_NAME = 30
_TAKEN = {*module_door, "Service", "ServicePlatform", "RandomPassword", "dsl"}
"""What no module and no model of one can be called: what stands beside them in the files, and our own package."""

_DESCRIPTION = "template.yaml"
_JINJA = ".jinja"


class TemplateDescription(BaseModel):
    """``template.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: str
    kind: Kind = "project"
    stack: str = ""


@dataclass(frozen=True)
class Template:
    """A template: its name, what it has in one line, and where it is."""

    name: str
    summary: str
    stack: str
    directory: Path


@dataclass(frozen=True)
class ModuleNames:
    """The names in a module: ``my_cache`` is in ``kusion_my_cache`` of ``kusion-my-cache``, its model is ``MyCache``.

    ``version`` is the oldest version of kusion-dsl that it may be used with.
    """

    module: str
    package: str
    distribution: str
    model: str
    version: str


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


def templates(kind: Kind = "project") -> tuple[Template, ...]:
    """All templates of a kind by name."""
    return tuple(_templates(kind))


def _templates(kind: Kind) -> Iterator[Template]:
    for file in sorted(_root().glob(f"*/{_DESCRIPTION}")):
        document = load_yaml(file.read_text(encoding="utf-8"), str(file))
        description = read_model(TemplateDescription, document, _DESCRIPTION)
        if description.kind == kind:
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
    files = _make(known[template], directory, "project", {"project": project})
    return Scaffold(project, directory, files, directory / known[template].stack)


def scaffold_module(name: str, directory: Path) -> tuple[Path, ...]:
    """Make a package with a module called ``name`` in ``directory``, which must be empty or not there yet.

    Returns its files. Raises RefusedError and ProjectError; then nothing was made.
    """
    names = module_names(name)
    [template] = (each for each in templates("module") if each.name == _MODULE_TEMPLATE)
    return _make(template, directory, "module", asdict(names))


def module_names(name: str) -> ModuleNames:
    """The names in a module called ``name``; a ``-`` in it becomes ``_``. Raises RefusedError where it cannot be one."""
    module = name.replace("-", "_")
    model = "".join(part.capitalize() for part in module.split("_"))
    hint = "use lower-case letters, digits and '-', with a letter at the beginning"
    if not _MODULE_NAME.fullmatch(module):
        raise RefusedError(f"'{name}' is no name for a module", hint=hint)
    if len(module) > _LONGEST_MODULE_NAME:
        what = f"the name '{name}' has {len(module)} characters"
        raise RefusedError(what, hint=f"use at most {_LONGEST_MODULE_NAME}")
    if keyword.iskeyword(module) or keyword.issoftkeyword(module) or _TAKEN & {module, model}:
        raise RefusedError(f"the name '{name}' means something else in a module", hint="choose another")
    return ModuleNames(module, f"kusion_{module}", f"kusion-{kebab(module)}", model, version("kusion-dsl"))


def _make(template: Template, directory: Path, kind: Kind, variables: Mapping[str, str]) -> tuple[Path, ...]:
    """Render ``template`` into an empty directory, and tell the files. Raises RefusedError and ProjectError."""
    try:
        if directory.exists() and any(directory.iterdir()):
            raise RefusedError("this directory is not empty", where=str(directory), hint="choose another, or empty it")
        return tuple(_render(template, directory, variables))
    except OSError as error:
        hint = "choose another directory, or make this one writable"
        what = f"the {kind} cannot be written: {error.strerror}"
        raise ProjectError(what, where=str(directory), hint=hint) from None


def _render(template: Template, directory: Path, variables: Mapping[str, str]) -> list[Path]:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    rendered: dict[Path, str] = {}
    for path in sorted(template.directory.rglob("*")):
        if path.is_file() and path.name != _DESCRIPTION:
            text = path.read_text(encoding="utf-8")
            made = directory / environment.from_string(str(path.relative_to(template.directory))).render(variables)
            if path.suffix == _JINJA:
                rendered[made.with_suffix("")] = environment.from_string(text).render(variables)
            else:
                rendered[made] = text
    for path, text in rendered.items():  # everything is rendered before anything is written
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(rendered)
