"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from kusion_dsl.operations.selection import Selection

_Command = TypeVar("_Command", bound=Callable[..., Any])

FORMATS = ("table", "json", "yaml")


def _complete_backends(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    from kusion_dsl.cli.completions import backends

    return backends(context, incomplete)


backend_option = click.option(
    "--backend",
    metavar="NAME|URL",
    default="",
    shell_complete=_complete_backends,
    help="The backend, e.g. prod or file:///srv/kusion. Default: the current one; see `kusion config`.",
)
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask; needed where there is no terminal.")
take_over_option = click.option(
    "--take-over",
    is_flag=True,
    help="With --yes: delete even what another checkout made, and go on from what a plain pulumi did to the state.",
)
adopt_option = click.option(
    "--adopt", is_flag=True, help="Take over what is there already and is not the stack's; `kusion preview` tells."
)
live_option = click.option(
    "--live/--no-live", default=True, show_default=True, help="Read live objects, and so find what others changed."
)


def patience_options(command: _Command) -> _Command:
    """The options that say how long a cluster is waited for; the command gets them as one ``patience``."""

    @wraps(command)
    def waiting(*arguments: Any, wait: bool, timeout: str, **given: Any) -> Any:
        from kusion_dsl.model.health import Patience

        return command(*arguments, patience=Patience(wait, _seconds(timeout)), **given)

    help = "Wait until what was applied has come up in the cluster."
    decorated: Any = click.option("--wait/--no-wait", default=True, show_default=True, help=help)(waiting)
    help = "How long each object has to come up, like 90s or 5m. Default: what it says, else the workspace, else 10m."
    return click.option("--timeout", metavar="DURATION", default="", help=help)(decorated)  # type: ignore[no-any-return]


def _seconds(text: str) -> float:
    from kusion_dsl.model.duration import seconds_of

    try:
        return seconds_of(text) if text else 0
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--timeout") from None


def output_option(*formats: str, default: str = "table") -> Callable[[_Command], _Command]:
    """``-o``: always the format, never a file."""
    return click.option(
        "-o", "--output", type=click.Choice(formats or FORMATS), default=default, show_default=True, help="The format."
    )


def _complete_workspaces(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    from kusion_dsl.cli.completions import workspaces

    return workspaces(context, incomplete)


def complete_revisions(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Completes the number of a release of the chosen stack."""
    from kusion_dsl.cli.completions import revisions

    return revisions(context, incomplete)


def stack_options(*, named: bool = False, sets: bool = True) -> Callable[[_Command], _Command]:
    """The options that select a stack; the command gets them as one ``selection``.

    ``named`` adds --project and --stack, which need no directory; ``sets`` adds the options of the stack.
    """

    def decorate(command: _Command) -> _Command:
        @wraps(command)
        def selecting(*arguments: Any, **given: Any) -> Any:
            return command(*arguments, selection=_selection(given), **given)

        decorated: Any = selecting
        for option in reversed(_stack_options(named=named, sets=sets)):
            decorated = option(decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


def _stack_options(*, named: bool, sets: bool) -> list[Callable[[Any], Any]]:
    options = [
        click.option("-w", "--workdir", metavar="DIR", default=".", help="The stack's directory. Default: this one."),
        click.option(
            "--workspace",
            metavar="NAME",
            default="",
            shell_complete=_complete_workspaces,
            help="The workspace. Default: the stack's, else the current one.",
        ),
        backend_option,
    ]
    if sets:
        options += [
            click.option(
                "-D", "--set", "sets", metavar="NAME=VALUE", multiple=True, help="Set an option of the stack."
            ),
        ]
    options += [
        click.option(
            "--target-dir", metavar="DIR", default="", help="Where manifests go, instead of what the workspace says."
        ),
    ]
    if named:
        options += [
            click.option("--project", metavar="NAME", default="", help="The project, where its directory is not here."),
            click.option("--stack", metavar="NAME", default="", help="The stack, where its directory is not here."),
        ]
    return options


def _selection(given: dict[str, Any]) -> Selection:
    from kusion_dsl.operations.selection import Selection

    return Selection(
        directory=Path(given.pop("workdir")),
        workspace=given.pop("workspace"),
        target_directory=given.pop("target_dir"),
        project=given.pop("project", ""),
        stack=given.pop("stack", ""),
        values=dict(_assignment(text) for text in given.pop("sets", ())),
    )


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"'{text}' is not of the form NAME=VALUE", param_hint="--set")
    return name, value
