"""The tables in the README of a module: written from its models, or compared with them."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kusion_dsl.discovery.modules import GROUP, installed_module
from kusion_dsl.discovery.reference import with_reference
from kusion_dsl.errors import ModuleError, Problem

_README = "README.md"


def write_readmes(directories: Iterable[Path], *, check: bool = False) -> dict[Path, bool]:
    """Write the tables of the modules whose packages are in ``directories`` into their READMEs.

    Returns for each README whether it changed. With ``check`` nothing is written, and tables that are not what the
    models say are an error. The modules must be installed from there (``pip install -e``). Raises ModuleError with
    everything that is wrong; the READMEs of the other modules are written nevertheless.
    """
    written: dict[Path, bool] = {}
    problems: list[Problem] = []
    for directory in directories:
        try:
            written[directory / _README] = _write(directory, check)
        except ModuleError as error:
            problems += error.problems
    if problems:
        raise ModuleError.of(problems)
    return written


def _write(directory: Path, check: bool) -> bool:
    name = _module_name(directory)
    installed = installed_module(name)
    source = Path(inspect.getfile(installed.module.generate)).resolve()
    if not source.is_relative_to(directory.resolve()):
        raise ModuleError(
            f"the installed module {name} is not the one in {directory}",
            where=str(source),
            hint=f"install that one: pip install --editable {directory}",
        )
    readme = directory / _README
    written = _text(readme)
    wanted = _with_reference(readme, written, name, installed.module)
    if wanted == written:
        return False
    if check:
        raise ModuleError(
            "its tables are not what the models say", where=str(readme), hint=f"run: kusion module readme {directory}"
        )
    try:
        readme.write_text(wanted, encoding="utf-8")
    except OSError as error:
        raise ModuleError(
            f"it cannot be written: {error.strerror}", where=str(readme), hint="make it writable"
        ) from None
    return True


def _with_reference(readme: Path, text: str, name: str, module: Any) -> str:
    try:
        return with_reference(text, name, module)
    except ModuleError as error:
        raise error.at(str(readme)) from None


def _module_name(directory: Path) -> str:
    """The name of the only entry point for a module that ``pyproject.toml`` has."""
    file = directory / "pyproject.toml"
    try:
        project = tomllib.loads(_text(file)).get("project", {})
        names = list(project.get("entry-points", {}).get(GROUP, {}))
    except (tomllib.TOMLDecodeError, AttributeError) as error:
        raise ModuleError(f"this is no pyproject.toml: {error}", where=str(file), hint="correct it") from None
    if len(names) != 1:
        found = ", ".join(names) or "none"
        raise ModuleError(
            f"one entry point in the group {GROUP} is needed, and there is {found}",
            where=str(file),
            hint=f'write: [project.entry-points."{GROUP}"]',
        )
    return str(names[0])


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ModuleError(
            f"it cannot be read: {reason}", where=str(file), hint="name the directory of a module's package"
        ) from None
