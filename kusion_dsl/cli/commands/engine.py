"""``kusion engine``."""

from __future__ import annotations

from pathlib import Path

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import backend_option, output_option


@click.group()
def engine() -> None:
    """Keep the engine: Pulumi's command line."""


@engine.command()
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="Put it into DIR/bin, e.g. of a virtual environment. Default: KUSION_HOME.",
)
@click.pass_obj
def install(invocation: Invocation, into: Path | None) -> None:
    """Get the engine: by Pulumi's download, or built from its published Go module where that cannot be reached.

    The first command that needs it does the same by itself.

    \b
    Examples:
      kusion engine install
      kusion engine install --into .venv
    """
    from kusion_dsl.cli.render.installing import installing
    from kusion_dsl.operations.engine import install_engine

    screen = invocation.screen()
    with installing(screen) as report:
        binary = install_engine(invocation.host(), into, report)
    screen.out(f"Pulumi {binary.version} is at {binary.path}")


@engine.command()
@output_option()
@click.pass_obj
def status(invocation: Invocation, output: str) -> int:
    """Tell which engine is used; exits with 1 where there is none yet.

    \b
    Example:
      kusion engine status
    """
    from kusion_dsl.cli.render.listings import show_engine
    from kusion_dsl.operations.engine import find_engine

    binary = find_engine(invocation.host())
    show_engine(invocation.screen(), binary, output)
    return 0 if binary is not None else 1


@engine.command()
@backend_option
@output_option("shell", "json", "yaml", default="shell")
@click.pass_obj
def env(invocation: Invocation, backend: str, output: str) -> None:
    """Print the environment in which a plain pulumi works on the same state, as a shell reads it.

    \b
    Examples:
      kusion engine env --backend prod
      eval "$(kusion engine env)"       then, say: pulumi stack ls
    """
    from kusion_dsl.cli.render.listings import show_variables
    from kusion_dsl.operations.engine import engine_variables

    show_variables(invocation.screen(), engine_variables(invocation.host(backend)), output)
