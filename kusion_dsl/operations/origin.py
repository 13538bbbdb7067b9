"""Where a stack comes from, and what it takes for another checkout to delete what is in it.

Two projects may have the same name by mistake. To whoever applies the second one everything of the first is "no longer
in the Spec".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kusion_dsl.model.change import Change
from kusion_dsl.model.release import History
from kusion_dsl.operations.host import Host


@dataclass(frozen=True)
class Intrusion:
    """A run from another checkout than that of a stack's newest release.

    ``deleted`` are the ids of what it would delete or replace.
    """

    release: str
    known: str
    here: str
    deleted: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.release} came from {self.known}, this comes from {self.here}"


def intrusion(host: Host, base: History | None, directory: Path, changes: Iterable[Change]) -> Intrusion | None:
    """Whether ``directory`` is in another checkout than the newest release, ``base``, was made from."""
    if base is None:
        return None
    known, here = base.release.source.origin, host.revision_of(directory).origin
    if known == here:
        return None
    deleted = tuple(change.id for change in changes if change.operation in ("delete", "replace"))
    return Intrusion(f"release {base.release.revision} of {base.release.ref}", known, here, deleted)
