"""Whether releases are what was written, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from kusion_dsl.cli.render.screen import VERSION, Screen

if TYPE_CHECKING:
    from kusion_dsl.storage.verification import Verification

EXIT_FAILED = 1


def show_verifications(screen: Screen, found: Sequence[Verification], format: str) -> int:
    """Print what was found of each stack; the exit code."""
    ok = not any(each.faults for each in found)
    if format != "table":
        screen.document({"version": VERSION, "ok": ok, "stacks": [_document(each) for each in found]}, format)
    elif not found:
        screen.out("There is no release in this backend.")
    else:
        for each in found:
            _show(screen, each)
    return 0 if ok else EXIT_FAILED


def _document(found: Verification) -> dict[str, Any]:
    return {
        "project": found.ref.project,
        "stack": found.ref.stack,
        "workspace": found.ref.workspace,
        "ok": not found.faults,
        "newest": found.newest,
        "records": found.records,
        "damaged": list(found.damaged),
        "blocked": found.blocked,
        "unvouched": found.unvouched or None,
        "faults": [
            {
                "revision": fault.revision or None,
                "file": str(fault.problem.where),
                "problem": fault.problem.what,
                "hint": fault.problem.hint,
            }
            for fault in found.faults
        ],
    }


def _show(screen: Screen, found: Verification) -> None:
    if not found.newest and not found.faults:
        screen.out(f"{found.ref} has no release yet.")
        return
    state = click.style("damaged", fg="red", bold=True) if found.faults else click.style("whole", fg="green")
    count = f"{found.records} records of {found.newest} release{'' if found.newest == 1 else 's'}"
    screen.out(f"{click.style(str(found.ref), bold=True)}: {state}, {count}")
    for fault in found.faults:
        screen.out(f"  {fault.problem.where}: {fault.problem.what}")
        if fault.problem.hint:
            screen.out(f"    {fault.problem.hint}")
    for line in _what_works(found):
        screen.out(f"  {line}")


def _what_works(found: Verification) -> Iterator[str]:
    """What can be done now, and what cannot; what to do where nothing can."""
    if found.unvouched:
        yield f"{found.unvouched} is of format 1: some changes of it cannot be seen until another release is made"
    if found.blocked:
        yield f"Nothing can be previewed, applied or destroyed while release {found.newest} is damaged."
        yield (
            f"Without a copy of it, move its files ({found.newest:08d}*) out of the directory: the release before is "
            "the newest then, and a preview tells what differs from it."
        )
    elif found.damaged:
        numbers = ", ".join(map(str, found.damaged))
        yield f"Previews and applies work without it; release {numbers} cannot be shown, compared or restored."
