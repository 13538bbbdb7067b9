"""``kusion schema``."""

from __future__ import annotations

import click

from kusion_dsl.cli.invocation import Invocation


@click.command()
@click.argument("kind", type=click.Choice(["project", "stack", "workspace"]), help="The file that it is of.")
@click.pass_obj
def schema(invocation: Invocation, kind: str) -> None:
    """Print the JSON Schema of project.yaml, stack.yaml, or of workspaces with the installed modules.

    An editor's YAML server checks and completes a file that names its schema in its first line.

    \b
    Example:
      kusion schema workspace > workspace.schema.json
      # yaml-language-server: $schema=workspace.schema.json
    """
    from kusion_dsl.operations.schema import schema_of

    screen = invocation.screen()
    found = schema_of(kind)
    for warning in found.warnings:
        screen.warn(str(warning))
    screen.document(found.document, "json")
