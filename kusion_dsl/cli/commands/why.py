"""``kusion why``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import complete_revisions, output_option, stack_options

if TYPE_CHECKING:
    from kusion_dsl.operations.selection import Selection


@click.command()
@click.argument("resource", help="A resource's id, or a part of it that only one has.")
@click.argument("field", default="", help="A field, as `kusion preview` shows it; without one, all of them.")
@stack_options()
@click.option(
    "--release",
    "revision",
    type=click.IntRange(min=1),
    metavar="N",
    shell_complete=complete_revisions,
    help="What release N has, instead of what is written now.",
)
@output_option()
@click.pass_obj
def why(
    invocation: Invocation,
    selection: Selection,
    backend: str,
    resource: str,
    field: str,
    revision: int | None,
    output: str,
) -> None:
    """Tell who put a field of a resource there.

    File and line, module and version, or workspace block; the decisive one first.

    \b
    Examples:
      kusion why Deployment spec.replicas
      kusion why v1:Service:shop:shop-dev-shop-private
      kusion why Deployment 'containers[web].image'
      kusion why Deployment replicas --release 7
    """
    from kusion_dsl.cli.render.explanations import show_explanations
    from kusion_dsl.operations.generate import generate
    from kusion_dsl.operations.why import why as operation
    from kusion_dsl.operations.why import why_released

    host = invocation.host(backend)
    if revision is None:
        compiled = generate(host, selection).compiled
        found = operation(compiled.spec, compiled.provenance, resource, field)
    else:
        if selection.values:
            raise click.UsageError("a release has its options; --set is for what is written now")
        from kusion_dsl.operations.history import show_release

        found = why_released(show_release(host, selection, revision).history.release, resource, field)
    show_explanations(invocation.screen(), found, output)
