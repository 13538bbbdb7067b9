"""``kusion drift``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import output_option, stack_options

if TYPE_CHECKING:
    from kusion_dsl.operations.selection import Selection


@click.command()
@stack_options(named=True, sets=False)
@click.option(
    "--all", "everywhere", is_flag=True, help="Every stack of the backend, or of the --project, --stack, --workspace."
)
@output_option()
@click.pass_obj
def drift(invocation: Invocation, selection: Selection, backend: str, everywhere: bool, output: str) -> int:
    """Tell what somebody else changed or deleted since it was applied. Changes nothing.

    Needs the backend only, not the application. Exits with 0 where everything is as it was applied, with 3 where it
    is not, and with 1 where that cannot be told (with --all: of at least one stack; the others are reported).

    \b
    Examples:
      kusion drift
      kusion drift --all -o json            for a scheduled job
      kusion drift --all --workspace prod
      kusion drift --project shop --stack prod --workspace default
    """
    from kusion_dsl.cli.render.drifts import show_drift
    from kusion_dsl.operations.drift import drift as operation
    from kusion_dsl.operations.drift import drift_everywhere

    host = invocation.host(backend)
    screen = invocation.screen()
    with screen.waiting("reading what is live"):
        examined = tuple(drift_everywhere(host, selection)) if everywhere else (operation(host, selection),)
    return show_drift(screen, examined, output)
