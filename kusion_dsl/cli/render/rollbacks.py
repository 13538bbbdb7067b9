"""Which release is meant, in a line for people."""

from __future__ import annotations

import click

from kusion_dsl.cli.render.screen import Screen
from kusion_dsl.model.release import History


def made_by(history: History) -> str:
    """Who made a release, and when."""
    return click.style(f"({history.release.actor}, {history.release.created})", dim=True)


def show_restored(screen: Screen, restored: History) -> None:
    """Print which release a rollback restores, and what that was compiled from."""
    source = restored.release.source
    commit = f" {source.commit[:12]}{'+' if source.dirty else ''}" if source.commit else ""
    beside = click.style(f"from {source.origin}{commit}", dim=True)
    screen.out_beside(f"Back to release {restored.release.revision} {made_by(restored)}", beside)
