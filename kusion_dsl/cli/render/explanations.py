"""Explanations of fields, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.render.change_documents import origin_document
from kusion_dsl.cli.render.screen import VERSION, Screen

if TYPE_CHECKING:
    from kusion_dsl.operations.why import Explanation


def show_explanations(screen: Screen, explanations: Sequence[Explanation], format: str) -> None:
    """Print each field with the chain of its origins, the decisive one first."""
    if format != "table":
        fields = [
            {
                "resource": each.resource,
                "field": each.field,
                "value": each.value,
                "origins": [origin_document(origin) for origin in each.origins],
            }
            for each in explanations
        ]
        screen.document({"version": VERSION, "fields": fields}, format)
        return
    for each in explanations:
        head = f"{each.field} = {json.dumps(each.value, ensure_ascii=False)}" if each.field else each.resource
        screen.out(click.style(head, bold=True))
        for origin in each.origins:
            screen.out(f"  {origin}")
