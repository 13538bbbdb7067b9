"""The releases of a stack: listed, shown, and verified."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kusion_dsl.errors import RefusedError
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.release import History
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.selection import Selection, select_ref
from kusion_dsl.storage.releases import Damaged
from kusion_dsl.storage.verification import Verification, verify


@dataclass(frozen=True)
class ShownRelease:
    """A release, and the directory that its target's directory means here; empty where the target has none."""

    history: History
    directory: str


def list_releases(host: Host, selection: Selection, limit: int = 0) -> tuple[StackRef, tuple[History | Damaged, ...]]:
    """The releases of the selected stack, newest first, at most ``limit`` of them if that is not 0.

    What cannot be read is listed as damaged.
    """
    ref, _ = select_ref(host, selection)
    return ref, tuple(reversed(host.releases.history(ref, limit)))


def revisions(host: Host, selection: Selection) -> tuple[int, ...]:
    """The numbers of the releases of the selected stack, newest first; none of them is read."""
    ref, _ = select_ref(host, selection)
    return host.releases.revisions(ref)[::-1]


def verify_releases(host: Host, selection: Selection) -> Verification:
    """Read every record of the selected stack. Raises StorageError when the backend cannot be used."""
    ref, _ = select_ref(host, selection)
    return verify(host.store, ref)


def verify_all(host: Host) -> tuple[Verification, ...]:
    """Read every record of every stack of the backend. Raises StorageError when it cannot be used."""
    return tuple(verify(host.store, ref) for ref in host.releases.stacks())


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
