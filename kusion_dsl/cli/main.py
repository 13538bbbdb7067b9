"""The ``kusion`` command: the only place that turns errors into text and exit codes.

Exit codes: 0 done, 1 failed or refused, 2 the command line could not be understood, 3 there are changes
(``preview --exit-code``, ``drift``), 130 interrupted. Importing this loads click and nothing heavier.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.errors import KusionError, did_you_mean

EXIT_FAILED = 1

_COLLECTED = 500_000
"""New objects after which the collector looks for garbage. What is made stays: 50 000 objects at a start, which take a
twentieth of `kusion generate` to look at, and 270 for each application."""

_PLUGINS = "PYDANTIC_DISABLE_PLUGINS"
"""What else is installed must not change how applications are validated; nor is it looked for then.

Source: https://docs.pydantic.dev/latest/concepts/plugins/."""

EXIT_INTERRUPTED = 130


_COMMANDS = (
    "apply",
    "completion",
    "config",
    "destroy",
    "doctor",
    "drift",
    "engine",
    "generate",
    "init",
    "module",
    "options",
    "preview",
    "project",
    "release",
    "resource",
    "rollback",
    "schema",
    "stack",
    "version",
    "why",
    "workspace",
)


class _Commands(click.Group):
    """Imports a command when it is asked for (https://click.palletsprojects.com/en/stable/complex/#lazily-loading-subcommands)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"kusion_dsl.cli.commands.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            suggestion = did_you_mean(name, _COMMANDS)
            ctx.fail(f"there is no command '{name}'{f', {suggestion}' if suggestion else ''}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Begin with `kusion init`, then `kusion preview` and `kusion apply` in a stack's directory.",
)
def cli() -> None:
    """Describe an application in Python, see what would change, apply it, go back.

    \b
    Examples:
      kusion init shop                 a new project in ./shop
      kusion preview -w shop/dev       what an apply would change, and why
      kusion apply -w shop/dev         make it so; every run is a release
      kusion release list -w shop/dev  what was applied, when, by whom
      kusion rollback -w shop/dev      what was there before, again
    """


def run(arguments: Sequence[str], invocation: Invocation | None = None) -> int:
    """Run one command line and give its exit code. ``invocation`` replaces the machine it runs on, for tests."""
    invocation = invocation or Invocation(dict(os.environ))
    try:
        code = cli.main(list(arguments), prog_name="kusion", standalone_mode=False, obj=invocation)
        return code if isinstance(code, int) else 0
    except click.exceptions.Abort:
        invocation.complain("interrupted")
        return EXIT_INTERRUPTED
    except KeyboardInterrupt:
        invocation.complain("interrupted")
        return EXIT_INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        invocation.complain_usage(error)
        return error.exit_code
    except KusionError as error:
        for problem in error.problems:
            invocation.complain(str(problem))
        return EXIT_FAILED
    except SystemExit:  # how click ends where the reader of our output has gone, as `head` does
        return EXIT_FAILED
    except Exception as error:
        invocation.complain_defect(error)
        return EXIT_FAILED


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """End on SIGTERM, by which CI systems cancel, as on Ctrl-C: give the lease back, say so, leave nothing behind."""
    raise KeyboardInterrupt


def main() -> NoReturn:
    """The console script."""
    gc.set_threshold(_COLLECTED)
    os.environ.setdefault(_PLUGINS, "__all__")
    signal.signal(signal.SIGTERM, _interrupt)
    code = run(sys.argv[1:])
    gc.freeze()  # or the collector goes through everything once more, and the end takes longer than the compiler
    raise SystemExit(code)
