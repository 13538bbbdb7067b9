"""Installed modules: found by entry point, imported only when used."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import itertools
import re
import traceback
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from kusion_dsl.compiler.inputs import InstalledModule
from kusion_dsl.errors import ModuleError, did_you_mean
from kusion_dsl.model.app import Application
from kusion_dsl.model.component import Component
from kusion_dsl.model.identity import ModuleVersion
from kusion_dsl.model.spec import KUSION
from kusion_dsl.module import Module

GROUP = "kusion.modules"
_PACKAGE_PREFIX = "kusion-"
PROVIDER_VERSION = "1.0.0"
"""The version of our own Pulumi provider, ``kusion``; it changes when what it does changes."""


class ModuleEntry(NamedTuple):
    """An entry point that claims to be a module: not imported yet, and its distribution's metadata not read."""

    entry_point: importlib.metadata.EntryPoint

    @property
    def name(self) -> str:
        """The module's name."""
        return self.entry_point.name

    @property
    def distribution(self) -> str:
        """The name of the distribution that brought it."""
        return self.entry_point.dist.name if self.entry_point.dist else "?"

    @property
    def version(self) -> str:
        """The version of that."""
        return self.entry_point.dist.version if self.entry_point.dist else "0"

    @property
    def package(self) -> str:
        """The top-level package that it is in."""
        return self.entry_point.module.partition(".")[0]

    def load(self) -> InstalledModule:
        """Import it. Raises ModuleError naming the distribution for whatever goes wrong."""
        try:
            loaded = self.entry_point.load()
        except (Exception, SystemExit) as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            raise ModuleError(
                f"the module {self.name} cannot be imported: {type(error).__name__}: {error}",
                where=f"{self.distribution} {self.version}",
                details=[f"in {frame.filename}:{frame.lineno}"],
                hint=f"repair or remove it: pip install --force-reinstall {self.distribution}",
            ) from error
        if not isinstance(loaded, Module):
            raise ModuleError(
                f"the entry point {self.name} leads to {type(loaded).__name__}, not to a module",
                where=f"{self.distribution} {self.version}",
                hint="it must lead to a function decorated with @module",
            )
        return InstalledModule(self.name, self.distribution, self.version, loaded)


def module_entries() -> tuple[ModuleEntry, ...]:
    """All entry points of the group by name, then distribution: two distributions may claim one name."""
    claims: dict[str, list[ModuleEntry]] = {}
    for point in importlib.metadata.entry_points(group=GROUP):
        claims.setdefault(point.name, []).append(ModuleEntry(point))
    return tuple(entry for name in sorted(claims) for entry in _by_distribution(claims[name]))


def _by_distribution(entries: list[ModuleEntry]) -> Iterable[ModuleEntry]:
    if len(entries) == 1:
        return entries
    found = {entry.distribution: entry for entry in reversed(entries)}  # the first on sys.path is the one imported
    return (found[distribution] for distribution in sorted(found))


def installed_modules() -> tuple[ModuleEntry, ...]:
    """The modules by name. Raises ModuleError where two distributions claim one name."""
    entries = module_entries()
    for one, other in itertools.pairwise(entries):
        if one.name == other.name:
            raise ModuleError(
                "two distributions claim to be this module: "
                f"{one.distribution} {one.version} and {other.distribution} {other.version}",
                where=f"module {one.name}",
                hint=f"uninstall one of them: pip uninstall {one.distribution}",
            )
    return entries


def installed_module(name: str) -> InstalledModule:
    """The module of a name. Raises ModuleError where there is none, or it is broken."""
    entries = {entry.name: entry for entry in installed_modules()}
    if name not in entries:
        hint = did_you_mean(name, entries) or f"pip install {_PACKAGE_PREFIX}{name}"
        raise ModuleError(f"the module {name} is not installed", hint=hint)
    return entries[name].load()


def modules_for(applications: Iterable[Application]) -> Mapping[type[Component], InstalledModule]:
    """The module for the class of each component. Raises ModuleError where there is none, or it is broken."""
    used: dict[type[Component], Component] = {}
    for application in applications:
        for component in (application.workload, *application.accessories.values()):
            if component is not None:
                used.setdefault(type(component), component)
    entries = installed_modules()
    return {kind: _module_of(kind, component, entries) for kind, component in used.items()}


def _module_of(kind: type[Component], component: Component, entries: tuple[ModuleEntry, ...]) -> InstalledModule:
    package = kind.__module__.partition(".")[0]
    for entry in entries:
        if entry.package != package:
            continue
        installed = entry.load()
        if installed.module.intent is kind:
            return installed
    site = component.site_of()
    raise ModuleError(
        f"no installed module takes {kind.__name__}",
        where=f"{site.file}:{site.line}" if site else kind.__name__,
        hint=f"the package {package} has no entry point in the group {GROUP} for it",
    )


def source_digest(module: ModuleVersion) -> str:
    """``sha256:<hex>`` of the files of an installed module's package, the same however it was installed.

    It is that of what ``sha256sum`` prints for these files in order of their names; compiled files are no source.
    Raises ModuleError where they cannot be read.
    """
    try:
        points = importlib.metadata.distribution(module.distribution).entry_points
        [point, *_] = points.select(group=GROUP, name=module.name)
        files = sorted(found for place in _places(point.module.partition(".")[0]) for found in _source_files(place))
        lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n" for name, path in files]
    except (ImportError, OSError, ValueError) as error:
        raise ModuleError(
            f"the source of {module} cannot be read: {error}",
            where=f"module {module.name}",
            hint=f"repair it: pip install --force-reinstall {module.distribution}",
        ) from None
    return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"


def _places(package: str) -> list[Path]:
    """The directories of a package, or the one file of a module. Raises ImportError where it is not there any more."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ImportError(f"there is no {package} any more")
    return [Path(place) for place in spec.submodule_search_locations or [spec.origin or ""]]


def _source_files(place: Path) -> Iterator[tuple[str, Path]]:
    """The files at a place, with their names from the package on."""
    for path in [place] if place.is_file() else place.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(place.parent).as_posix(), path


class _Providers(Mapping[str, str]):
    """Looks a version up when it is asked for: reading the metadata of everything installed takes long."""

    def __getitem__(self, package: str) -> str:
        if package == KUSION:
            return PROVIDER_VERSION
        try:
            return importlib.metadata.version(f"pulumi-{package}")
        except importlib.metadata.PackageNotFoundError:
            raise KeyError(package) from None

    def __iter__(self) -> Iterator[str]:
        names = (re.sub("[-_.]+", "-", each.metadata["Name"] or "") for each in importlib.metadata.distributions())
        return iter(sorted({KUSION, *(name.removeprefix("pulumi-") for name in names if name.startswith("pulumi-"))}))

    def __len__(self) -> int:
        return len(list(iter(self)))


def provider_versions() -> Mapping[str, str]:
    """The versions of Pulumi's provider packages by name: those of the installed distributions ``pulumi-<name>``."""
    return _Providers()
