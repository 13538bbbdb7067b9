"""``kusion resource``."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import output_option, stack_options

if TYPE_CHECKING:
    from kusion_dsl.operations.selection import Selection


def _complete_ids(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    from kusion_dsl.cli.completions import resources

    return resources(context, incomplete)


@click.group()
def resource() -> None:
    """See what a stack has, as its releases know it."""


@resource.command("list")
@stack_options(named=True, sets=False)
@click.option("--live", is_flag=True, help="Ask the cluster also how each is doing now.")
@output_option()
@click.pass_obj
def list_resources(invocation: Invocation, selection: Selection, backend: str, live: bool, output: str) -> None:
    """List the resources of a stack, each with the releases that made it and changed it last.

    \b
    Examples:
      kusion resource list
      kusion resource list --live              which of them are ready, and why others are not
      kusion resource list --project shop --stack prod -o json
    """
    from kusion_dsl.cli.render.resources import show_resources
    from kusion_dsl.operations.resources import list_resources as operation

    host = invocation.host(backend)
    screen = invocation.screen()
    with screen.waiting("looking at the cluster") if live else nullcontext():
        listed = operation(host, selection, live=live)
    show_resources(screen, listed, output)


@resource.command("show")
@click.argument("id", shell_complete=_complete_ids, help="A resource's id, or a part of it that only one has.")
@stack_options(named=True, sets=False)
@click.option("--live", is_flag=True, help="Read also what it is like now; in a cluster how it is doing, and why.")
@output_option()
@click.pass_obj
def show_resource(invocation: Invocation, id: str, selection: Selection, backend: str, live: bool, output: str) -> None:
    """Show one resource: its attributes as applied, its outputs, what it needs and what needs it.

    \b
    Examples:
      kusion resource show Deployment
      kusion resource show v1:Service:shop:shop-dev-shop-private --live
    """
    from kusion_dsl.cli.render.resources import show_resource as render
    from kusion_dsl.operations.resources import show_resource as operation

    host = invocation.host(backend)
    screen = invocation.screen()
    with screen.waiting(f"looking for {id}"):
        shown = operation(host, selection, id, live=live)
    render(screen, shown, output)


@resource.command("graph")
@stack_options(named=True)
@click.option("--changes", is_flag=True, help="With what an apply would change; needs the application.")
@output_option("tree", "mermaid", "dot", "json", "yaml", default="tree")
@click.pass_obj
def graph(invocation: Invocation, selection: Selection, backend: str, changes: bool, output: str) -> None:
    """Show which resource needs which.

    \b
    Examples:
      kusion resource graph
      kusion resource graph --changes                   what an apply would touch, and what hangs on it
      kusion resource graph -o mermaid >> README.md
      kusion resource graph -o dot | dot -Tsvg > shop.svg
    """
    from kusion_dsl.cli.render.graphs import show_graph

    host = invocation.host(backend)
    screen = invocation.screen()
    if changes:
        from kusion_dsl.operations.generate import generate
        from kusion_dsl.operations.graph import changed_graph
        from kusion_dsl.operations.preview import preview
        from kusion_dsl.operations.proposal import propose

        proposal = propose(generate(host, selection))
        with screen.waiting(f"previewing {proposal.ref}"):
            shown = changed_graph(host, preview(host, proposal))
    else:
        from kusion_dsl.operations.graph import applied_graph

        shown = applied_graph(host, selection)
    show_graph(screen, shown, output)
