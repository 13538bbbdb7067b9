"""A run as it goes: a line for each resource that is done, and where somebody watches what is being done."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.render.screen import Screen
from kusion_dsl.engine.run import Report
from kusion_dsl.model.change import Progress

if TYPE_CHECKING:
    from rich.status import Status

_DOING = {
    "create": ("creating", "created"),
    "adopt": ("adopting", "adopted"),
    "update": ("updating", "updated"),
    "replace": ("replacing", "replaced"),
    "delete": ("deleting", "deleted"),
    "same": ("checking", "unchanged"),
}
_LISTED = 5
"""So many of the resources that are waited for are listed at once."""


@contextmanager
def reporting(screen: Screen, total: int) -> Iterator[Report]:
    """A report that prints; ``total`` is the number of resources that will be touched."""
    with screen.status("starting the engine") if sys.stderr.isatty() else _nothing() as status:
        yield _Reporter(screen, total, status)


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


class _Reporter:
    """Takes what happens; without a ``status`` line nobody watches, and only what is news is told."""

    def __init__(self, screen: Screen, total: int, status: Status | None) -> None:
        self._screen = screen
        self._total = total
        self._status = status
        self._running: dict[str, str] = {}
        self._waiting: dict[str, str] = {}
        self._done: set[str] = set()
        self._told: set[tuple[str, str]] = set()

    def __call__(self, progress: Progress) -> None:
        """Take one thing that happened."""
        if progress.status == "running":
            self._running[progress.id] = _DOING[progress.operation][0]
        elif progress.status == "waiting":
            self._wait(progress)
        else:
            self._end(progress)
        if self._status is not None:
            self._screen.restate(self._status, self._text())

    def _wait(self, progress: Progress) -> None:
        """Tell each reason once, however many pods it is about."""
        if not self._told and self._status is None:
            self._say("waiting until what was applied has come up")
        self._told.add((progress.id, ""))
        self._waiting[progress.id] = progress.message
        for trouble in progress.troubles:
            if (progress.id, trouble.what) not in self._told:
                self._told.add((progress.id, trouble.what))
                self._say(f"{click.style('not ready', fg='yellow')} {progress.id}: " + "\n".join(trouble.lines))

    def _end(self, progress: Progress) -> None:
        self._running.pop(progress.id, None)
        self._waiting.pop(progress.id, None)
        if progress.status != "ready":
            self._done.add(progress.id)
        told = f": {progress.message}" if progress.message and progress.status != "done" else ""
        self._say(f"{_mark(progress)} {progress.id}{told}")

    def _say(self, line: str) -> None:
        if self._status is None:
            self._screen.note(line)
        else:
            self._screen.note_above(self._status, line)

    def _text(self) -> str:
        """What is being done now, and what is waited for."""
        current = next(iter(self._running.items()), None)
        if current or not self._waiting:
            doing = f"{current[1]} {current[0]}" if current else "finishing"
            return f"{len(self._done)}/{self._total}  {doing}"
        lines = [f"{id}: {message}" for id, message in self._waiting.items()]
        hidden = [f"and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else []
        room = shutil.get_terminal_size().columns - 3
        listed = (f"  {each}" for each in [*lines[:_LISTED], *hidden])
        return "\n".join(["waiting until everything has come up", *(_cut(each, room) for each in listed)])


def _mark(progress: Progress) -> str:
    if progress.status == "failed":
        return click.style("failed", fg="red", bold=True)
    if progress.status == "ready":
        return click.style("ready", fg="green")
    # what was done is not always what the operation says
    return click.style(progress.message or _DOING[progress.operation][1], fg="green")


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"
