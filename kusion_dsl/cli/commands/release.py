"""``kusion release``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import complete_revisions, output_option, stack_options

if TYPE_CHECKING:
    from kusion_dsl.operations.selection import Selection

_REVISION = click.IntRange(min=1)


@click.group()
def release() -> None:
    """See what was applied, when and by whom, and what changed."""


@release.command("list")
@stack_options(named=True, sets=False)
@click.option("-n", "--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N.")
@output_option()
@click.pass_obj
def list_releases(invocation: Invocation, selection: Selection, backend: str, limit: int | None, output: str) -> None:
    """List the releases of a stack, the newest first.

    \b
    Examples:
      kusion release list
      kusion release list --limit 5
      kusion release list --project shop --stack dev -o json
    """
    from kusion_dsl.cli.render.releases import show_releases
    from kusion_dsl.operations.history import list_releases as operation

    ref, entries = operation(invocation.host(backend), selection, limit or 0)
    show_releases(invocation.screen(), ref, entries, output)


@release.command("show")
@click.argument(
    "revision",
    type=_REVISION,
    required=False,
    shell_complete=complete_revisions,
    help="Its number; without one, the newest.",
)
@stack_options(named=True, sets=False)
@output_option()
@click.pass_obj
def show_release(invocation: Invocation, selection: Selection, backend: str, revision: int | None, output: str) -> None:
    """Show one release with everything that is known about it.

    \b
    Examples:
      kusion release show
      kusion release show 7 -o yaml
    """
    from kusion_dsl.cli.render.releases import show_one
    from kusion_dsl.operations.history import show_release as operation

    show_one(invocation.screen(), operation(invocation.host(backend), selection, revision or 0), output)


@release.command("diff")
@click.argument(
    "old",
    type=_REVISION,
    required=False,
    shell_complete=complete_revisions,
    help="The number of the older one; without it, that of the one before.",
)
@click.argument(
    "new",
    type=_REVISION,
    required=False,
    shell_complete=complete_revisions,
    help="The number of the other; without it, the newest.",
)
@stack_options(named=True, sets=False)
@click.option("--detail", is_flag=True, help="Show every resource and every value in full.")
@output_option()
@click.pass_obj
def diff_releases(
    invocation: Invocation,
    selection: Selection,
    backend: str,
    old: int | None,
    new: int | None,
    detail: bool,
    output: str,
) -> None:
    """Tell what differs between two releases, and who put it there.

    What they were made from (modules, workspace, options, commit), then resource by resource and field by field. Files
    are named relative to the project's directory.

    \b
    Examples:
      kusion release diff           the newest and the one before
      kusion release diff 3         release 3 and the newest
      kusion release diff 3 5 -o json
    """
    from kusion_dsl.cli.render.release_differences import show_difference
    from kusion_dsl.operations.release_difference import diff_releases as operation

    found = operation(invocation.host(backend), selection, old or 0, new or 0)
    show_difference(invocation.screen(), found, output, detail=detail)


@release.command("verify")
@stack_options(named=True, sets=False)
@click.option("--all", "everything", is_flag=True, help="Every stack of the backend.")
@output_option()
@click.pass_obj
def verify_releases(invocation: Invocation, selection: Selection, backend: str, everything: bool, output: str) -> int:
    """Read every record of a stack's releases and tell what is not as it was written.

    Exits with 1 where something is damaged, missing or out of place, names each file, and tells what works without it.

    \b
    Examples:
      kusion release verify
      kusion release verify --all -o json
    """
    from kusion_dsl.cli.render.verifications import show_verifications
    from kusion_dsl.operations.history import verify_all
    from kusion_dsl.operations.history import verify_releases as operation

    host = invocation.host(backend)
    screen = invocation.screen()
    with screen.waiting("reading releases"):
        found = verify_all(host) if everything else (operation(host, selection),)
    return show_verifications(screen, found, output)
