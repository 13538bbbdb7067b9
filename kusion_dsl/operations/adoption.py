"""What is there already where a stack would create it: whose it is, and whether the stack may take it over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from kusion_dsl.engine.cluster.objects import FIELD_MANAGER, NAMESPACE
from kusion_dsl.errors import RefusedError
from kusion_dsl.model.change import Change
from kusion_dsl.operations.host import Host

if TYPE_CHECKING:
    from kusion_dsl.operations.preview import Preview
    from kusion_dsl.operations.proposal import Proposal

OPTION = "--adopt"
_CONSEQUENCE = "it is changed to what the Spec says, and from then on it is changed and deleted with this stack"


def with_holders(host: Host, proposal: Proposal, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """``changes``, those that adopt something with a note that says whose it is, other stacks of the backend by name.

    Raises what reading their releases raises: DamagedError, NewerFormatError, StorageError.
    """
    ours = {change.id for change in changes if change.operation == "adopt" and FIELD_MANAGER in change.held_by}
    others = host.releases.live_on(proposal.target, besides=proposal.ref) if ours else ()
    stacks = {id: [f"stack {other.ref}" for other in others if id in other.resources] for id in ours}
    return tuple(
        _told(change, stacks.get(change.id) or change.held_by) if change.operation == "adopt" else change
        for change in changes
    )


def _told(change: Change, holders: Iterable[str]) -> Change:
    named = tuple(holders)
    note = f"is there already, managed by {', '.join(named)}" if named else "is there already"
    return replace(change, note=note, held_by=named)


def unasked(shown: Preview) -> tuple[Change, ...]:
    """What would be adopted without anybody having asked for it.

    A Namespace is shared by all who live in it, and deleted only by those who made it; and what the workspace imports
    somebody has asked for.
    """
    proposal = shown.proposal
    if proposal.adopt:
        return ()
    adopted = (change for change in shown.changes if change.operation == "adopt" and change.type != NAMESPACE)
    return tuple(change for change in adopted if "import" not in proposal.spec[change.id].options)


def reservation(shown: Preview) -> str:
    """What an apply would say to it; empty where it would say nothing."""
    ids = ", ".join(change.id for change in unasked(shown))
    return f"apply refuses to take over without {OPTION} what is not this stack's: {ids}" if ids else ""


def check_adoption(shown: Preview) -> None:
    """Raise RefusedError where something would be adopted without anybody having asked for it."""
    found = unasked(shown)
    if found:
        raise RefusedError(
            "what is to be created is there already, and is not this stack's",
            where=str(shown.proposal.ref),
            details=[f"{change.id} {change.note}" for change in found],
            hint=f"nothing was changed; {OPTION} takes it over: {_CONSEQUENCE}. `kusion preview` shows what would change",
        )
