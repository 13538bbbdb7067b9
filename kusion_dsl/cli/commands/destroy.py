"""``kusion destroy``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import output_option, stack_options, yes_option

if TYPE_CHECKING:
    from kusion_dsl.operations.selection import Selection


@click.command()
@stack_options(named=True, sets=False)
@yes_option
@output_option("table", "json", "yaml")
@click.pass_obj
def destroy(invocation: Invocation, selection: Selection, backend: str, yes: bool, output: str) -> int:
    """Remove everything a stack has. Needs its releases only, not its application.

    \b
    Examples:
      kusion destroy
      kusion destroy --project shop --stack dev --workspace default --yes
    """
    from kusion_dsl.cli.consent import ask, can_ask
    from kusion_dsl.cli.render.changes import show_demolition
    from kusion_dsl.cli.render.progress import reporting
    from kusion_dsl.cli.render.releases import show_applied
    from kusion_dsl.operations.destroy import destroy as operation
    from kusion_dsl.operations.destroy import preview_destroy

    host = invocation.host(backend)
    screen = invocation.screen()
    can_ask(screen, yes=yes)
    shown = preview_destroy(host, selection)
    if output == "table":
        show_demolition(screen, shown)
    if not shown.is_noop:
        ask(screen, f"Destroy {shown.ref}?", yes=yes)
    with reporting(screen, len(shown.changes)) as report:
        applied = operation(host, shown, report)
    return show_applied(screen, shown.base, applied, output)
