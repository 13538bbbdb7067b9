"""What differs between two releases, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kusion_dsl.cli.render.change_documents import change_document
from kusion_dsl.cli.render.changes import show_each
from kusion_dsl.cli.render.fields import show_field
from kusion_dsl.cli.render.screen import VERSION, Screen
from kusion_dsl.model.change import FieldChange, present
from kusion_dsl.model.release import History

if TYPE_CHECKING:
    from kusion_dsl.model.difference import Difference
    from kusion_dsl.operations.release_difference import ReleaseDifference


def show_difference(screen: Screen, found: ReleaseDifference, format: str, *, detail: bool) -> None:
    """Print what differs; for people with everything in full where they want ``detail``."""
    if format != "table":
        screen.document(_document(found), format)
        return
    old, new = found.old.release, found.new.release
    screen.out(click.style(f"{found.ref}: release {old.revision} -> {new.revision}", bold=True))
    for fact in found.facts:
        field = FieldChange(fact.label, fact.new_path, fact.old, fact.new, fact.old, "yours")
        show_field(screen, field, detail=detail)
    screen.out()
    different = [change for change in found.changes if change.operation != "same"]
    show_each(screen, different, detail=detail)
    if different:
        screen.out()
    same = len(found.changes) - len(different)
    screen.out(f"{_count(len(different))} {'differs' if len(different) == 1 else 'differ'}, {same} the same.")


def _count(number: int) -> str:
    return f"{number or 'No'} resource{'' if number == 1 else 's'}"


def _document(found: ReleaseDifference) -> dict[str, Any]:
    return {
        "version": VERSION,
        "project": found.ref.project,
        "stack": found.ref.stack,
        "workspace": found.ref.workspace,
        "old": _release(found.old),
        "new": _release(found.new),
        "facts": [_fact(each) for each in found.facts],
        "changes": [change_document(each) for each in found.changes],
    }


def _release(history: History) -> dict[str, Any]:
    release = history.release
    return {
        "revision": release.revision,
        "kind": release.kind,
        "phase": history.phase,
        "created": release.created,
        "specDigest": release.spec.digest,
    }


def _fact(fact: Difference) -> dict[str, Any]:
    return {"name": fact.label, **present(before=fact.old, after=fact.new)}
