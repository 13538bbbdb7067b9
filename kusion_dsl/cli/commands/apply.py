"""``kusion apply``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import live_option, output_option, stack_options, yes_option

if TYPE_CHECKING:
    from kusion_dsl.operations.selection import Selection


@click.command()
@stack_options()
@live_option
@yes_option
@output_option("table", "json", "yaml")
@click.pass_obj
def apply(invocation: Invocation, selection: Selection, backend: str, live: bool, yes: bool, output: str) -> int:
    """Preview, ask, and make it so. Every apply that changes anything is recorded as a release.

    \b
    Examples:
      kusion apply
      kusion apply --yes                    without asking, for a pipeline
      kusion apply -D tag=1.5.0
    """
    from kusion_dsl.cli.consent import ask, can_ask, consent_again
    from kusion_dsl.cli.render.changes import show_preview
    from kusion_dsl.cli.render.progress import reporting
    from kusion_dsl.cli.render.releases import show_applied
    from kusion_dsl.operations.apply import apply as operation
    from kusion_dsl.operations.generate import generate
    from kusion_dsl.operations.preview import preview
    from kusion_dsl.operations.proposal import propose

    host = invocation.host(backend)
    screen = invocation.screen()
    can_ask(screen, yes=yes)
    proposal = propose(generate(host, selection))
    with screen.waiting(f"previewing {proposal.ref}"):
        shown = preview(host, proposal, live=live)
    if output == "table":
        show_preview(screen, shown, output)
    if not shown.is_noop:
        ask(screen, f"Apply this to {proposal.ref}?", yes=yes)
    with reporting(screen, len(shown.effective)) as report:
        applied = operation(host, shown, consent_again(screen, yes=yes), report)
    return show_applied(screen, shown.base, applied, output)
