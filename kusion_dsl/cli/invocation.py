"""One invocation of the command: the machine it runs on, made when first needed, and how it complains."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from kusion_dsl.cli.render.screen import Screen
    from kusion_dsl.engine.acquisition import InstallReport
    from kusion_dsl.operations.host import Host

HostFactory = Callable[[Mapping[str, str], str], "Host"]


def _this_host(environment: Mapping[str, str], backend: str) -> Host:
    from dataclasses import replace

    from kusion_dsl.operations.host import this_host

    host = this_host(environment, backend, lambda: _installing(environment))
    return replace(host, waiting=lambda text: click.echo(text, err=True))


def _installing(environment: Mapping[str, str]) -> AbstractContextManager[InstallReport]:
    from kusion_dsl.cli.render.installing import installing
    from kusion_dsl.cli.render.screen import Screen
    from kusion_dsl.model.masking import Mask

    return installing(Screen(Mask(), environment))


class Invocation:
    """What a command gets as its context object."""

    def __init__(self, environment: Mapping[str, str], make_host: HostFactory = _this_host) -> None:
        self.environment = environment
        self._make_host = make_host
        self._host: Host | None = None

    def host(self, backend: str = "") -> Host:
        """The machine, with ``backend`` as the URL of its backend where one is given."""
        if self._host is None:
            self._host = self._make_host(self.environment, backend)
        return self._host

    def screen(self) -> Screen:
        """Where this invocation prints."""
        from kusion_dsl.cli.render.screen import Screen
        from kusion_dsl.model.masking import Mask

        return Screen(self._host.mask if self._host is not None else Mask(), self.environment)

    def masked(self, text: str) -> str:
        """``text`` without the secrets of this run."""
        return self._host.mask.text(text) if self._host is not None else text

    def complain(self, message: str) -> None:
        """Print an error."""
        head, _, rest = self.masked(message).partition("\n")
        prefix = click.style("error:", fg="red", bold=True)
        click.echo(f"{prefix} {head}" + (f"\n{rest}" if rest else ""), err=True, color=self.color(err=True))

    def complain_usage(self, error: click.ClickException) -> None:
        """Print what is wrong with a command line, and where to look."""
        context = getattr(error, "ctx", None)
        self.complain(error.format_message())
        if context is not None:
            click.echo(f"  see `{context.command_path} --help`", err=True)

    def complain_defect(self, error: Exception) -> None:
        """Say that this is a defect of ours, and write down what its repair needs."""
        import tempfile
        import traceback

        text = self.masked("".join(traceback.format_exception(error)))
        descriptor, path = tempfile.mkstemp(prefix="kusion-defect-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8") as report:
            report.write(text)
        self.complain(
            f"this is a defect of kusion-dsl: {type(error).__name__}: {error}\n"
            f"  the details are in {path}; please report it with them"
        )

    def color(self, *, err: bool = False) -> bool | None:
        """Whether to print colours: never with NO_COLOR set (https://no-color.org), else as the terminal can."""
        return False if self.environment.get("NO_COLOR") else None
