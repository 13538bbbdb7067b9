"""Lists of what is there, for people and for programs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from kusion_dsl.cli.render.screen import VERSION, Screen
from kusion_dsl.model.release import History
from kusion_dsl.storage.releases import Damaged

if TYPE_CHECKING:
    from kusion_dsl.engine.binary import Binary
    from kusion_dsl.model.load_session import OptionDeclaration
    from kusion_dsl.operations.configuration import ListedBackend
    from kusion_dsl.operations.doctor import Finding
    from kusion_dsl.operations.inventory import ListedModule, ListedProject, ListedStack
    from kusion_dsl.operations.workspaces import ListedWorkspace


def _show(
    screen: Screen, key: str, items: Sequence[Mapping[str, Any]], columns: Sequence[str], format: str, none: str
) -> None:
    """Print items as a table of some of their values, or as a document with all of them."""
    if format != "table":
        screen.document({"version": VERSION, key: [dict(item) for item in items]}, format)
    elif items:
        screen.table(
            [column.upper() for column in columns], [[_cell(item[name]) for name in columns] for item in items]
        )
    else:
        screen.out(none)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "*" if value else ""
        case list() | tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def show_options(screen: Screen, options: Sequence[OptionDeclaration], format: str) -> None:
    """Print the options of a stack."""
    items = [
        {
            "name": each.name,
            "default": each.default,
            "help": each.help,
            "declared": f"{each.site.file}:{each.site.line}",
        }
        for each in options
    ]
    _show(screen, "options", items, ["name", "default", "help", "declared"], format, "This stack has no options.")


def show_workspaces(screen: Screen, workspaces: Sequence[ListedWorkspace], format: str) -> None:
    """Print the workspaces."""
    items = [{"name": each.name, "current": each.current, "revision": each.revision} for each in workspaces]
    _show(screen, "workspaces", items, ["name", "current", "revision"], format, "There is no workspace.")


def show_workspace(screen: Screen, text: str, format: str) -> None:
    """Print the content of a workspace: its text as it was given, or as JSON."""
    if format == "yaml":
        screen.out(text.rstrip("\n") or "{}")
        return
    from kusion_dsl.documents import load_yaml

    screen.document(load_yaml(text, "workspace").value or {}, format)


def show_backends(screen: Screen, backends: Sequence[ListedBackend], format: str) -> None:
    """Print the configured backends."""
    items = [
        {"name": each.name, "current": each.current, "type": each.type, "configs": dict(each.configs), "url": each.url}
        for each in backends
    ]
    _show(screen, "backends", items, ["name", "current", "type", "url"], format, "There is no backend.")


def show_setting(screen: Screen, key: str, value: Any, format: str) -> None:
    """Print what a key of the configuration says: a text as it is, a mapping as YAML, or either as a document."""
    if format != "text":
        screen.document({"version": VERSION, "key": key, "value": value}, format)
    elif isinstance(value, str):
        screen.out(value)
    else:
        screen.document(value, "yaml")


def show_projects(screen: Screen, projects: Sequence[ListedProject], format: str) -> None:
    """Print projects."""
    items = [{"name": each.name, "directory": each.directory, "stacks": list(each.stacks)} for each in projects]
    _show(screen, "projects", items, ["name", "directory", "stacks"], format, "There is no project here.")


def show_stacks(screen: Screen, stacks: Sequence[ListedStack], format: str) -> None:
    """Print stacks with their newest releases."""
    items = [
        {
            "project": each.project,
            "stack": each.stack,
            "workspace": each.workspace,
            "directory": each.directory,
            **_newest(each.newest),
        }
        for each in stacks
    ]
    columns = ["project", "stack", "workspace", "directory", "release", "phase"]
    _show(screen, "stacks", items, columns, format, "There is no stack here.")


def _newest(newest: History | Damaged | None) -> dict[str, Any]:
    match newest:
        case None:
            return {"release": None, "phase": None}
        case Damaged():
            return {"release": newest.revision, "phase": "damaged"}
        case History():
            return {"release": newest.release.revision, "phase": newest.phase}


def show_modules(screen: Screen, modules: Sequence[ListedModule], format: str) -> None:
    """Print the installed modules."""
    items = [
        {
            "name": each.name,
            "distribution": each.distribution,
            "version": each.version,
            "summary": each.summary,
            "problem": each.problem,
        }
        for each in modules
    ]
    columns = ["name", "distribution", "version", "summary"]
    columns += ["problem"] if any(each.problem for each in modules) else []
    _show(screen, "modules", items, columns, format, "No module is installed; begin with pip install kusion-service.")


def show_engine(screen: Screen, binary: Binary | None, format: str) -> None:
    """Print which engine is used."""
    if format != "table":
        found = {"path": str(binary.path), "version": binary.version, "source": binary.source} if binary else None
        screen.document({"version": VERSION, "engine": found}, format)
    elif binary is None:
        screen.out("There is no engine yet; get it with `kusion engine install`.")
    else:
        screen.out(f"Pulumi {binary.version} at {binary.path} ({binary.source})")


def show_variables(screen: Screen, variables: Mapping[str, str], format: str) -> None:
    """Print variables of the environment: as a shell sets them, or as a document."""
    if format != "shell":
        screen.document({"version": VERSION, "variables": dict(variables)}, format)
        return
    for name, value in variables.items():
        screen.out(f"export {name}={shlex.quote(value)}")


def show_checkup(screen: Screen, findings: Sequence[Finding], format: str) -> None:
    """Print what doctor found."""
    if format != "table":
        items = [{"check": each.check, "ok": each.ok, "found": each.found, "remedy": each.remedy} for each in findings]
        screen.document({"version": VERSION, "ok": all(each.ok for each in findings), "checks": items}, format)
        return
    for each in findings:
        mark = click.style("ok", fg="green") if each.ok else click.style("!!", fg="red", bold=True)
        screen.out(f"{mark}  {each.check}: {each.found}")
        if each.remedy:
            screen.out(f"    {each.remedy}")


def show_versions(screen: Screen, versions: Mapping[str, str], format: str) -> None:
    """Print versions."""
    if format != "table":
        screen.document({"version": VERSION, "versions": dict(versions)}, format)
        return
    for name, version in versions.items():
        screen.out(f"{name} {version}")
