"""Where everything is printed, and where it is masked."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from kusion_dsl.errors import Problem
from kusion_dsl.model.masking import Mask

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

VERSION = 1
"""The version of every JSON and YAML document that is printed; it changes when a key changes its meaning."""

_PIPE_WIDTH = 10_000  # a pipe has no width; nothing is wrapped or cut for one


class Screen:
    """Standard output for results, standard error for what is said beside them."""

    def __init__(self, mask: Mask, environment: Mapping[str, str]) -> None:
        self._mask = mask
        self._environment = environment

    @property
    def interactive(self) -> bool:
        """Whether somebody watches and can answer."""
        return sys.stdin.isatty() and sys.stdout.isatty()

    @property
    def _color(self) -> bool | None:
        return False if self._environment.get("NO_COLOR") else None

    def out(self, text: str = "") -> None:
        """Print a line of the result."""
        click.echo(self._mask.text(text), color=self._color)

    def out_beside(self, text: str, remark: str) -> None:
        """Print a line of the result with a remark behind it, or below it where a terminal is too narrow for both."""
        indent = text[: len(text) - len(text.lstrip())]
        beside = f"{text}  {remark}"
        if not click.unstyle(remark):
            self.out(text)
        elif not self.fits(beside):
            self.out(text)
            self.out(f"{indent}    {remark}")
        else:
            self.out(beside)

    def note(self, text: str) -> None:
        """Say something beside the result."""
        click.echo(self._mask.text(text), err=True, color=self._color)

    def warn(self, text: str) -> None:
        """Warn."""
        self.note(f"{click.style('warning:', fg='yellow', bold=True)} {text}")

    def complain(self, problem: Problem) -> None:
        """Say what went wrong, where, and what to do."""
        self.note(f"{click.style('error:', fg='red', bold=True)} {problem}")

    def document(self, value: Any, format: str) -> None:
        """Print a document for programs, as ``json`` or ``yaml``."""
        masked = self._mask.value(value)
        if format == "json":
            click.echo(json.dumps(masked, indent=2, ensure_ascii=False))
            return
        from kusion_dsl.documents import dump_yaml

        click.echo(dump_yaml(masked), nl=False)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], spare: Sequence[str] = ()) -> None:
        """Print a table; on a terminal that is too narrow for it without the columns in ``spare``, the first first."""
        from rich.table import Table
        from rich.text import Text

        for column in spare:
            if self.fits(_widest(columns, rows)):
                break
            kept = [number for number, name in enumerate(columns) if name != column]
            columns, rows = [columns[each] for each in kept], [[row[each] for each in kept] for row in rows]
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text.from_ansi(self._mask.text(cell)) for cell in row))
        console = self.console()
        with console.capture() as capture:
            console.print(table)
        for line in capture.get().splitlines():  # the last column is not padded for nobody
            click.echo(line.rstrip(), color=self._color)

    def console(self, *, err: bool = False) -> Console:
        """A rich console on standard output or standard error. What is printed there must be masked before."""
        from rich.console import Console

        stream = sys.stderr if err else sys.stdout
        width = None if stream.isatty() else _PIPE_WIDTH
        return Console(
            file=stream, width=width, no_color=self._color is False or None, highlight=False, markup=False, emoji=False
        )

    def masked(self, value: Any) -> Any:
        """A text, or any value with texts in it, as it may be printed. What is to be cut is masked before."""
        return self._mask.value(value)

    def fits(self, text: str) -> bool:
        """Whether a line is short enough for where it is printed; outside of a terminal every line is."""
        return not sys.stdout.isatty() or len(click.unstyle(text)) <= shutil.get_terminal_size().columns

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Show that something takes its time, where somebody watches."""
        if not sys.stderr.isatty():
            yield
            return
        with self.console(err=True).status(self._mask.text(text)):
            yield

    @contextmanager
    def status(self, text: str) -> Iterator[Status]:
        """A line that stays last while others are printed with :meth:`note_above`, where somebody watches."""
        with self.console(err=True).status(self._mask.text(text)) as status:
            yield status

    def restate(self, status: Status, text: str) -> None:
        """Say something else in a status line; rich would take what stands in brackets for markup."""
        from rich.text import Text

        status.update(Text(self._mask.text(text)))

    def note_above(self, status: Status, text: str) -> None:
        """Say something above a status line."""
        from rich.text import Text

        status.console.print(Text.from_ansi(self._mask.text(text)), soft_wrap=True)


def _widest(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A line as long as those of a table are."""
    widths = [max(len(click.unstyle(cell)) for cell in cells) for cells in zip(columns, *rows, strict=True)]
    return "  ".join(" " * width for width in widths)
