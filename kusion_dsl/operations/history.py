"""The releases of a stack: listed and shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kusion_dsl.errors import RefusedError
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.release import History
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.selection import Selection, select_ref
from kusion_dsl.storage.releases import Damaged


@dataclass(frozen=True)
class ShownRelease:
    """A release, and the directory that its target's directory means here; empty where the target has none."""

    history: History
    directory: str


def list_releases(host: Host, selection: Selection) -> tuple[StackRef, tuple[History | Damaged, ...]]:
    """The releases of the selected stack, newest first; what cannot be read is listed as damaged."""
    ref, _ = select_ref(host, selection)
    return ref, tuple(reversed(host.releases.history(ref)))


def show_release(host: Host, selection: Selection, revision: int = 0) -> ShownRelease:
    """One release, the newest if ``revision`` is 0. Raises RefusedError where there is none, DamagedError."""
    ref, directory = select_ref(host, selection)
    history = host.releases.get(ref, revision) if revision else host.releases.newest(ref)
    if history is None:
        which = f"no release {revision}" if revision else "no release yet"
        raise RefusedError(
            f"{ref} has {which}", hint="see `kusion release list`" if revision else "make one: kusion apply"
        )
    target = history.release.target
    resolved = str(Path(directory, target.directory).absolute()) if target.directory else ""
    return ShownRelease(history, resolved)
