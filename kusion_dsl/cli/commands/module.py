"""``kusion module``."""

from __future__ import annotations

from pathlib import Path

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import output_option


@click.group()
def module() -> None:
    """See the installed modules, and write modules."""


@module.command("list")
@output_option()
@click.pass_obj
def list_modules(invocation: Invocation, output: str) -> None:
    """List the installed modules, broken ones with what is wrong with them.

    \b
    Example:
      kusion module list
    """
    from kusion_dsl.cli.render.listings import show_modules
    from kusion_dsl.operations.inventory import list_modules as operation

    show_modules(invocation.screen(), operation(), output)


@module.command("init")
@click.argument("name", help="What it is called, like `redis`.")
@click.argument(
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    required=False,
    help="An empty one, or one that is not there yet. Default: kusion-NAME.",
)
@click.pass_obj
def init(invocation: Invocation, name: str, directory: Path | None) -> None:
    """Begin a module: a package whose own tests pass, in DIRECTORY.

    \b
    Examples:
      kusion module init redis
      kusion module init redis ~/src/kusion-redis
    """
    from kusion_dsl.scaffold import module_names, scaffold_module

    names = module_names(name)
    place = directory or Path(names.distribution)
    screen = invocation.screen()
    for path in scaffold_module(name, place):
        screen.out(f"  {path}")
    screen.out(f"The module {names.module} is in {place}. Next:\n  pip install --editable {place} && pytest {place}")


@module.command("readme")
@click.argument(
    "directories",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    nargs=-1,
    required=True,
    help="Where the packages of installed modules are.",
)
@click.option("--check", is_flag=True, help="Write nothing; fail where the tables are not what the models say.")
@click.pass_obj
def readme(invocation: Invocation, directories: tuple[Path, ...], check: bool) -> None:
    """Write the tables of a module's README: what developers write, what the platform sets, what one gets.

    They come from the module's models, and stand between two comments; nothing else is touched.

    \b
    Examples:
      kusion module readme .
      kusion module readme --check modules/postgres modules/mysql
    """
    from kusion_dsl.operations.module_readme import write_readmes

    screen = invocation.screen()
    for path, changed in write_readmes(directories, check=check).items():
        screen.out(f"  {path}{'' if changed else ' is as it should be'}")
