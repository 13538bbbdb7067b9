"""``kusion module``."""

from __future__ import annotations

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import output_option


@click.group()
def module() -> None:
    """See the installed modules."""


@module.command("list")
@output_option()
@click.pass_obj
def list_modules(invocation: Invocation, output: str) -> None:
    """List the installed modules, broken ones with what is wrong with them.

    \b
    Example:
      kusion module list
    """
    from kusion_dsl.cli.render.listings import show_modules
    from kusion_dsl.operations.inventory import list_modules as operation

    show_modules(invocation.screen(), operation(), output)
