"""What the shell completes that has to be looked up."""

from __future__ import annotations

import os

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.errors import KusionError


def workspaces(context: click.Context, incomplete: str) -> list[str]:
    """The workspaces of the backend whose names begin so; none where the backend cannot be read."""
    from kusion_dsl.operations.workspaces import list_workspaces

    invocation = context.find_object(Invocation) or Invocation(dict(os.environ))
    try:
        host = invocation.host(context.params.get("backend") or "")
        return [each.name for each in list_workspaces(host) if each.name.startswith(incomplete)]
    except KusionError:  # a completion has nowhere to say what is wrong; the command itself will
        return []
