"""What an apply would take from somebody else who manages it: refused, unless the object says that it shall be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from kusion_dsl.errors import Problem, RefusedError
from kusion_dsl.model.change import MISSING, Change, FieldChange
from kusion_dsl.model.pod import at
from kusion_dsl.operations.preview import Preview

FORCE = "pulumi.com/patchForce"
"""The annotation by which an object takes its fields from whoever has them; the provider's own
(https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/)."""

_LONGEST = 60  # characters of a value in a message


def check_takings(shown: Preview) -> None:
    """Raise RefusedError, a problem for each field, where applying ``shown`` would take fields that are not ours.

    Fields that we had applied are ours: who changed them since has drifted, and is reverted.
    """
    problems = [_problem(change, field) for change in shown.changes for field in _taken(change, shown)]
    if problems:
        raise RefusedError.of(problems)


def _taken(change: Change, shown: Preview) -> Iterator[FieldChange]:
    if change.operation == "update" and not _is_forced(change.id, shown):
        yield from (field for field in change.fields if field.is_taken)


def _is_forced(id: str, shown: Preview) -> bool:
    resource = shown.proposal.spec.get(id)
    annotations = at(resource.attributes, ("metadata", "annotations")) if resource is not None else None
    return str((annotations or {}).get(FORCE)).lower() == "true"


def _problem(change: Change, field: FieldChange) -> Problem:
    assert field.by is not None
    position = next((each.position for each in field.origins if each.position), None)
    live = "" if field.live is MISSING else f", where it is {_text(field.live)}"
    return Problem(
        f"{change.id}: {field.label} is managed by {field.by}{live}",
        where=position,
        hint=f'nothing was changed; leave the field out, or let the object take it: the annotation {FORCE}: "true"',
    )


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
