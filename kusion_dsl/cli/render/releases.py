"""Releases, for people and for programs."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from kusion_dsl.cli.render.changes import SIGNS
from kusion_dsl.cli.render.screen import VERSION, Screen
from kusion_dsl.cli.render.takeovers import show_takeover, takeover_document
from kusion_dsl.cli.render.values import value_text
from kusion_dsl.errors import NewerFormatError
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.release import History, Release
from kusion_dsl.storage.applied import tells
from kusion_dsl.storage.releases import Damaged

if TYPE_CHECKING:
    from kusion_dsl.operations.apply import Applied
    from kusion_dsl.operations.history import ShownRelease

_COLORS = {"succeeded": "green", "failed": "red", "abandoned": "red", "applying": "yellow"}
_NOT_DONE = {"failed": "failed", "unready": "not ready"}
_SPARE = ("SOURCE", "RESOURCES", "TOOK", "BY")  # columns that a narrow terminal does without, the first first
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def show_applied(
    screen: Screen, base: History | None, applied: Applied | None, format: str, more: Mapping[str, Any] | None = None
) -> int:
    """Print what became of an apply or a destroy, with ``more`` in a document; the exit code."""
    if format != "table":
        history = applied.history if applied is not None else base
        screen.document(
            {
                "version": VERSION,
                "changed": applied is not None,
                "release": release_document(history) if history is not None else None,
                **(takeover_document(applied.outcome) if applied is not None else {}),
                **(more or {}),
            },
            format,
        )
    elif applied is None:
        screen.out("Nothing to do; no release was made.")
    else:
        release = applied.history.release
        screen.out(f"Release {release.revision} of {release.ref} {_phase(applied.history)}.")
        show_takeover(screen, applied.outcome)
    if applied is not None:
        _show_failure(screen, applied)
    if applied is None or applied.history.phase == "succeeded":
        return 0
    return EXIT_INTERRUPTED if applied.outcome.interrupted else EXIT_FAILED


def _show_failure(screen: Screen, applied: Applied) -> None:
    """Say what went wrong, or what else should be known; what cannot be told apart as it was said."""
    for problem in applied.problems:
        screen.complain(problem)
    if not applied.problems and applied.outcome.error:
        screen.note(applied.outcome.error)
    if applied.outcome.note:
        screen.note(applied.outcome.note)


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
    columns = ["REVISION", "KIND", "PHASE", "CREATED", "TOOK", "RESULT", "BY", "RESOURCES", "SOURCE"]
    screen.table(columns, [_row(each) for each in entries], _SPARE)
    for entry in entries:
        if isinstance(entry, Damaged):
            [problem] = entry.error.problems
            screen.warn(f"release {entry.revision}: {problem.where}: {problem.what}")


def _row(entry: History | Damaged) -> list[str]:
    if isinstance(entry, Damaged):
        state = "newer" if isinstance(entry.error, NewerFormatError) else "damaged"
        return [str(entry.revision), "", click.style(state, fg="red"), "", "", "", "", "", ""]
    release = entry.release
    source = release.source.commit[:12] + ("+" if release.source.dirty else "")
    return [
        str(release.revision),
        _kind(release),
        _phase(entry),
        f"{release.created[:16]}Z",
        _took(entry.seconds),
        _result(entry),
        str(release.actor),
        str(len(entry.phases[-1].resources)) if tells(entry) else "?",
        source or release.source.origin,
    ]


def _kind(release: Release) -> str:
    return f"{release.kind} to {release.restores}" if release.restores else release.kind


def _took(seconds: float | None) -> str:
    """How long something took, for people."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"


def _result(history: History) -> str:
    """How many resources were created, updated, ..., by the signs of a preview, and how many failed."""
    results = history.phases[-1].results if history.phases else ()
    done: Counter[str] = Counter(each.operation for each in results if each.is_applied and each.operation != "same")
    parts = [click.style(f"{sign}{done[name]}", fg=color) for name, (sign, color) in SIGNS.items() if done[name]]
    bad = Counter(_NOT_DONE[each.status] for each in results if each.status != "done")
    return " ".join([*parts, *(click.style(f"{count} {what}", fg="red") for what, count in bad.items())])


def _phase(history: History) -> str:
    return click.style(history.phase, fg=_COLORS[history.phase])


def _entry_document(entry: History | Damaged) -> dict[str, Any]:
    if isinstance(entry, Damaged):
        return {"revision": entry.revision, "phase": "damaged", "problem": str(entry.error)}
    document = release_document(entry)
    for heavy in ("spec", "provenance", "results", "resources", "outputs", "phases"):
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
        "seconds": history.seconds,
        "message": last.message if last is not None else "",
        "resources": list(last.resources) if last is not None else [],
        "results": [result.to_json() for result in last.results] if last is not None else [],
        "outputs": {id: dict(values) for id, values in last.outputs.items()} if last is not None else {},
        "phases": [{"phase": each.phase, "at": each.at, "lease": each.lease} for each in history.phases],
    }


def show_one(screen: Screen, shown: ShownRelease, format: str) -> None:
    """Print one release."""
    document = {"version": VERSION, **release_document(shown.history)}
    if shown.directory:
        document["target"] = {**document["target"], "directory": shown.directory}
    if format != "table":
        screen.document(document, format)
        return
    for name, value in _pairs(shown, document["message"]):
        if value.strip():
            screen.out(f"{click.style(f'{name:<10}', bold=True)} {value.strip()}")
    _show_results(screen, shown.history)


def _pairs(shown: ShownRelease, message: str) -> list[tuple[str, str]]:
    release, seconds = shown.history.release, shown.history.seconds
    actor, source = release.actor, release.source
    return [
        ("release", f"{release.revision} of {release.ref}"),
        ("kind", f"{release.kind}{f' to release {release.restores}' if release.restores else ''}"),
        ("phase", _phase(shown.history)),
        ("created", f"{release.created}{f', took {_took(seconds)}' if seconds is not None else ''}"),
        ("by", f"{actor.user}@{actor.host}{f', CI run {actor.ci} {actor.url}'.rstrip() if actor.ci else ''}"),
        ("source", f"{source.origin} {source.commit}{' (dirty)' if source.dirty else ''}"),
        ("kusion-dsl", release.kusion),
        ("modules", ", ".join(f"{each}{f' ({each.digest[:19]})' if each.digest else ''}" for each in release.modules)),
        ("workspace", release.workspace_digest),
        ("target", f"{release.target.kind} {shown.directory}"),
        ("options", ", ".join(f"{name}={value}" for name, value in release.options.items())),
        ("spec", release.spec.digest),
        ("message", message),
    ]


def _show_results(screen: Screen, history: History) -> None:
    """Print what failed, what was done, what exists, and what it came to have."""
    end = history.phases[-1] if history.phases else None
    if end is None:
        return
    for each in sorted(end.results, key=lambda each: each.status == "done"):
        if each.status != "done":
            mark = click.style(f"{_NOT_DONE[each.status]:<10}", fg="red", bold=True)
            screen.out(f"{mark} {each.id} ({each.operation})")
            screen.out(textwrap.indent(each.message, "             "))
        else:
            sign, color = SIGNS[each.operation]
            remark = click.style(each.message, dim=True)
            screen.out_beside(f"{click.style(sign, fg=color, bold=True)} {each.id}", remark)
    screen.out(click.style("resources", bold=True))
    for id in end.resources:
        screen.out(f"  {id}")
        for name, value in screen.masked(end.outputs.get(id, {})).items():
            screen.out(click.style(f"    {name}: {value_text(value)}", dim=True))
