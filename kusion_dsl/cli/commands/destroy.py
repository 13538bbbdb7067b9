"""``kusion destroy``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import output_option, stack_options, take_over_option, yes_option

if TYPE_CHECKING:
    from kusion_dsl.operations.selection import Selection


@click.command()
@stack_options(named=True, sets=False)
@yes_option
@take_over_option
@click.option("--forget", is_flag=True, help="Delete nothing: forget all of it, as its cluster or directory is gone.")
@output_option("table", "json", "yaml")
@click.pass_obj
def destroy(
    invocation: Invocation,
    selection: Selection,
    backend: str,
    yes: bool,
    take_over: bool,
    forget: bool,
    output: str,
) -> int:
    """Remove everything a stack has. Needs its releases only, not its application.

    What is protected stays, with what it depends on; what is to be retained, or is shared with another stack, stays
    and is forgotten. All of that is listed. To remove it too, apply the stack without the protection first.

    With --forget everything stays where it is, what is protected included, and the stack has nothing any more. That is
    for what is gone, like a cluster that was made anew; what is not gone can be had back with `kusion apply --adopt`.

    \b
    Examples:
      kusion destroy
      kusion destroy --project shop --stack dev --workspace default --yes
      kusion destroy --forget               its cluster is gone
    """
    from kusion_dsl.cli.consent import ask, can_ask
    from kusion_dsl.cli.render.demolitions import show_demolition, show_destroyed
    from kusion_dsl.cli.render.progress import reporting
    from kusion_dsl.operations.destroy import destroy as operation
    from kusion_dsl.operations.destroy import preview_destroy, preview_forget

    host = invocation.host(backend)
    screen = invocation.screen()
    can_ask(screen, yes=yes)
    with screen.waiting("looking for what there is"):
        shown = preview_forget(host, selection) if forget else preview_destroy(host, selection)
    if output == "table":
        show_demolition(screen, shown)
    if not shown.is_noop:
        ask(
            f"{'Forget' if forget else 'Destroy'} {shown.ref}?",
            shown.intrusion,
            shown.foreign,
            yes=yes,
            take_over=take_over,
        )
    with reporting(screen, len(shown.changes)) as report:
        applied = operation(host, shown, report)
    return show_destroyed(screen, shown, applied, output)
