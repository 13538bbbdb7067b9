"""What the shell completes that has to be looked up."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.errors import KusionError

if TYPE_CHECKING:
    from kusion_dsl.operations.host import Host
    from kusion_dsl.operations.selection import Selection


def workspaces(context: click.Context, incomplete: str) -> list[str]:
    """The workspaces of the backend whose names begin so."""
    from kusion_dsl.operations.workspaces import list_workspaces

    return _beginning(context, incomplete, lambda host: [each.name for each in list_workspaces(host)])


def resources(context: click.Context, incomplete: str) -> list[str]:
    """The ids of the resources of the chosen stack that begin so."""
    from kusion_dsl.operations.resources import existing_resources

    return _beginning(context, incomplete, lambda host: existing_resources(host, _selection(context)).resources)


def revisions(context: click.Context, incomplete: str) -> list[str]:
    """The numbers of the releases of the chosen stack that begin so, the newest first."""
    from kusion_dsl.operations.history import revisions as operation

    return _beginning(context, incomplete, lambda host: map(str, operation(host, _selection(context))))


def backends(context: click.Context, incomplete: str) -> list[str]:
    """The names of the configured backends that begin so."""
    from kusion_dsl.operations.configuration import list_backends

    return _beginning(context, incomplete, lambda host: [each.name for each in list_backends(host)])


def settings(context: click.Context, incomplete: str) -> list[str]:
    """The keys of the configuration that begin so."""
    from kusion_dsl.operations.configuration import setting_keys

    return _beginning(context, incomplete, setting_keys)


def setting_values(context: click.Context, incomplete: str) -> list[str]:
    """What the key that was given could be set to, where there is a choice."""
    from kusion_dsl.operations.configuration import setting_values as operation

    key = context.params.get("key") or ""
    return _beginning(context, incomplete, lambda host: operation(host, key))


def _selection(context: click.Context) -> Selection:
    """The stack that the options so far select."""
    from kusion_dsl.operations.selection import Selection

    given = context.params
    workspace, project, stack = (given.get(name) or "" for name in ("workspace", "project", "stack"))
    return Selection(Path(given.get("workdir") or "."), workspace, project, stack)


def _beginning(context: click.Context, incomplete: str, look: Callable[[Host], Iterable[str]]) -> list[str]:
    """What is found and begins so; nothing where it cannot be found out."""
    invocation = context.find_object(Invocation) or Invocation(dict(os.environ))
    try:
        found = list(look(invocation.host(context.params.get("backend") or "")))
    except KusionError:  # a completion has nowhere to say what is wrong; the command itself will
        return []
    return [each for each in found if each.startswith(incomplete)]
