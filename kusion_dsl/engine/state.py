"""What a run begins with and what it leaves: read from what lies in the backend, and put together for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kusion_dsl.engine.checkpoint import Checkpoint, empty, parse
from kusion_dsl.engine.journal.adoption import adopt
from kusion_dsl.engine.journal.deployment import BYTE_STRINGS, features
from kusion_dsl.engine.journal.entry import Entry, parse_entries
from kusion_dsl.engine.journal.leftovers import leftovers
from kusion_dsl.engine.journal.replay import replay
from kusion_dsl.engine.workspace import qualified_name
from kusion_dsl.errors import DamagedError, KusionError, NewerFormatError, RefusedError
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.state import StateAtRest

_FORMAT = 1


@dataclass(frozen=True)
class Beginning:
    """What a run begins with: everything that is needed to know its end should it die.

    - ``checkpoint``: the state. Indices in the journal are into its resources
    - ``retained``: the ids that the run marks so that they are forgotten instead of deleted; the mark is no part of
      ``checkpoint``, and of nothing that the run leaves
    """

    checkpoint: Checkpoint
    retained: tuple[str, ...] = ()

    @property
    def marked(self) -> Checkpoint:
        """The state as the run sees it."""
        copy = Checkpoint(json.loads(self.checkpoint.to_bytes()))
        copy.retain(self.retained)
        return copy

    def to_bytes(self) -> bytes:
        """The first record of a journal."""
        document = {"version": _FORMAT, "checkpoint": self.checkpoint.document, "retained": self.retained}
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes, where: str) -> Beginning:
        """The inverse of :meth:`to_bytes`. Raises DamagedError, NewerFormatError."""
        try:
            document = json.loads(content)
            if document["version"] > _FORMAT:
                raise NewerFormatError("a newer kusion-dsl began this run", where=where, hint="upgrade kusion-dsl")
            retained = tuple(map(str, document["retained"]))
            return cls(parse(json.dumps(document["checkpoint"]).encode(), where), retained)
        except (ValueError, KeyError, TypeError) as error:
            hint = "nothing was changed; restore it from a copy of the backend"
            raise DamagedError(f"the journal of a run is damaged: {error!r}", where=where, hint=hint) from None

    def followed_by(self, entries: Iterable[Entry]) -> Checkpoint:
        """The state after a run that wrote ``entries``. Raises DamagedError for a journal that does not fit."""
        entries = tuple(entries)
        document = self.checkpoint.document
        deployment = replay(document["checkpoint"].get("latest"), entries)
        announced = [BYTE_STRINGS] if any(entry.has_byte_strings for entry in entries) else []
        after = checkpoint_of(
            document["checkpoint"], deployment, features(deployment, [*document.get("features", ()), *announced])
        )
        after.retain(self.retained, retained=False)
        return after


def checkpoint_of(former: Mapping[str, Any], deployment: Mapping[str, Any], known: Iterable[str]) -> Checkpoint:
    """A stored state around ``deployment``, of the stack that ``former`` was of; ``known`` are features it needs."""
    features = list(known)
    document = {"version": 4, "features": features} if features else {"version": 3}
    return Checkpoint({**document, "checkpoint": {**former, "latest": deployment}})


def created(ref: StackRef, exported: Mapping[str, Any]) -> Checkpoint:
    """The state of a stack that was just created, as the CLI says it: the name of its key, and no resources."""
    return checkpoint_of({"stack": qualified_name(ref)}, exported["deployment"], exported.get("features") or ())


def exported(checkpoint: Checkpoint) -> dict[str, Any]:
    """A stored state as the service, and ``pulumi stack export``, have it."""
    document = checkpoint.document
    rest = {key: value for key, value in document.items() if key != "checkpoint"}
    return {**rest, "deployment": document["checkpoint"].get("latest") or {}}


def current(rest: StateAtRest, ref: StackRef) -> Checkpoint | None:
    """The state as it is now, what a run that died did included; None for a stack that was never applied.

    A plain ``pulumi`` that changed the published copy knew what it did: then that is the state. Raises RefusedError
    where a run died and a plain ``pulumi`` went on from what was before it, DamagedError, NewerFormatError.
    """
    if rest.is_foreign and len(rest.journal) > 1:
        raise RefusedError(
            f"a run died, and then somebody's plain pulumi changed the stack in {rest.where}",
            where=str(ref),
            hint="nothing was changed. To go on from what the run did, move that file away; to go on from what pulumi "
            f"did, move the journal, the newest files with two numbers in their names, away from {rest.ours}",
        )
    if rest.journal and not rest.is_foreign:
        beginning = Beginning.from_bytes(rest.journal[0], rest.ours)
        try:
            return beginning.followed_by(entry for batch in rest.journal[1:] for entry in parse_entries(batch))
        except KusionError as error:
            raise error.at(rest.ours) from None
    if rest.is_foreign or rest.folded is None:
        return None if rest.published is None else parse(rest.published, rest.where, has_copy=rest.folded is not None)
    return parse(rest.folded, rest.ours)


def beginning(checkpoint: Checkpoint | None, ref: StackRef, retain: Iterable[str]) -> Beginning:
    """What a run that forgets ``retain`` instead of deleting it begins with."""
    if checkpoint is None:
        return Beginning(empty(ref))
    marked = Checkpoint(json.loads(checkpoint.to_bytes()))
    return Beginning(checkpoint, tuple(marked.retain(retain)))


def settled(checkpoint: Checkpoint | None, directory: Path) -> Checkpoint | None:
    """The state without what a run that was cut off left half done: what it had created is adopted.

    ``directory`` is what a relative directory of manifests is relative to. Raises RefusedError where nobody can know
    what was created.
    """
    former = checkpoint.document["checkpoint"] if checkpoint else {}
    latest = former.get("latest") or {}
    if checkpoint is None or not checkpoint.pending:
        return checkpoint
    deployment = adopt(latest, leftovers(directory)).deployment
    return checkpoint_of(former, deployment, features(deployment, checkpoint.document.get("features") or ()))
