"""What goes into a compilation, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kusion_dsl.compiler.sources import Sources
from kusion_dsl.errors import Problem
from kusion_dsl.model.app import Application
from kusion_dsl.model.component import Component
from kusion_dsl.model.generation import Files, no_files
from kusion_dsl.model.identity import ModuleVersion
from kusion_dsl.model.project import Project, Stack
from kusion_dsl.model.provenance import Provenance
from kusion_dsl.model.selector import Place
from kusion_dsl.model.spec import Spec
from kusion_dsl.model.workspace import Workspace
from kusion_dsl.module import Module


class InstalledModule(NamedTuple):
    """A module, the name of its entry point, and the distribution that brought it."""

    name: str
    distribution: str
    version: str
    module: Module[Any, Any]

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


@dataclass(frozen=True)
class Inputs:
    """Everything that a Spec depends on.

    ``modules`` has the module for the class of every component of ``applications``; ``providers`` the versions of
    Pulumi's provider packages by name (``kubernetes``: ``4.34.2``); ``sources`` the text of the author's files;
    ``files`` reads the files that modules take in (see :class:`Context`).
    """

    project: Project
    stack: Stack
    workspace: Workspace
    applications: tuple[Application, ...]
    modules: Mapping[type[Component], InstalledModule]
    providers: Mapping[str, str]
    sources: Sources = field(default_factory=Sources)
    files: Files = no_files

    def place(self, app: str) -> Place:
        """An application of the stack, as the workspace selects it."""
        return Place(self.project.name, self.stack.name, app)


class Compiled(NamedTuple):
    """A Spec, where everything in it comes from, the modules that took part, and what is worth a warning."""

    spec: Spec
    provenance: Provenance
    modules: tuple[ModuleVersion, ...] = ()
    warnings: tuple[Problem, ...] = ()
