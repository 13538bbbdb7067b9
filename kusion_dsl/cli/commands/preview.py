"""``kusion preview``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import adopt_option, live_option, output_option, stack_options

if TYPE_CHECKING:
    from kusion_dsl.operations.selection import Selection

EXIT_CHANGES = 3


@click.command()
@stack_options()
@live_option
@adopt_option
@output_option()
@click.option("--exit-code", is_flag=True, help="Exit with 3 where there are changes.")
@click.option("--detail", is_flag=True, help="Show every change by itself, and long values in full.")
@click.option(
    "--save",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep what is shown as a plan, for `kusion apply FILE`. It has no secrets in it.",
)
@click.pass_obj
def preview(
    invocation: Invocation,
    selection: Selection,
    backend: str,
    live: bool,
    adopt: bool,
    output: str,
    exit_code: bool,
    detail: bool,
    save: Path | None,
) -> int:
    """Show what an apply would change, and why.

    Each change is yours, somebody else's (drift), or both (a conflict), and is told with the line that caused it.

    \b
    Examples:
      kusion preview
      kusion preview --no-live              from the releases alone
      kusion preview -o json --exit-code    for a pipeline: 0 no changes, 3 changes
      kusion preview --save shop.plan       and later: kusion apply shop.plan
      kusion preview --adopt --save shop.plan
    """
    from kusion_dsl.cli.render.changes import show_preview
    from kusion_dsl.operations.generate import generate
    from kusion_dsl.operations.preview import preview as operation
    from kusion_dsl.operations.proposal import propose

    host = invocation.host(backend)
    screen = invocation.screen()
    proposal = propose(generate(host, selection), adopt=adopt)
    with screen.waiting(f"previewing {proposal.ref}"):
        shown = operation(host, proposal, live=live)
    if save is not None:
        from kusion_dsl.operations.plan import plan_of, save_plan

        save_plan(plan_of(host, shown), save)
    show_preview(screen, shown, output, detail=detail)
    if save is not None:
        screen.note(f"Saved; make it so with: kusion apply {save}")
    return EXIT_CHANGES if exit_code and shown.effective else 0
