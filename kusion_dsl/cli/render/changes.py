"""Previews, for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.render.change_documents import preview_document
from kusion_dsl.cli.render.fields import origin_text, show_field
from kusion_dsl.cli.render.losses import show_losses
from kusion_dsl.cli.render.screen import Screen
from kusion_dsl.model.change import Change

if TYPE_CHECKING:
    from kusion_dsl.operations.preview import Preview

SIGNS = {
    "create": ("+", "green"),
    "adopt": ("=", "cyan"),
    "update": ("~", "yellow"),
    "replace": ("±", "magenta"),
    "delete": ("-", "red"),
}
_MANY = 50  # resources that change; of more, those that change alike are told together
_MOST_FIELDS = 20  # of one resource


def show_preview(screen: Screen, preview: Preview, format: str, *, detail: bool = False) -> None:
    """Print a preview; for people with everything in full where they want ``detail``."""
    for warning in preview.warnings:
        screen.warn(warning)
    if format != "table":
        screen.document(preview_document(preview), format)
        return
    screen.out(click.style(str(preview.proposal.ref), bold=True))
    show_changes(screen, preview.changes, detail=detail)
    show_losses(screen, preview.losses)


def show_changes(screen: Screen, changes: Sequence[Change], *, detail: bool = False) -> None:
    """Print changes: a line for each resource, below it one for each field, and the sum."""
    show_each(screen, changes, detail=detail)
    screen.out()
    screen.out(summary(changes))


def show_each(screen: Screen, changes: Sequence[Change], *, detail: bool = False) -> None:
    """Print changes without a sum."""
    told = [change for change in changes if change.operation != "same" or change.note or change.fields]
    groups = _groups(told) if len(told) > _MANY and not detail else [_Group(change) for change in told]
    for group in groups:
        _show_group(screen, group, detail=detail)
    if len(groups) < len(told):
        screen.out(click.style("What changes alike is told once; --detail shows each.", dim=True))


def summary(changes: Iterable[Change]) -> str:
    """How many resources would be created, updated, ..., in one line."""
    counts: dict[str, int] = {}
    for change in changes:
        counts[change.operation] = counts.get(change.operation, 0) + 1
    parts = [f"{counts[each]} to {each}" for each in SIGNS if each in counts]
    if not parts:
        return f"No changes; {counts.get('same', 0)} resources are as they should be."
    return ", ".join(parts) + (f", {counts['same']} unchanged" if "same" in counts else "") + "."


@dataclass
class _Group:
    """A change, and how many others are like it."""

    change: Change
    others: int = 0


def _groups(changes: Iterable[Change]) -> Sequence[_Group]:
    """``changes`` with those together that create the same type, or change the same fields alike.

    What replaces or deletes is never among them: each is told by its name.
    """
    groups: dict[object, _Group] = {}
    for change in changes:
        group = groups.setdefault(_likeness(change), _Group(change, -1))
        group.others += 1
    return list(groups.values())


def _likeness(change: Change) -> object:
    if change.operation in ("replace", "delete") or change.forces:
        return change.id
    fields = [(each.label, each.cause, repr((each.before, each.after, each.live))) for each in change.fields]
    return (change.operation, change.type, change.note, *fields)


def _show_group(screen: Screen, group: _Group, *, detail: bool) -> None:
    change = group.change
    sign, color = SIGNS.get(change.operation, (" ", None))
    name = click.style(change.id, bold=change.operation != "same")
    more = f" and {group.others} more like it" if group.others else ""
    head = f"{click.style(sign, fg=color, bold=True)} {name}{more}" if color else f"  {name}{more}"
    screen.out_beside(head, _beside(change))
    fields = change.fields if detail else change.fields[:_MOST_FIELDS]
    for field in fields:
        show_field(screen, field, detail=detail)
    if len(fields) < len(change.fields):
        screen.out(
            click.style(f"    … and {len(change.fields) - len(fields)} fields more; --detail shows them", dim=True)
        )
    if change.forces:
        screen.out(f"    {click.style('this changes too:', fg='magenta')} {', '.join(change.forces)}")


def _beside(change: Change) -> str:
    """What is said of a resource: what is special about it, else who caused it."""
    told = [change.note] if change.note else [origin_text(change.origins)]
    if change.operation == "adopt" and change.origins:
        told.append(origin_text(change.origins))
    if change.operation == "delete" and change.note and change.origins:
        told.append(f"was {change.origins[0]}")
    text = ", ".join(told)
    strong = change.operation in ("replace", "delete")
    return click.style(text, fg=SIGNS[change.operation][1]) if strong else click.style(text, dim=True)
