"""Releases, as they lie in a store: chains of records (see ``storage.release_records``) that only grow.

Nothing here is ever changed or removed. A number is taken by put-if-absent, so two runs cannot both be release 7. Two
runs might still append a k-th phase each, if one of them lost its lease without noticing yet: that of the younger
lease counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kusion_dsl.errors import BusyError, DamagedError, NewerFormatError, StorageError
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.release import History, PhaseRecord, Release, damaged
from kusion_dsl.model.spec import SpecResource
from kusion_dsl.model.target import Target
from kusion_dsl.storage import applied
from kusion_dsl.storage.records import digest, seal
from kusion_dsl.storage.release_records import Index, RecordName, ReleaseRecords, Stored
from kusion_dsl.storage.store import Store


@dataclass(frozen=True)
class Damaged:
    """A release that cannot be read, in the place of one that can; ``error`` names the file."""

    revision: int
    error: StorageError


@dataclass(frozen=True)
class LiveStack:
    """What a stack has on a target: the ids of the resources that may exist there."""

    ref: StackRef
    target: Target
    resources: frozenset[str]


class Releases:
    """The releases in a store. Every method raises StorageError when the store cannot be used."""

    def __init__(self, store: Store) -> None:
        self._records = ReleaseRecords(store)

    def revisions(self, ref: StackRef) -> tuple[int, ...]:
        """The numbers of the releases of a stack, the oldest first; none of them is read."""
        return tuple(sorted(self._records.index(ref)))

    def history(self, ref: StackRef, limit: int = 0) -> tuple[History | Damaged, ...]:
        """All releases of a stack, or the newest ``limit``, the oldest first.

        Those that cannot be read, or do not fit the chain, are Damaged.
        """
        index = self._records.index(ref)
        if not index:
            return ()
        entries: list[History | Damaged] = []
        oldest = max(min(index), max(index) - limit + 1) if limit else min(index)
        for revision in range(max(index), oldest - 1, -1):  # newest first: a release vouches for the one before
            try:
                found = self._read(ref, revision, index)
                if entries and isinstance(entries[-1], History):
                    self._check_chain(found, entries[-1].release)
                entries.append(found)
            except StorageError as error:
                entries.append(Damaged(revision, error))
        return tuple(reversed(entries))

    def newest(self, ref: StackRef) -> History | None:
        """The newest release of a stack, None if there is none. Raises DamagedError, NewerFormatError."""
        index = self._records.index(ref)
        return self._read(ref, max(index), index) if index else None

    def get(self, ref: StackRef, revision: int) -> History:
        """One release. Raises StorageError if there is no such one, DamagedError, NewerFormatError."""
        index = self._records.index(ref)
        if revision not in index and not min(index, default=0) <= revision <= max(index, default=-1):
            hint = f"there are releases {min(index)} to {max(index)}" if index else "it was never applied"
            raise StorageError(f"there is no release {revision}", where=str(ref), hint=hint)
        history = self._read(ref, revision, index)
        if revision + 1 in index:
            try:
                successor = self._records.release(ref, revision + 1).record
            except (DamagedError, NewerFormatError):
                return history  # it cannot vouch, and is told of where it is asked for itself
            self._check_chain(history, successor)
        return history

    def create(self, release: Release) -> History:
        """Write a new release. Raises BusyError if its revision is taken; then nothing was written."""
        data = seal(release.to_json())
        if not self._records.put_new(release.ref, RecordName(release.revision), data):
            raise BusyError(
                f"somebody else wrote release {release.revision} at the same moment",
                where=str(release.ref),
                hint="nothing was changed; look at it with `kusion release show`, then run again",
            )
        return History(release, (), digest(data))

    def append(self, history: History, record: PhaseRecord) -> History:
        """Write what became of a release. Raises BusyError if somebody else did so since ``history`` was read."""
        ref, revision, number = history.release.ref, history.release.revision, len(history.phases) + 1
        record = replace(record, previous=history.digest)
        data = seal(record.to_json())
        name = RecordName(revision, number, record.phase)
        if self._records.has_phase(ref, revision, number) or not self._records.put_new(ref, name, data):
            raise BusyError(
                f"somebody else recorded what became of release {revision}",
                where=str(ref),
                hint="this run has lost the stack; see `kusion release show`, then run again",
            )
        return History(history.release, (*history.phases, record), digest(data))

    def last_applied(self, ref: StackRef) -> dict[str, SpecResource]:
        """For each resource of a stack that exists: as the newest release has it in which it succeeded.

        Raises DamagedError, NewerFormatError if a release that is needed for that cannot be read.
        """
        return applied.last_applied(self.newest_first(ref))

    def stacks(self) -> tuple[StackRef, ...]:
        """Every stack that has a release, sorted."""
        return self._records.stacks()

    def live_on(self, target: Target, besides: StackRef) -> tuple[LiveStack, ...]:
        """Every stack but ``besides`` that has, or may have, resources on what is, or may be, its ``target``.

        A relative directory is one in the project, so there only stacks of the same project are looked at. Raises
        DamagedError, NewerFormatError if a stack's releases cannot be read: then nobody knows what it has there.
        """
        relative = target.kind == "manifests" and not target.directory.startswith("/")
        live = []
        for ref in self.stacks():
            if ref == besides or (relative and ref.project != besides.project):
                continue
            newest = self.newest(ref)
            if newest is not None and newest.release.target.may_be(target):
                live.append(LiveStack(ref, newest.release.target, applied.possibly_live(self.newest_first(ref))))
        return tuple(stack for stack in live if stack.resources)

    def newest_first(self, ref: StackRef) -> Iterator[History]:
        """The releases of a stack, each read when it is asked for. Raises DamagedError, NewerFormatError."""
        index = self._records.index(ref)
        for revision in range(max(index, default=0), min(index, default=1) - 1, -1):
            yield self._read(ref, revision, index)

    def _read(self, ref: StackRef, revision: int, index: Index) -> History:
        found = index.get(revision, {})
        release = self._records.release(ref, revision)
        phases: list[PhaseRecord] = []
        last = release.digest
        for number in range(1, max(found, default=0) + 1):
            names = [RecordName(revision, number, phase) for phase in found.get(number, [])]
            if not names:
                raise damaged(self._records.place(ref, RecordName(revision, number, "*")), "it is missing")
            phase = self._phase(ref, names, last)
            phases.append(phase.record)
            last = phase.digest
        return History(release.record, tuple(phases), last)

    def _phase(self, ref: StackRef, names: list[RecordName], previous: str) -> Stored[PhaseRecord]:
        """The phase of the youngest lease among those of one number."""
        found = [self._records.phase(ref, name) for name in names]
        for each in found:
            if each.record.previous != previous:
                where = self._records.place(ref, each.name)
                raise damaged(where, "the record before it is not the one that it was written after")
        return max(found, key=lambda each: each.record.lease)

    def _check_chain(self, history: History, successor: Release) -> None:
        if successor.previous != history.digest:
            last = RecordName(history.release.revision, len(history.phases), history.phase)
            where = self._records.place(history.release.ref, last)
            raise damaged(where, f"its digest is not the one that release {successor.revision} was written after")
