"""A run as it goes: a line for each resource that is done, and where somebody watches what is being done."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from kusion_dsl.cli.render.screen import Screen
from kusion_dsl.engine.run import Report
from kusion_dsl.model.change import Progress

_DOING = {
    "create": ("creating", "created"),
    "update": ("updating", "updated"),
    "replace": ("replacing", "replaced"),
    "delete": ("deleting", "deleted"),
    "same": ("checking", "unchanged"),
}


@contextmanager
def reporting(screen: Screen, total: int) -> Iterator[Report]:
    """A report that prints; ``total`` is the number of resources that will be touched."""
    running: dict[str, str] = {}
    done: set[str] = set()
    live = sys.stderr.isatty()
    with screen.status("starting the engine") if live else _nothing() as status:

        def report(progress: Progress) -> None:
            doing, finished = _DOING[progress.operation]
            if progress.status == "running":
                running[progress.id] = doing
                if not live:
                    return
            else:
                running.pop(progress.id, None)
                done.add(progress.id)
                failed = progress.status == "failed"
                mark = click.style("failed", fg="red", bold=True) if failed else click.style(finished, fg="green")
                if not failed and progress.message:  # what was done is not what the operation says
                    mark = click.style(progress.message, fg="green")
                told = f": {progress.message}" if failed and progress.message else ""
                line = f"{mark} {progress.id}{told}"
                if status is None:
                    screen.note(line)
                else:
                    screen.note_above(status, line)
            if status is not None:
                current = next(iter(running.items()), None)
                text = f"{current[1]} {current[0]}" if current else "finishing"
                status.update(screen.masked(f"{len(done)}/{total}  {text}"))

        yield report


@contextmanager
def _nothing() -> Iterator[None]:
    yield None
