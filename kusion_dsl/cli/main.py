"""The ``kusion`` command: the only place that turns errors into text and exit codes.

Exit codes: 0 done, 1 failed or refused, 2 the command line could not be understood, 3 there are changes
(``preview --exit-code``), 130 interrupted. Importing this loads click and nothing heavier.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from kusion_dsl.cli.commands.apply import apply
from kusion_dsl.cli.commands.completion import completion
from kusion_dsl.cli.commands.destroy import destroy
from kusion_dsl.cli.commands.doctor import doctor
from kusion_dsl.cli.commands.engine import engine
from kusion_dsl.cli.commands.generate import generate
from kusion_dsl.cli.commands.init import init
from kusion_dsl.cli.commands.module import module
from kusion_dsl.cli.commands.options import options
from kusion_dsl.cli.commands.preview import preview
from kusion_dsl.cli.commands.project import project
from kusion_dsl.cli.commands.release import release
from kusion_dsl.cli.commands.stack import stack
from kusion_dsl.cli.commands.version import version
from kusion_dsl.cli.commands.why import why
from kusion_dsl.cli.commands.workspace import workspace
from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.errors import KusionError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


@click.group(
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
    """


for _command in (
    init,
    generate,
    preview,
    apply,
    destroy,
    why,
    options,
    release,
    workspace,
    project,
    stack,
    module,
    engine,
    doctor,
    completion,
    version,
):
    cli.add_command(_command)


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
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except Exception as error:
        invocation.complain_defect(error)
        return EXIT_FAILED


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """End on SIGTERM, by which CI systems cancel, as on Ctrl-C: give the lease back, say so, leave nothing behind."""
    raise KeyboardInterrupt


def main() -> NoReturn:
    """The console script."""
    signal.signal(signal.SIGTERM, _interrupt)
    raise SystemExit(run(sys.argv[1:]))
