"""``kusion init``."""

from __future__ import annotations

from pathlib import Path

import click

from kusion_dsl.cli.invocation import Invocation


def _complete_templates(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    from kusion_dsl.scaffold import templates

    return [each.name for each in templates() if each.name.startswith(incomplete)]


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option(
    "-t",
    "--template",
    default="service",
    show_default=True,
    shell_complete=_complete_templates,
    help="What to begin with; `--list` shows them.",
)
@click.option("--name", default="", help="The project's name. Default: the directory's.")
@click.option("--list", "list_only", is_flag=True, help="List the templates.")
@click.pass_obj
def init(invocation: Invocation, directory: Path, template: str, name: str, list_only: bool) -> None:
    """Begin a project in an empty DIRECTORY.

    \b
    Examples:
      kusion init shop
      kusion init shop --template database
      kusion init --list
    """
    from kusion_dsl.scaffold import scaffold, templates

    screen = invocation.screen()
    if list_only:
        screen.table(["TEMPLATE", "WHAT IT HAS"], [[each.name, each.summary] for each in templates()])
        return
    made = scaffold(template, directory, name)
    for path in made.files:
        screen.out(f"  {path}")
    screen.out(f"The project {made.project} is in {made.directory}. Next:\n  kusion preview -w {made.stack}")
