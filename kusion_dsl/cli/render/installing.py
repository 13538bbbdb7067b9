"""Getting the engine takes minutes: how far it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from kusion_dsl.cli.render.screen import Screen
from kusion_dsl.engine.acquisition import InstallProgress, InstallReport

_STAGES = {
    "waiting": "waiting for another installation of the engine",
    "connecting": "looking for the engine",
    "downloading": "downloading the engine",
    "compiling": "building the engine (this takes minutes, once)",
    "linking": "linking the engine",
    "placing": "installing the engine",
}


@contextmanager
def installing(screen: Screen) -> Iterator[InstallReport]:
    """A report that shows a bar where somebody watches, and a line for each stage where not. Silent until called."""
    if not sys.stderr.isatty():
        yield _lines(screen)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    bar = Progress(*columns, console=screen.console(err=True), transient=True)
    task = bar.add_task("", total=None)

    def report(progress: InstallProgress) -> None:
        bar.start()
        bar.update(task, description=_STAGES[progress.stage], completed=progress.done, total=progress.total or None)

    try:
        yield report
    finally:
        bar.stop()


def _lines(screen: Screen) -> InstallReport:
    told: set[str] = set()

    def report(progress: InstallProgress) -> None:
        if progress.stage not in told:
            told.add(progress.stage)
            screen.note(_STAGES[progress.stage])

    return report
