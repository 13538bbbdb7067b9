"""Doctor: whether everything that a run needs is there."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kusion_dsl.discovery.modules import module_entries
from kusion_dsl.errors import KusionError
from kusion_dsl.operations.engine import find_engine
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.inventory import list_modules
from kusion_dsl.operations.selection import select_workspace

_DISTRIBUTIONS = ("kusion-dsl", "pulumi", "pulumi-kubernetes", "pulumi-aws", "pydantic", "click")


@dataclass(frozen=True)
class Finding:
    """What one check found, and what to do where it is not ok."""

    check: str
    ok: bool
    found: str
    remedy: str = ""


def examine(host: Host) -> tuple[Finding, ...]:
    """Every check, in the order in which a run would need things. Changes nothing but what using a thing makes."""
    return tuple(
        finding for check in (_python, _engine, _home, _backend, _key, _workspace, _modules) for finding in check(host)
    )


def _python(_: Host) -> Iterator[Finding]:
    yield Finding("Python", True, platform.python_version())


def _engine(host: Host) -> Iterator[Finding]:
    found = find_engine(host)
    if found is None:
        yield Finding("engine", False, "there is no Pulumi CLI yet", "get it: kusion engine install")
    else:
        yield Finding("engine", True, f"Pulumi {found.version} at {found.path}")


def _home(host: Host) -> Iterator[Finding]:
    yield _checked("home", lambda: f"{host.home.path}, backend {host.backend_url}")


def _backend(host: Host) -> Iterator[Finding]:
    yield _checked("backend", lambda: f"{len(host.releases.stacks())} stacks in {host.store.url}")


def _key(host: Host) -> Iterator[Finding]:
    yield _checked("key", lambda: str(host.home.passphrase_file(host.backend_url, host.environment)))


def _workspace(host: Host) -> Iterator[Finding]:
    yield _checked("workspace", lambda: select_workspace(host, host.home.workspace(host.backend_url)).name)


def _modules(_: Host) -> Iterator[Finding]:
    modules = list_modules()
    yield Finding("modules", True, ", ".join(f"{each.distribution} {each.version}" for each in modules))
    for each in modules:
        if each.problem:
            remedy = f"repair or remove it: pip uninstall {each.distribution}"
            yield Finding(f"module {each.name}", False, each.problem, remedy)


def _checked(check: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(check, True, look())
    except KusionError as error:
        problem = error.problems[0]
        return Finding(
            check, False, f"{problem.where}: {problem.what}" if problem.where else problem.what, problem.hint or ""
        )


def versions() -> Mapping[str, str]:
    """The versions of what a run stands on, by distribution, and Python's."""
    found = {name: importlib.metadata.version(name) for name in _DISTRIBUTIONS}
    modules = {each.distribution: each.version for each in module_entries()}
    return {**found, **modules, "python": platform.python_version()}
