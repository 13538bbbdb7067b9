"""``kusion release``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import output_option, stack_options

if TYPE_CHECKING:
    from kusion_dsl.operations.selection import Selection


@click.group()
def release() -> None:
    """See what was applied, when and by whom."""


@release.command("list")
@stack_options(named=True, sets=False)
@output_option()
@click.pass_obj
def list_releases(invocation: Invocation, selection: Selection, backend: str, output: str) -> None:
    """List the releases of a stack, the newest first.

    \b
    Examples:
      kusion release list
      kusion release list --project shop --stack dev -o json
    """
    from kusion_dsl.cli.render.releases import show_releases
    from kusion_dsl.operations.history import list_releases as operation

    ref, entries = operation(invocation.host(backend), selection)
    show_releases(invocation.screen(), ref, entries, output)


@release.command("show")
@click.argument("revision", type=click.IntRange(min=1), required=False, help="Its number; without one, the newest.")
@stack_options(named=True, sets=False)
@output_option()
@click.pass_obj
def show_release(invocation: Invocation, selection: Selection, backend: str, revision: int | None, output: str) -> None:
    """Show one release with everything that is known about it.

    \b
    Examples:
      kusion release show
      kusion release show 7 -o yaml
    """
    from kusion_dsl.cli.render.releases import show_one
    from kusion_dsl.operations.history import show_release as operation

    show_one(invocation.screen(), operation(invocation.host(backend), selection, revision or 0), output)
