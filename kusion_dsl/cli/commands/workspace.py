"""``kusion workspace``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import backend_option, output_option

if TYPE_CHECKING:
    from kusion_dsl.operations.workspaces import Content

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def workspace() -> None:
    """Keep what the platform decides for its stacks."""


@workspace.command()
@click.argument("name")
@click.option("-f", "--file", type=_FILE, help="Its content, YAML. Without one it is empty.")
@click.option("--current", is_flag=True, help="Make it the current one.")
@backend_option
@click.pass_obj
def create(invocation: Invocation, name: str, file: Path | None, current: bool, backend: str) -> None:
    """Create a workspace.

    \b
    Example:
      kusion workspace create prod -f prod.yaml
    """
    from kusion_dsl.operations.workspaces import create_workspace

    create_workspace(invocation.host(backend), name, _content(invocation, file), current=current)
    invocation.screen().out(f"created the workspace {name}")


def _content(invocation: Invocation, file: Path | None) -> Content | None:
    from kusion_dsl.operations.workspaces import read_content

    content = read_content(file)
    for warning in content.warnings if content else ():
        invocation.screen().warn(str(warning))
    return content


@workspace.command("list")
@backend_option
@output_option()
@click.pass_obj
def list_workspaces(invocation: Invocation, backend: str, output: str) -> None:
    """List the workspaces; the current one is marked.

    \b
    Example:
      kusion workspace list -o json
    """
    from kusion_dsl.cli.render.listings import show_workspaces
    from kusion_dsl.operations.workspaces import list_workspaces as operation

    show_workspaces(invocation.screen(), operation(invocation.host(backend)), output)


@workspace.command()
@click.argument("name", default="")
@backend_option
@output_option("yaml", "json", default="yaml")
@click.pass_obj
def show(invocation: Invocation, name: str, backend: str, output: str) -> None:
    """Show the content of a workspace, as it was given; of the current one without a NAME.

    \b
    Example:
      kusion workspace show prod > prod.yaml
    """
    from kusion_dsl.cli.render.listings import show_workspace
    from kusion_dsl.operations.workspaces import show_workspace as operation

    show_workspace(invocation.screen(), operation(invocation.host(backend), name), output)


@workspace.command()
@click.argument("name", default="")
@click.option("-f", "--file", type=_FILE, help="Its new content, YAML.")
@click.option("--rename", metavar="NAME", default="", help="Its new name.")
@click.option("--current", is_flag=True, help="Make it the current one.")
@backend_option
@click.pass_obj
def update(invocation: Invocation, name: str, file: Path | None, rename: str, current: bool, backend: str) -> None:
    """Give a workspace a new content or another name; the current one without a NAME.

    \b
    Example:
      kusion workspace update prod -f prod.yaml
    """
    from kusion_dsl.operations.workspaces import switch_workspace, update_workspace

    host = invocation.host(backend)
    updated = update_workspace(host, name, _content(invocation, file), rename)
    if current:
        switch_workspace(host, updated)
    invocation.screen().out(f"updated the workspace {updated}")


@workspace.command()
@click.argument("name")
@backend_option
@click.pass_obj
def switch(invocation: Invocation, name: str, backend: str) -> None:
    """Make a workspace the current one.

    \b
    Example:
      kusion workspace switch prod
    """
    from kusion_dsl.operations.workspaces import switch_workspace

    switch_workspace(invocation.host(backend), name)
    invocation.screen().out(f"the current workspace is {name}")


@workspace.command()
@click.argument("name", default="")
@backend_option
@click.pass_obj
def delete(invocation: Invocation, name: str, backend: str) -> None:
    """Delete a workspace that no stack lives in; the current one without a NAME.

    \b
    Example:
      kusion workspace delete prod
    """
    from kusion_dsl.operations.workspaces import delete_workspace

    invocation.screen().out(f"deleted the workspace {delete_workspace(invocation.host(backend), name)}")
