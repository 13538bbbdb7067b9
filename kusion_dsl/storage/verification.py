"""Whether the releases of a stack are what was written, record by record.

A record vouches for itself with its digest (see ``storage.records``), and for the one before it by naming the digest
of that. So the chain is walked from its end: of two records that do not fit, the younger one is what it claims to be
if one after it says so. What was taken away from the end of a chain leaves a shorter chain that is whole: nothing here
can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from kusion_dsl.errors import DamagedError, NewerFormatError, Problem
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.release import FINAL, PhaseRecord, Release, damaged
from kusion_dsl.storage.release_records import Index, RecordName, ReleaseRecords, Stored
from kusion_dsl.storage.store import Store

_Found = Stored[Release] | Stored[PhaseRecord]
_UNREADABLE = (DamagedError, NewerFormatError)
_ANY = "*"
_RESTORE = "restore this file from a copy of the backend"


class Fault(NamedTuple):
    """A file that is not what was written, or is missing, or (with ``revision`` 0) does not belong there."""

    revision: int
    problem: Problem


@dataclass(frozen=True)
class Verification:
    """What was found of a stack.

    - ``newest``: the number of the newest release, 0 without one; ``records`` is how many records there are
    - ``faults``: in order of the records, foreign files last
    - ``unvouched``: the place of the last record if it is of format 1: it has no digest of its own, and nothing comes
      after it that names its digest, so not every change of it can be seen
    """

    ref: StackRef
    newest: int
    records: int
    faults: tuple[Fault, ...]
    unvouched: str = ""

    @property
    def damaged(self) -> tuple[int, ...]:
        """The revisions that have a fault, the oldest first."""
        return tuple(sorted({fault.revision for fault in self.faults if fault.revision}))

    @property
    def blocked(self) -> bool:
        """Whether the newest release is among them: then nothing can be applied."""
        return self.newest in self.damaged


def verify(store: Store, ref: StackRef) -> Verification:
    """Read every record of a stack. Raises StorageError when the store cannot be used."""
    records = ReleaseRecords(store)
    index = records.index(ref)
    newest = max(index, default=0)
    files = records.files(ref)
    foreign = [Fault(0, _foreign(records.place(ref, file))) for file in files if RecordName.of(file) is None]
    faults = [*reversed(list(_faults(records, ref, _links(index)))), *foreign]
    found = Verification(ref, newest, len(files) - len(foreign), tuple(faults))
    return found if found.blocked else replace(found, unvouched=_unvouched(records, ref, next(_links(index), [])))


def _foreign(place: str) -> Problem:
    hint = "if it is a record that is missing, give it its name back, else move it away"
    return Problem("this is no name of a record", place, hint)


def _links(index: Index) -> Iterator[list[RecordName]]:
    """The chain from its end: the records of each link, usually one; where there is none, a name for it with ``*``.

    No release is written before the one before it has come to an end.
    """
    newest = max(index, default=0)
    for revision in range(newest, 0, -1):
        phases = index.get(revision, {})
        last = max(phases, default=0)
        if revision in index and revision < newest and not set(phases.get(last, ())) & set(FINAL):
            yield [RecordName(revision, last + 1, _ANY)]
        for number in range(last, 0, -1):
            yield [RecordName(revision, number, phase) for phase in phases.get(number, [_ANY])]
        yield [RecordName(revision)]


def _faults(records: ReleaseRecords, ref: StackRef, links: Iterable[list[RecordName]]) -> Iterator[Fault]:
    """What is wrong, from the end of the chain to its start.

    ``witness`` is the record after the one that is looked at, None where that is damaged; ``trusted`` whether one
    after it, in turn, says that it is what it claims to be.
    """
    witness: _Found | None = None
    trusted = False
    for names in links:
        intact: list[_Found] = []
        for name in names:
            try:
                intact.append(_read(records, ref, name))
            except _UNREADABLE as error:
                yield _fault(name, error)
        fitting = [each for each in intact if witness is None or each.digest == witness.record.previous]
        chosen = fitting[0] if fitting else None  # of two that were written at once either may be
        for each in intact:
            why = _mismatch(each, chosen, witness, trusted=trusted)
            if why:
                yield _fault(each.name, damaged(records.place(ref, each.name), why))
        trusted, witness = witness is not None and chosen is not None, chosen
    if witness is not None and witness.record.previous:
        where = records.place(ref, witness.name)
        yield _fault(witness.name, damaged(where, "it names a record before it, but it is the first"))


def _read(records: ReleaseRecords, ref: StackRef, name: RecordName) -> _Found:
    """A record that is right by itself, and where one may be: a release begins, if it comes to that, and then ends."""
    where = records.place(ref, name)
    if name.phase == _ANY:
        raise damaged(where, "it is missing")
    if not name.number:
        return records.release(ref, name.revision)
    if name.number > (2 if name.phase in FINAL else 1):
        raise damaged(where, "no release has this phase there")
    return records.phase(ref, name)


def _fault(name: RecordName, error: DamagedError | NewerFormatError) -> Fault:
    [problem] = error.problems
    return Fault(name.revision, problem if isinstance(error, NewerFormatError) else problem._replace(hint=_RESTORE))


def _mismatch(found: _Found, chosen: _Found | None, witness: _Found | None, *, trusted: bool) -> str:
    """Why a record that is right by itself is not the one that belongs there; empty if it is."""
    if chosen is None and witness is not None:
        why = f"it is not what {witness.name} was written after"
        return why if trusted else f"{why}, or that one is damaged"
    if chosen is not None and found.record.previous != chosen.record.previous:
        return "the record before it is not the one that it was written after"
    return ""


def _unvouched(records: ReleaseRecords, ref: StackRef, last: Iterable[RecordName]) -> str:
    """The place of the last record, which is right as far as can be seen, if it is of format 1."""
    old = (name for name in last if _read(records, ref, name).format == 1)
    return next((records.place(ref, name) for name in old), "")
