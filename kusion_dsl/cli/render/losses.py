"""What cannot be brought back, said where nobody overlooks it: last, right before the question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from kusion_dsl.cli.render.screen import Screen

if TYPE_CHECKING:
    from kusion_dsl.operations.losses import Loss


def show_losses(screen: Screen, losses: Sequence[Loss]) -> None:
    """Print what would be lost, if anything."""
    if losses:
        screen.out(click.style("This cannot be undone:", fg="red", bold=True))
    for loss in losses:
        screen.out_beside(f"  {loss.id}", click.style(loss.what, fg="red"))


def losses_document(losses: Sequence[Loss]) -> list[dict[str, Any]]:
    """The losses for programs."""
    return [{"id": loss.id, "what": loss.what} for loss in losses]
