"""``kusion preview``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import live_option, output_option, stack_options

if TYPE_CHECKING:
    from kusion_dsl.operations.selection import Selection

EXIT_CHANGES = 3


@click.command()
@stack_options()
@live_option
@output_option()
@click.option("--exit-code", is_flag=True, help="Exit with 3 where there are changes.")
@click.pass_obj
def preview(
    invocation: Invocation, selection: Selection, backend: str, live: bool, output: str, exit_code: bool
) -> int:
    """Show what an apply would change, and why.

    Each change is yours, somebody else's (drift), or both (a conflict), and is told with the line that caused it.

    \b
    Examples:
      kusion preview
      kusion preview --no-live              from the releases alone
      kusion preview -o json --exit-code    for a pipeline: 0 no changes, 3 changes
    """
    from kusion_dsl.cli.render.changes import show_preview
    from kusion_dsl.operations.generate import generate
    from kusion_dsl.operations.preview import preview as operation
    from kusion_dsl.operations.proposal import propose

    host = invocation.host(backend)
    screen = invocation.screen()
    proposal = propose(generate(host, selection))
    with screen.waiting(f"previewing {proposal.ref}"):
        shown = operation(host, proposal, live=live)
    show_preview(screen, shown, output)
    return EXIT_CHANGES if exit_code and shown.effective else 0
