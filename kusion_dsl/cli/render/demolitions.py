"""What a destroy would remove, what became of it, and what survives it, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.render.changes import show_changes
from kusion_dsl.cli.render.losses import losses_document, show_losses
from kusion_dsl.cli.render.releases import show_applied
from kusion_dsl.cli.render.screen import Screen

if TYPE_CHECKING:
    from kusion_dsl.operations.apply import Applied
    from kusion_dsl.operations.destroy import Demolition


def show_demolition(screen: Screen, shown: Demolition) -> None:
    """Print what a destroy would remove, and what it would leave."""
    for warning in shown.warnings:
        screen.warn(warning)
    screen.out(click.style(str(shown.ref), bold=True))
    if shown.changes:
        show_changes(screen, shown.changes)
    show_losses(screen, shown.losses)


def show_destroyed(screen: Screen, shown: Demolition, applied: Applied | None, format: str) -> int:
    """Print what became of a destroy, and what survived it; the exit code."""
    survivors = [change for change in shown.changes if change.operation == "same"]
    told = [{"id": change.id, "type": change.type, "why": change.note} for change in survivors]
    more = {"survivors": told, "losses": losses_document(shown.losses)}
    code = show_applied(screen, shown.base, applied, format, more)
    if format == "table" and survivors and applied is not None and code == 0:
        screen.out("These survive:")
        for change in survivors:
            screen.out_beside(f"  {change.id}", click.style(change.note, dim=True))
    return code
