"""``kusion rollback``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import (
    adopt_option,
    complete_revisions,
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


@click.command()
@click.argument(
    "revision",
    type=click.IntRange(min=1),
    required=False,
    shell_complete=complete_revisions,
    help="The release to restore; without one, the newest that succeeded before the one that is live now.",
)
@stack_options(named=True, sets=False)
@live_option
@adopt_option
@patience_options
@yes_option
@take_over_option
@click.option("--preview", "dry", is_flag=True, help="Show what would change, and change nothing.")
@output_option()
@click.pass_obj
def rollback(
    invocation: Invocation,
    revision: int | None,
    selection: Selection,
    backend: str,
    live: bool,
    adopt: bool,
    patience: Patience,
    yes: bool,
    take_over: bool,
    dry: bool,
    output: str,
) -> int:
    """Make live again what an old release had: its Spec, its providers and its target, as a new release.

    Needs the backend only: neither the application's source nor the modules, nor the project's directory. Secrets are
    resolved now, from the store that the old Spec names.

    \b
    Examples:
      kusion rollback                       to the release before
      kusion rollback 7 --preview           what restoring release 7 would change
      kusion rollback --project shop --stack prod --workspace default --yes
    """
    from kusion_dsl.cli.consent import ask, can_ask, consent_again
    from kusion_dsl.cli.render.changes import show_preview
    from kusion_dsl.cli.render.progress import reporting
    from kusion_dsl.cli.render.releases import show_applied
    from kusion_dsl.cli.render.rollbacks import show_restored
    from kusion_dsl.operations.adoption import check_adoption
    from kusion_dsl.operations.apply import apply
    from kusion_dsl.operations.preview import preview
    from kusion_dsl.operations.rollback import propose_rollback
    from kusion_dsl.operations.takings import check_takings

    host = invocation.host(backend)
    screen = invocation.screen()
    if not dry:
        can_ask(screen, yes=yes)
    found = propose_rollback(host, selection, revision or 0)
    proposal = replace(found.proposal, adopt=adopt, patience=patience)
    with screen.waiting(f"previewing release {proposal.restores} of {proposal.ref}"):
        shown = preview(host, proposal, live=live)
    if output == "table":
        show_restored(screen, found.restored)
    if dry or output == "table":
        show_preview(screen, shown, output)
    if dry:
        return 0
    check_adoption(shown)
    if not shown.is_noop:
        check_takings(shown)
        question = f"Restore release {proposal.restores} of {proposal.ref}?"
        ask(question, shown.intrusion, shown.foreign, yes=yes, take_over=take_over)
    with reporting(screen, len(shown.effective)) as report:
        applied = apply(host, shown, consent_again(screen, yes=yes), report)
    return show_applied(screen, shown.base, applied, output)
