"""Releases, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from kusion_dsl.cli.render.screen import VERSION, Screen
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.release import History
from kusion_dsl.storage.applied import tells
from kusion_dsl.storage.releases import Damaged

if TYPE_CHECKING:
    from kusion_dsl.operations.apply import Applied
    from kusion_dsl.operations.history import ShownRelease

_COLORS = {"succeeded": "green", "failed": "red", "abandoned": "red", "applying": "yellow"}
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def show_applied(screen: Screen, base: History | None, applied: Applied | None, format: str) -> int:
    """Print what became of an apply or a destroy; the exit code."""
    if format != "table":
        history = applied.history if applied is not None else base
        screen.document(
            {
                "version": VERSION,
                "changed": applied is not None,
                "release": release_document(history) if history is not None else None,
            },
            format,
        )
    elif applied is None:
        screen.out("Nothing to do; no release was made.")
    else:
        release = applied.history.release
        screen.out(f"Release {release.revision} of {release.ref} {_phase(applied.history)}.")
    if applied is not None and applied.outcome.error:
        screen.note(applied.outcome.error)
    if applied is None or applied.history.phase == "succeeded":
        return 0
    return EXIT_INTERRUPTED if applied.outcome.interrupted else EXIT_FAILED


def show_releases(screen: Screen, ref: StackRef, entries: Sequence[History | Damaged], format: str) -> None:
    """Print the releases of a stack."""
    if format != "table":
        document = {
            "version": VERSION,
            "project": ref.project,
            "stack": ref.stack,
            "workspace": ref.workspace,
            "releases": [_entry_document(entry) for entry in entries],
        }
        screen.document(document, format)
        return
    if not entries:
        screen.out(f"{ref} has no release yet.")
        return
    screen.table(
        ["REVISION", "KIND", "PHASE", "CREATED", "BY", "RESOURCES", "SOURCE"], [_row(each) for each in entries]
    )


def _row(entry: History | Damaged) -> list[str]:
    if isinstance(entry, Damaged):
        return [str(entry.revision), "", click.style("damaged", fg="red"), "", "", "", entry.error.problems[0].what]
    release = entry.release
    source = release.source.commit[:12] + ("+" if release.source.dirty else "")
    return [
        str(release.revision),
        release.kind,
        _phase(entry),
        release.created,
        str(release.actor),
        str(len(entry.phases[-1].resources)) if tells(entry) else "?",
        source or release.source.origin,
    ]


def _phase(history: History) -> str:
    return click.style(history.phase, fg=_COLORS[history.phase])


def _entry_document(entry: History | Damaged) -> dict[str, Any]:
    if isinstance(entry, Damaged):
        return {"revision": entry.revision, "phase": "damaged", "problem": str(entry.error)}
    document = release_document(entry)
    for heavy in ("spec", "results", "resources"):
        document.pop(heavy, None)
    return document


def release_document(history: History) -> dict[str, Any]:
    """A release for programs: what was stored, and what became of it."""
    last = history.phases[-1] if history.phases else None
    stored = {key: value for key, value in history.release.to_json().items() if key != "version"}
    return {
        **stored,
        "phase": history.phase,
        "digest": history.digest,
        "finished": last.at if last is not None and history.final else None,
        "message": last.message if last is not None else "",
        "resources": list(last.resources) if last is not None else [],
        "results": [result.to_json() for result in last.results] if last is not None else [],
    }


def show_one(screen: Screen, shown: ShownRelease, format: str) -> None:
    """Print one release."""
    document = {"version": VERSION, **release_document(shown.history)}
    if shown.directory:
        document["target"] = {**document["target"], "directory": shown.directory}
    if format != "table":
        screen.document(document, format)
        return
    release = shown.history.release
    pairs = [
        ("release", f"{release.revision} of {release.ref}"),
        ("kind", release.kind),
        ("phase", _phase(shown.history)),
        ("created", release.created),
        ("by", str(release.actor)),
        ("source", f"{release.source.origin} {release.source.commit}{' (dirty)' if release.source.dirty else ''}"),
        ("modules", ", ".join(str(each) for each in release.modules)),
        ("target", f"{release.target.kind} {shown.directory}"),
        ("options", ", ".join(f"{name}={value}" for name, value in release.options.items())),
        ("spec", release.spec.digest),
        ("message", document["message"]),
    ]
    for name, value in pairs:
        if value.strip():
            screen.out(f"{click.style(name, bold=True):<{10 + len(click.style('', bold=True))}} {value.strip()}")
    screen.out(click.style("resources", bold=True))
    for id in document["resources"]:
        screen.out(f"  {id}")
