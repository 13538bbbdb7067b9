"""What a run begins with and what it leaves: read from what lies in the backend, and put together for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kusion_dsl.engine.checkpoint import Checkpoint, empty, is_ours, name_of, parse
from kusion_dsl.engine.journal.adoption import adopt, needed
from kusion_dsl.engine.journal.deployment import BYTE_STRINGS, features
from kusion_dsl.engine.journal.entry import Entry, Kind, parse_entries
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
    - ``going``: by URN, with which other resource's deletion one goes without being deleted itself; such a mark, too
    """

    checkpoint: Checkpoint
    retained: tuple[str, ...] = ()
    going: Mapping[str, str] = field(default_factory=dict)

    @property
    def marked(self) -> Checkpoint:
        """The state as the run sees it."""
        copy = Checkpoint(json.loads(self.checkpoint.to_bytes()))
        copy.retain(self.retained)
        for each in copy.resources:
            each.update({"deletedWith": self.going[each["urn"]]} if each["urn"] in self.going else {})
        return copy

    def to_bytes(self) -> bytes:
        """The first record of a journal."""
        marks = {"retained": self.retained, "going": dict(self.going)}
        document = {"version": _FORMAT, "checkpoint": self.checkpoint.document, **marks}
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes, where: str) -> Beginning:
        """The inverse of :meth:`to_bytes`. Raises DamagedError, NewerFormatError."""
        try:
            document = json.loads(content)
            if document["version"] > _FORMAT:
                raise NewerFormatError("a newer kusion-dsl began this run", where=where, hint="upgrade kusion-dsl")
            retained = tuple(map(str, document["retained"]))
            going = {str(urn): str(other) for urn, other in document.get("going", {}).items()}
            return cls(parse(json.dumps(document["checkpoint"]).encode(), where), retained, going)
        except (ValueError, KeyError, TypeError) as error:
            hint = "nothing was changed; restore it from a copy of the backend"
            raise DamagedError(f"the journal of a run is damaged: {error!r}", where=where, hint=hint) from None

    def followed_by(
        self, entries: Iterable[Entry], doubtful: frozenset[str] = frozenset(), *, complete: bool = False
    ) -> Checkpoint:
        """The state after a run that wrote ``entries``; of one that is ``complete`` none may be missing.

        Raises DamagedError for a journal that does not fit. A create that failed of one of the ids in ``doubtful`` is
        pending, as one that was cut off: the next run settles whether there is an object.
        """
        entries = tuple(entries)
        document = self.checkpoint.document
        deployment = replay(document["checkpoint"].get("latest"), entries, complete=complete)
        pending = [*deployment.get("pending_operations", ()), *_failed_creates(entries, doubtful)]
        deployment |= {"pending_operations": pending} if pending else {}
        if self.going:
            deployment["resources"] = list(self._as_they_went(deployment.get("resources") or []))
        announced = [BYTE_STRINGS] if any(entry.has_byte_strings for entry in entries) else []
        after = checkpoint_of(
            document["checkpoint"], deployment, features(deployment, [*document.get("features", ()), *announced])
        )
        after.retain(self.retained, retained=False)
        return after

    def _as_they_went(self, left: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """What a run left, without the marks, and with what was to go with a resource that did not go after all.

        What comes back needs what it had needed, its provider too; everything is in the order that it had.
        """
        there = {each["urn"] for each in left}
        base = {each["urn"]: each for each in self.checkpoint.resources if not each.get("delete")}
        back: dict[str, dict[str, Any]] = {}
        waiting = [urn for urn, other in self.going.items() if other in there]
        while waiting:
            urn = waiting.pop()
            if urn in base and urn not in there and urn not in back:
                back[urn] = base[urn]
                waiting += {*needed(base[urn]), (base[urn].get("provider") or "").rpartition("::")[0]}
        places = {urn: place for place, urn in enumerate(base)}
        for each in sorted([*left, *back.values()], key=lambda each: places.get(each["urn"], len(places))):
            marked = each.get("deletedWith") == self.going.get(each["urn"])
            yield {key: value for key, value in each.items() if not (marked and key == "deletedWith")}


def _failed_creates(entries: tuple[Entry, ...], ids: frozenset[str]) -> Iterator[Mapping[str, Any]]:
    """The operations that were to create ``ids``, and failed."""
    failed = {entry.operation for entry in entries if entry.kind is Kind.FAILURE}
    for entry in entries:
        begun = entry.pending if entry.operation in failed else None
        if begun and begun["type"] == "creating" and name_of(begun["resource"]["urn"]) in ids:
            yield begun


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


def beginning(
    checkpoint: Checkpoint | None, ref: StackRef, retain: Iterable[str], going: Mapping[str, str] = MappingProxyType({})
) -> Beginning:
    """What a run begins with that forgets ``retain`` instead of deleting it; ``going`` as in :class:`Beginning`."""
    if checkpoint is None:
        return Beginning(empty(ref))
    marked = Checkpoint(json.loads(checkpoint.to_bytes()))
    return Beginning(checkpoint, tuple(marked.retain(retain)), going)


@dataclass(frozen=True)
class Settled:
    """A state without operations that were cut off; by id, which creates were ``adopted`` and which ``forgotten``."""

    checkpoint: Checkpoint | None
    adopted: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()


def settled(checkpoint: Checkpoint | None, directory: Path) -> Settled:
    """The state without what a run that was cut off left half done: what it had created is adopted.

    ``directory`` is what a relative directory of manifests is relative to. Raises RefusedError where nobody can know
    what was created.
    """
    former = checkpoint.document["checkpoint"] if checkpoint else {}
    latest = former.get("latest") or {}
    if checkpoint is None or not checkpoint.pending:
        return Settled(checkpoint)
    adoption = adopt(latest, leftovers(directory))
    known = features(adoption.deployment, checkpoint.document.get("features") or ())
    after = checkpoint_of(former, adoption.deployment, known)
    return Settled(after, _ids(adoption.adopted), _ids(adoption.forgotten))


def _ids(urns: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(name_of(urn) for urn in urns if is_ours(urn)))
