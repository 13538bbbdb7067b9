"""``kusion apply``."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import (
    adopt_option,
    live_option,
    output_option,
    patience_options,
    stack_options,
    take_over_option,
    yes_option,
)

if TYPE_CHECKING:
    from kusion_dsl.model.health import Patience
    from kusion_dsl.operations.selection import Selection

EXIT_NOT_SHOWN = 1


@click.command()
@click.argument(
    "plan",
    metavar="[PLAN]",
    type=click.Path(dir_okay=False, path_type=Path),
    required=False,
    help="A file of `kusion preview --save`: apply what it shows, or nothing if things are not as they were.",
)
@stack_options()
@live_option
@adopt_option
@patience_options
@yes_option
@take_over_option
@output_option("table", "json", "yaml")
@click.pass_obj
def apply(
    invocation: Invocation,
    plan: Path | None,
    selection: Selection,
    backend: str,
    live: bool,
    adopt: bool,
    patience: Patience,
    yes: bool,
    take_over: bool,
    output: str,
) -> int:
    """Preview, ask, and make it so. Every apply that changes anything is recorded as a release.

    With a PLAN the stack is compiled and previewed again, with the workspace and the options of the plan; if anything
    is not as the plan shows it, nothing is changed, and all that differs is told.

    \b
    Examples:
      kusion apply
      kusion apply --yes                    without asking, for a pipeline
      kusion apply -D tag=1.5.0
      kusion apply --adopt                  objects that are there already become this stack's
      kusion apply --timeout 5m             fail what has not come up in the cluster by then
      kusion apply --no-wait                go on as soon as it is applied; see `kusion resource list --live`
      kusion apply shop.plan                what `kusion preview --save shop.plan` showed
    """
    from kusion_dsl.cli.consent import ask, can_ask, consent_again
    from kusion_dsl.cli.render.changes import show_preview
    from kusion_dsl.cli.render.progress import reporting
    from kusion_dsl.cli.render.releases import show_applied
    from kusion_dsl.operations.adoption import check_adoption
    from kusion_dsl.operations.apply import apply as operation
    from kusion_dsl.operations.generate import generate
    from kusion_dsl.operations.plan import check_plan, planned, read_plan
    from kusion_dsl.operations.preview import preview
    from kusion_dsl.operations.proposal import propose
    from kusion_dsl.operations.takings import check_takings

    host = invocation.host(backend)
    screen = invocation.screen()
    can_ask(screen, yes=yes)
    accepted = read_plan(plan) if plan is not None else None
    generated = generate(host, planned(selection, accepted) if accepted else selection)
    proposal = replace(propose(generated, adopt=accepted.adopt if accepted else adopt), patience=patience)
    with screen.waiting(f"previewing {proposal.ref}"):
        shown = preview(host, proposal, live=accepted.live if accepted else live)
    check = partial(check_plan, host, accepted) if accepted else None
    if check is not None:
        check(shown)
    if output == "table":
        show_preview(screen, shown, output)
    check_adoption(shown)
    if not shown.is_noop:
        check_takings(shown)
        ask(f"Apply this to {proposal.ref}?", shown.intrusion, shown.foreign, yes=yes, take_over=take_over)
    with reporting(screen, len(shown.effective)) as report:
        applied = operation(host, shown, consent_again(screen, yes=yes), report, check)
    code = show_applied(screen, shown.base, applied, output)
    for each in applied.not_shown if applied is not None else ():
        screen.warn(f"{each.operation} of {each.id}: this was not shown before")
        code = code or (EXIT_NOT_SHOWN if plan is not None else 0)
    return code
