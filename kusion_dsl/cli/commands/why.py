"""``kusion why``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import output_option, stack_options

if TYPE_CHECKING:
    from kusion_dsl.operations.selection import Selection


@click.command()
@click.argument("resource", help="A resource's id, or a part of it that only one has.")
@click.argument("field", default="", help="A field, as `kusion preview` shows it; without one, all of them.")
@stack_options()
@output_option()
@click.pass_obj
def why(invocation: Invocation, selection: Selection, backend: str, resource: str, field: str, output: str) -> None:
    """Tell who put a field of a resource there.

    File and line, module and version, or workspace block; the decisive one first.

    \b
    Examples:
      kusion why Deployment spec.replicas
      kusion why v1:Service:shop:shop-dev-shop-private
      kusion why Deployment 'containers[web].image'
    """
    from kusion_dsl.cli.render.explanations import show_explanations
    from kusion_dsl.operations.generate import generate
    from kusion_dsl.operations.why import why as operation

    generated = generate(invocation.host(backend), selection)
    show_explanations(invocation.screen(), operation(generated, resource, field), output)
