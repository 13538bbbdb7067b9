"""``kusion options``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import output_option, stack_options

if TYPE_CHECKING:
    from kusion_dsl.operations.selection import Selection


@click.command()
@stack_options()
@output_option()
@click.pass_obj
def options(invocation: Invocation, selection: Selection, backend: str, output: str) -> None:
    """List the options of a stack.

    They are set with --set NAME=VALUE.

    \b
    Example:
      kusion options -w shop/dev
    """
    from kusion_dsl.cli.render.listings import show_options
    from kusion_dsl.operations.generate import options as operation

    show_options(invocation.screen(), operation(invocation.host(backend), selection), output)
