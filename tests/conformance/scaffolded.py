"""The module ``kawesome`` of the ancestor's template for new modules: with us, what ``kusion module init`` makes.

``scaffolded.Kawesome`` and the other names of the package are made when they are first asked for.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from kusion_dsl.compiler.inputs import InstalledModule
from kusion_dsl.discovery.modules import modules_for
from kusion_dsl.model.app import Application
from kusion_dsl.model.component import Component
from kusion_dsl.scaffold import module_names, scaffold_module

NAME = "kawesome"


@cache
def _package() -> ModuleType:
    """The package, made in a directory that is gone when it is imported."""
    with tempfile.TemporaryDirectory() as directory:
        place = str(Path(directory) / NAME)
        scaffold_module(NAME, Path(place))
        sys.path.insert(0, place)
        try:
            package = module_names(NAME).package
            importlib.import_module(f"{package}.module")
            return importlib.import_module(package)
        finally:
            sys.path.remove(place)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(_package(), name)


def modules_of(applications: Iterable[Application]) -> Mapping[type[Component], InstalledModule]:
    """The module for the class of each component: the installed ones, and the one that is made here, if it is used."""
    made = f"{module_names(NAME).package}."
    used = [
        type(each)
        for application in applications
        for each in application.accessories.values()
        if type(each).__module__.startswith(made)
    ]
    rest = [
        application._replace(
            accessories={name: each for name, each in application.accessories.items() if type(each) not in used}
        )
        for application in applications
    ]
    return {**modules_for(rest), **{kind: _installed() for kind in used}}


@cache
def _installed() -> InstalledModule:
    names = module_names(NAME)
    module = getattr(sys.modules[f"{_package().__name__}.module"], names.module)
    return InstalledModule(NAME, names.distribution, "0.1.0", module)
