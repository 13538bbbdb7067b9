"""What became of creates of which the run before had not learnt it: it died, or got no answer. For people and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kusion_dsl.cli.render.screen import Screen

if TYPE_CHECKING:
    from kusion_dsl.engine.run import Outcome


def takeover_document(outcome: Outcome) -> dict[str, Any]:
    """The part of a document that tells it; empty where there is nothing to tell."""
    if not (outcome.adopted or outcome.forgotten):
        return {}
    return {"takenOver": {"adopted": list(outcome.adopted), "forgotten": list(outcome.forgotten)}}


def show_takeover(screen: Screen, outcome: Outcome) -> None:
    """Print it, resource by resource."""
    told = [(id, "it was, and is adopted") for id in outcome.adopted]
    told += [(id, "it was not") for id in outcome.forgotten]
    if told:
        screen.out("Of these the run before did not learn whether it was made:")
    for id, remark in told:
        screen.out_beside(f"  {id}", click.style(remark, dim=True))
