"""``kusion generate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import output_option, stack_options

if TYPE_CHECKING:
    from kusion_dsl.operations.selection import Selection


@click.command()
@stack_options()
@output_option("yaml", "json", default="yaml")
@click.option("--digest", is_flag=True, help="Print only the digest of the Spec.")
@click.pass_obj
def generate(invocation: Invocation, selection: Selection, backend: str, output: str, digest: bool) -> None:
    """Print the Spec of a stack.

    That is what should exist, as plain data.

    \b
    Examples:
      kusion generate                      the stack in this directory, as YAML
      kusion generate -w shop/prod -o json
      kusion generate -D tag=1.5.0         with an option of the stack
      kusion generate --digest             what changes when anything changes
    """
    from kusion_dsl.operations import generate as operation

    host = invocation.host(backend)
    generated = operation.generate(host, selection)
    screen = invocation.screen()
    for warning in generated.compiled.warnings:
        screen.warn(str(warning))
    if digest:
        screen.out(generated.spec.digest)
    else:
        screen.document(generated.spec.to_json(), output)
