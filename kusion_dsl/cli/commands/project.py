"""``kusion project``."""

from __future__ import annotations

from pathlib import Path

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import output_option


@click.group()
def project() -> None:
    """See the projects here."""


@project.command("list")
@click.option("-w", "--workdir", metavar="DIR", default=".", help="Where to look. Default: here.")
@output_option()
@click.pass_obj
def list_projects(invocation: Invocation, workdir: str, output: str) -> None:
    """List the projects at or below a directory, or the one it is in, with their stacks.

    \b
    Example:
      kusion project list -w teams
    """
    from kusion_dsl.cli.render.listings import show_projects
    from kusion_dsl.operations.inventory import list_projects as operation

    show_projects(invocation.screen(), operation(Path(workdir)), output)
