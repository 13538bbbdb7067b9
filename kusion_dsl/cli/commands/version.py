"""``kusion version``."""

from __future__ import annotations

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import output_option


@click.command()
@output_option()
@click.pass_obj
def version(invocation: Invocation, output: str) -> None:
    """Print the version, and of what it stands on.

    \b
    Example:
      kusion version -o json
    """
    from kusion_dsl.cli.render.listings import show_versions
    from kusion_dsl.operations.doctor import versions

    show_versions(invocation.screen(), versions(), output)
