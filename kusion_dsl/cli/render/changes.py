"""Previews, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from kusion_dsl.cli.render.screen import VERSION, Screen
from kusion_dsl.model.change import MISSING, Change, FieldChange
from kusion_dsl.model.provenance import Origin

if TYPE_CHECKING:
    from kusion_dsl.operations.destroy import Demolition
    from kusion_dsl.operations.preview import Preview

_SIGNS = {"create": ("+", "green"), "update": ("~", "yellow"), "replace": ("±", "magenta"), "delete": ("-", "red")}
_VERBS = {"create": "create", "update": "update", "replace": "replace", "delete": "delete", "same": "unchanged"}
_LONGEST = 60  # characters of a value in a table of changes


def show_preview(screen: Screen, preview: Preview, format: str) -> None:
    """Print a preview."""
    for warning in preview.warnings:
        screen.warn(warning)
    if format != "table":
        screen.document(preview_document(preview), format)
        return
    screen.out(click.style(str(preview.proposal.ref), bold=True))
    show_changes(screen, preview.changes)


def show_demolition(screen: Screen, shown: Demolition) -> None:
    """Print what a destroy would remove."""
    for warning in shown.warnings:
        screen.warn(warning)
    screen.out(click.style(str(shown.ref), bold=True))
    if not shown.is_noop:
        show_changes(screen, shown.changes)


def show_changes(screen: Screen, changes: Sequence[Change]) -> None:
    """Print changes: a line for each resource, below it one for each field, and the sum."""
    told = [change for change in changes if change.operation != "same" or change.note]
    for change in told:
        beside = click.style(change.note or _origin(change.origins), dim=True)
        if change.operation == "same":
            screen.out_beside(f"  {change.id}", beside)
            continue
        sign, color = _SIGNS[change.operation]
        screen.out_beside(f"{click.style(sign, fg=color, bold=True)} {click.style(change.id, bold=True)}", beside)
        for field in change.fields:
            screen.out_beside(f"    {_field(field)}", _remark(field))
    screen.out()
    screen.out(summary(changes))


def summary(changes: Iterable[Change]) -> str:
    """How many resources would be created, updated, ..., in one line."""
    counts: dict[str, int] = {}
    for change in changes:
        counts[change.operation] = counts.get(change.operation, 0) + 1
    parts = [
        f"{counts[each]} to {_VERBS[each]}" for each in ("create", "update", "replace", "delete") if each in counts
    ]
    if not parts:
        return f"No changes; {counts.get('same', 0)} resources are as they should be."
    return ", ".join(parts) + (f", {counts['same']} unchanged" if "same" in counts else "") + "."


def _field(field: FieldChange) -> str:
    old = field.live if field.cause == "drift" else field.before
    return f"{field.label}: {_value(old)} -> {_value(field.after)}"


def _remark(field: FieldChange) -> str:
    origin = click.style(_origin(field.origins), dim=True) if field.origins else ""
    match field.cause:
        case "yours":
            return origin
        case "drift":
            return f"{click.style('changed by somebody else', fg='cyan')}, will be reverted"
        case "conflict":
            return f"{click.style(f'somebody else made it {_value(field.live)}', fg='red')}  {origin}".rstrip()


def _value(value: Any) -> str:
    if value is MISSING:
        return click.style("(absent)", dim=True)
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _origin(origins: Sequence[Origin]) -> str:
    return str(origins[0]) if origins else ""


def preview_document(preview: Preview) -> dict[str, Any]:
    """A preview for programs; values that are not there are left out."""
    proposal = preview.proposal
    counts = {operation: 0 for operation in _VERBS}
    for change in preview.changes:
        counts[change.operation] += 1
    return {
        "version": VERSION,
        "project": proposal.ref.project,
        "stack": proposal.ref.stack,
        "workspace": proposal.ref.workspace,
        "digest": proposal.spec.digest,
        "base": preview.base.release.revision if preview.base else None,
        "live": preview.live,
        "target": proposal.target.to_json(),
        "changes": [_change_document(change) for change in preview.changes],
        "summary": counts,
        "warnings": list(preview.warnings),
    }


def _change_document(change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "type": change.type,
        "operation": change.operation,
        "note": change.note,
        "fields": [_field_document(field) for field in change.fields],
        "origins": [origin_document(origin) for origin in change.origins],
    }


def _field_document(field: FieldChange) -> dict[str, Any]:
    values = {"before": field.before, "after": field.after, "live": field.live}
    return {
        "path": field.label,
        "cause": field.cause,
        **{name: value for name, value in values.items() if value is not MISSING},
        "origins": [origin_document(origin) for origin in field.origins],
    }


def origin_document(origin: Origin) -> dict[str, Any]:
    """An origin for programs."""
    place = origin.position
    return {
        "kind": origin.kind,
        "name": origin.name,
        **({"file": place.file, "line": place.line, "column": place.column} if place else {}),
    }
