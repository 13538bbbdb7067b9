"""``kusion doctor``."""

from __future__ import annotations

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import backend_option, output_option


@click.command()
@backend_option
@output_option()
@click.pass_obj
def doctor(invocation: Invocation, backend: str, output: str) -> int:
    """Check that everything a run needs is there.

    Exits with 1 where something is not, and says what to do.

    \b
    Example:
      kusion doctor -o json
    """
    from kusion_dsl.cli.render.listings import show_checkup
    from kusion_dsl.operations.doctor import examine

    findings = examine(invocation.host(backend))
    show_checkup(invocation.screen(), findings, output)
    return 0 if all(finding.ok for finding in findings) else 1
