"""Previews, for programs. Their form is described in ``docs/schemas``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kusion_dsl.cli.render.losses import losses_document
from kusion_dsl.cli.render.screen import VERSION
from kusion_dsl.model.change import Change, FieldChange, present
from kusion_dsl.model.field_owner import Manager
from kusion_dsl.model.provenance import Origin

if TYPE_CHECKING:
    from kusion_dsl.operations.preview import Preview

_OPERATIONS = ("create", "adopt", "update", "replace", "delete", "same")


def preview_document(preview: Preview) -> dict[str, Any]:
    """A preview."""
    proposal = preview.proposal
    return {
        "version": VERSION,
        "project": proposal.ref.project,
        "stack": proposal.ref.stack,
        "workspace": proposal.ref.workspace,
        "digest": proposal.spec.digest,
        "base": preview.base.release.revision if preview.base else None,
        "live": preview.live,
        "kind": proposal.kind,
        "restores": proposal.restores or None,
        "target": proposal.target.to_json(),
        "changes": [change_document(change) for change in preview.changes],
        "losses": losses_document(preview.losses),
        "summary": {each: sum(change.operation == each for change in preview.changes) for each in _OPERATIONS},
        "warnings": list(preview.warnings),
    }


def change_document(change: Change) -> dict[str, Any]:
    """What happens to one resource."""
    return {
        "id": change.id,
        "type": change.type,
        "operation": change.operation,
        "note": change.note,
        **({"heldBy": list(change.held_by)} if change.held_by else {}),
        "forces": list(change.forces),
        "fields": [field_document(field) for field in change.fields],
        "origins": [origin_document(origin) for origin in change.origins],
    }


def field_document(field: FieldChange) -> dict[str, Any]:
    """One field that differs; a value that is not there is left out."""
    return {
        "path": field.label,
        "cause": field.cause,
        **present(before=field.before, after=field.after, live=field.live),
        "applied": field.applied,
        **manager_document(field.by),
        "follows": list(field.follows),
        "origins": [origin_document(origin) for origin in field.origins],
        "former": [origin_document(origin) for origin in field.former],
    }


def manager_document(manager: Manager | None) -> dict[str, Any]:
    """Who else wrote a field, and when; nothing where that is not known."""
    if manager is None:
        return {}
    return {"by": {"manager": manager.name, **({"time": manager.time} if manager.time else {})}}


def origin_document(origin: Origin) -> dict[str, Any]:
    """One that had a say."""
    place = origin.position
    return {
        "kind": origin.kind,
        "name": origin.name,
        **({"file": place.file, "line": place.line, "column": place.column} if place else {}),
        **({"options": list(origin.options)} if origin.options else {}),
    }
