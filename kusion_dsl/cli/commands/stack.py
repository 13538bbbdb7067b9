"""``kusion stack``."""

from __future__ import annotations

from pathlib import Path

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import backend_option, output_option


@click.group()
def stack() -> None:
    """See the stacks here."""


@stack.command("list")
@click.option("-w", "--workdir", metavar="DIR", default=".", help="Where to look. Default: here.")
@click.option("--workspace", metavar="NAME", default="", help="The workspace. Default: each stack's, else the current.")
@backend_option
@output_option()
@click.pass_obj
def list_stacks(invocation: Invocation, workdir: str, workspace: str, backend: str, output: str) -> None:
    """List the stacks of the projects at or below a directory, each with its newest release.

    \b
    Example:
      kusion stack list -o json
    """
    from kusion_dsl.cli.render.listings import show_stacks
    from kusion_dsl.operations.inventory import list_stacks as operation

    show_stacks(invocation.screen(), operation(invocation.host(backend), Path(workdir), workspace), output)
