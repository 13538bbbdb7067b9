"""What somebody's plain ``pulumi`` did to the state of a stack between two runs of ours, and who may take it over.

Whoever did that may have had a reason: an object was moved, or forgotten on purpose. Or it was a mistake, and what it
forgot would now be made a second time. Nobody can tell but a human, so it is shown, and a yes that was given before
anybody could see it is not enough.
"""

from __future__ import annotations

from dataclasses import dataclass

from kusion_dsl.engine.run import State
from kusion_dsl.errors import RefusedError
from kusion_dsl.model.identity import StackRef
from kusion_dsl.operations.host import Host
from kusion_dsl.storage.records import digest


@dataclass(frozen=True)
class ForeignState:
    """A published copy of a state that no run of ours wrote: where it is, and the digest of what it says."""

    where: str
    digest: str

    def __str__(self) -> str:
        return (
            f"somebody's plain pulumi has changed the state of this stack, in {self.where}; "
            "what is shown here goes on from that"
        )


def foreign_state(state: State) -> ForeignState | None:
    """The state of a stack if a plain ``pulumi`` has changed it; None if not. Raises StorageError, DamagedError."""
    rest = state.read()
    return ForeignState(rest.where, digest(rest.published or b"")) if rest.is_foreign else None


def check_foreign(host: Host, ref: StackRef, shown: ForeignState | None) -> None:
    """Raise RefusedError if a plain ``pulumi`` has changed the state of a stack since what was ``shown``."""
    now = foreign_state(host.states.seen(ref))
    if now is not None and now != shown:
        raise RefusedError(
            "somebody's plain pulumi has changed this stack in the meantime",
            where=str(ref),
            hint="nothing was changed; run the command again to see what would change now",
        )
