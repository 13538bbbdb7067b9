"""Reports of drift, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from kusion_dsl.cli.render.change_documents import manager_document, origin_document
from kusion_dsl.cli.render.fields import origin_text, show_field
from kusion_dsl.cli.render.rollbacks import made_by
from kusion_dsl.cli.render.screen import VERSION, Screen
from kusion_dsl.model.change import FieldChange, present

if TYPE_CHECKING:
    from kusion_dsl.operations.drift import Drifted, Examined

EXIT_FAILED = 1
EXIT_DRIFT = 3

_WORDS = {"same": "as they were applied", "drifted": "drifted", "empty": "without resources", "unknown": "not known"}


def show_drift(screen: Screen, examined: Sequence[Examined], format: str) -> int:
    """Print a report of stacks; the exit code."""
    counts = {status: 0 for status in _WORDS}
    for each in examined:
        counts[_status(each)] += 1
    if format != "table":
        stacks = [_stack_document(each) for each in examined]
        screen.document({"version": VERSION, "stacks": stacks, "summary": counts}, format)
    else:
        for each in examined:
            _show_stack(screen, each)
        if len(examined) != 1:
            told = ", ".join(f"{count} {_WORDS[status]}" for status, count in counts.items() if count)
            screen.out(f"{len(examined)} stacks: {told}." if examined else "There is no stack to look at.")
    if counts["unknown"]:
        return EXIT_FAILED
    return EXIT_DRIFT if counts["drifted"] else 0


def _status(examined: Examined) -> str:
    if examined.problem is not None:
        return "unknown"
    if examined.drifted:
        return "drifted"
    return "same" if examined.resources else "empty"


def _show_stack(screen: Screen, examined: Examined) -> None:
    name = click.style(str(examined.ref), bold=True)
    if examined.problem is not None:
        screen.out(f"{name}: {click.style('not known', fg='red', bold=True)}")
        for problem in examined.problem.problems:
            for line in str(problem).splitlines():
                screen.out(f"    {line}")
    elif examined.base is not None and examined.drifted:
        count = click.style(f"{len(examined.drifted)} of {examined.resources}", fg="cyan", bold=True)
        text = f"{name}: {count} resources differ from release {examined.base.release.revision}"
        screen.out_beside(text, made_by(examined.base))
        for each in examined.drifted:
            _show_resource(screen, each)
        screen.out(f"  `kusion rollback {examined.base.release.revision}` reverts this.")
    elif examined.base is not None:
        what = f"{examined.resources} resources are" if examined.resources else "there is nothing,"
        text = f"{name}: {what} as release {examined.base.release.revision} left it"
        screen.out_beside(text, made_by(examined.base))


def _show_resource(screen: Screen, drifted: Drifted) -> None:
    if drifted.deleted:
        head = f"{click.style('-', fg='red', bold=True)} {click.style(drifted.id, bold=True)}"
        screen.out_beside(head, click.style("somebody else deleted it", fg="red"))
        return
    screen.out(f"{click.style('~', fg='yellow', bold=True)} {click.style(drifted.id, bold=True)}")
    for field in drifted.fields:
        since = replace(field, before=field.after, after=field.live, cause="yours")
        by = click.style(f"by {field.by}  ", fg="cyan") if field.by is not None else ""
        show_field(screen, since, detail=False, remark=by + click.style(origin_text(field.origins), dim=True))


def _stack_document(examined: Examined) -> dict[str, Any]:
    base = examined.base.release if examined.base is not None else None
    return {
        "project": examined.ref.project,
        "stack": examined.ref.stack,
        "workspace": examined.ref.workspace,
        "status": _status(examined),
        "release": base.revision if base is not None else None,
        "applied": base.created if base is not None else None,
        "by": str(base.actor) if base is not None else None,
        "resources": examined.resources,
        "drifted": [_resource_document(each) for each in examined.drifted],
        "problem": str(examined.problem) if examined.problem is not None else None,
    }


def _resource_document(drifted: Drifted) -> dict[str, Any]:
    return {
        "id": drifted.id,
        "type": drifted.type,
        "change": "deleted" if drifted.deleted else "changed",
        "fields": [_field_document(each) for each in drifted.fields],
        "origins": [origin_document(each) for each in drifted.origins],
    }


def _field_document(field: FieldChange) -> dict[str, Any]:
    return {
        "path": field.label,
        **present(applied=field.after, live=field.live),
        **manager_document(field.by),
        "origins": [origin_document(each) for each in field.origins],
    }
