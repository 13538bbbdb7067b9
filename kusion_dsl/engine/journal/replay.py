"""The journal of a run, replayed: from the state that the run began with to the one in which it stopped.

The rules are those of the CLI's own replayer (https://github.com/pulumi/pulumi/blob/master/pkg/backend/journal.go,
JournalReplayer), which is the oracle of the tests. It costs O(n) in resources and entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kusion_dsl.engine.journal.deployment import normalize_urns, rebuild_dependencies
from kusion_dsl.engine.journal.entry import Entry, Kind
from kusion_dsl.errors import DamagedError

_NO_MANIFEST: Mapping[str, Any] = {"time": "0001-01-01T00:00:00Z", "magic": "", "version": ""}


def replay(base: Mapping[str, Any] | None, entries: Iterable[Entry], *, complete: bool = False) -> dict[str, Any]:
    """The deployment that the run left.

    - ``base``: exactly the deployment that the run began with, None if there was none: entries refer to its resources
      by their indices
    - ``entries``: what was written of the journal, in any order; repeated ones count once
    - ``complete``: whether the run said that it is at its end, so that nothing may be missing

    The result has a manifest and resources of its own, what others need first, and as pending operations those that
    were begun and not ended, and creates that were pending already. It keeps the manifest of ``base``. No argument is
    changed.

    A run that was killed may lack entries before the last: each of its threads takes a number for an entry before
    it sends it, and others may be faster. What depends on an entry is never sent before it, so such a journal is as
    good as one that ends earlier. Raises DamagedError, naming the numbers, for entries that are missing and cannot
    be for that reason; for one number with two contents; and for entries that do not fit to ``base``.
    """
    ordered = _ordered(entries)
    _check_gaps(ordered, complete)
    replayed = _Replayed(base or {})
    for entry in ordered:
        replayed.add(entry)
    return replayed.deployment()


def _ordered(entries: Iterable[Entry]) -> list[Entry]:
    by_sequence: dict[int, Entry] = {}
    for entry in entries:
        if by_sequence.setdefault(entry.sequence, entry).raw != entry.raw:
            raise _damaged(f"there are two different entries {entry.sequence}")
    return [by_sequence[number] for number in sorted(by_sequence)]


def _check_gaps(ordered: list[Entry], complete: bool) -> None:
    """Up to a rebuilt base nothing may be missing: it is written when everything else has ended."""
    settled = [entry.sequence for entry in ordered if complete or entry.kind is Kind.REBUILT]
    if settled:
        missing = set(range(1, settled[-1])) - {entry.sequence for entry in ordered}
        if missing:
            raise _damaged(f"entries are missing: {', '.join(map(str, sorted(missing)))}")


class _Replayed:
    """What is known after some entries, in order."""

    def __init__(self, base: Mapping[str, Any]) -> None:
        self._refreshed = False
        self._rebase(base)

    def _rebase(self, base: Mapping[str, Any]) -> None:
        self._base = dict(base)
        self._old: list[dict[str, Any]] = list(base.get("resources") or [])
        self._gone: set[int] = set()
        self._replaced: dict[int, Mapping[str, Any]] = {}
        self._deleting: set[int] = set()
        self._pending_replacement: set[int] = set()
        self._new: dict[int, dict[str, Any]] = {}
        self._dropped: set[int] = set()
        self._begun: dict[int, Mapping[str, Any] | None] = {}

    def add(self, entry: Entry) -> None:
        """Take one more entry into account."""
        match entry.kind:
            case Kind.BEGIN:
                self._begun[entry.operation] = entry.pending
            case Kind.FAILURE:
                self._end(entry)
            case Kind.SUCCESS:
                self._end(entry)
                self._succeed(entry)
            case Kind.REFRESHED:
                self._end(entry)
                self._refreshed = True
                self._substitute(entry)
            case Kind.OUTPUTS:
                self._substitute(entry)
            case Kind.WRITE:
                self._base = dict(entry.snapshot or {})
                self._old = list(self._base.get("resources") or [])
            case Kind.SECRETS:
                self._base["secrets_providers"] = entry.secrets_provider
            case Kind.REBUILT:
                self._rebase(self.deployment())

    def _end(self, entry: Entry) -> None:
        if entry.operation not in self._begun:
            raise _damaged(f"entry {entry.sequence} ends an operation of which there is no begin")
        del self._begun[entry.operation]

    def _succeed(self, entry: Entry) -> None:
        if entry.state is not None:
            self._new[entry.operation] = dict(entry.state)
        if entry.remove_old is not None:
            self._gone.add(self._index(entry, entry.remove_old))
        if entry.remove_new is not None:
            self._dropped.add(self._operation(entry, entry.remove_new))
        if entry.delete_old is not None:
            self._deleting.add(self._index(entry, entry.delete_old))
        if entry.delete_new is not None:
            self._new[self._operation(entry, entry.delete_new)]["delete"] = True
        if entry.pending_replacement_old is not None:
            self._pending_replacement.add(self._index(entry, entry.pending_replacement_old))
        if entry.pending_replacement_new is not None:
            self._new[self._operation(entry, entry.pending_replacement_new)]["pendingReplacement"] = True
        self._refreshed = self._refreshed or entry.refreshes

    def _substitute(self, entry: Entry) -> None:
        """Another state in the place of a resource; none, and the resource is gone, if it is a refresh that says so."""
        gone = entry.state is None and entry.kind is Kind.REFRESHED
        if entry.remove_old is not None:
            index = self._index(entry, entry.remove_old)
            if entry.state is not None:
                self._replaced[index] = entry.state
            elif gone:
                self._gone.add(index)
        if entry.remove_new is not None:
            operation = self._operation(entry, entry.remove_new)
            if entry.state is not None:
                self._new[operation] = dict(entry.state)
            elif gone:
                self._dropped.add(operation)

    def _index(self, entry: Entry, index: int) -> int:
        if index >= len(self._old):
            raise _damaged(f"entry {entry.sequence} is about resource {index} of {len(self._old)}")
        return index

    def _operation(self, entry: Entry, operation: int) -> int:
        if operation not in self._new:
            raise _damaged(f"entry {entry.sequence} is about what operation {operation} made, which is not there")
        return operation

    def deployment(self) -> dict[str, Any]:
        """What is to be stored: what this run has come to first, then what it has not; each is topologically sorted."""
        resources = [state for operation, state in self._new.items() if operation not in self._dropped]
        resources += [self._old_state(index) for index in range(len(self._old)) if index not in self._gone]
        if self._refreshed:
            rebuild_dependencies(resources)
        normalize_urns(resources)
        pending = [each for each in self._begun.values() if each is not None]
        pending += [each for each in self._base.get("pending_operations") or () if each["type"] == "creating"]
        deployment = {key: value for key, value in self._base.items() if value is not None}
        deployment.setdefault("manifest", dict(_NO_MANIFEST))
        deployment.setdefault("metadata", {})
        for key, value in (("resources", resources), ("pending_operations", pending)):
            deployment.pop(key, None)
            if value:
                deployment[key] = value
        return deployment

    def _old_state(self, index: int) -> dict[str, Any]:
        if index in self._replaced:
            return dict(self._replaced[index])
        marks = {"delete": index in self._deleting, "pendingReplacement": index in self._pending_replacement}
        return {**self._old[index], **{mark: True for mark, is_set in marks.items() if is_set}}


def _damaged(why: str) -> DamagedError:
    return DamagedError(f"the journal of the run is damaged: {why}")
