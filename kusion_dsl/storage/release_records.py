"""The single records of releases: under which keys they lie, and each read and checked by itself.

::

    .kusion/v1/releases/<project>/<workspace>/<stack>/00000007.json               the release
    .kusion/v1/releases/<project>/<workspace>/<stack>/00000007.<k>-<phase>.json   its k-th phase, from 1
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.release import PhaseRecord, Release, damaged
from kusion_dsl.model.spec import Json
from kusion_dsl.storage.keys import stack_folder
from kusion_dsl.storage.records import digest, unseal
from kusion_dsl.storage.store import Store

ROOT = ".kusion/v1/releases/"
_NAME = re.compile(r"(?P<revision>[0-9]{8,})(?:\.(?P<number>[1-9][0-9]*)-(?P<phase>[a-z]+))?\.json")

_REMEMBERED = 64
"""Records of which a process knows what it has read: the newest ones are asked for again and again."""

Index = dict[int, dict[int, list[str]]]
"""For each revision, for each number of a phase: the phases that are there, usually one."""


class RecordName(NamedTuple):
    """A record of a stack: the release of a revision, or with a ``number`` a phase of it."""

    revision: int
    number: int = 0
    phase: str = ""

    def __str__(self) -> str:
        return f"{self.revision:08d}{f'.{self.number}-{self.phase}' if self.number else ''}.json"

    @classmethod
    def of(cls, file: str) -> RecordName | None:
        """The record with the name of a file; None if it is not one that we give."""
        match = _NAME.fullmatch(file)
        if match is None:
            return None
        name = cls(int(match["revision"]), int(match["number"] or 0), match["phase"] or "")
        return name if str(name) == file else None


_Record = TypeVar("_Record", Release, PhaseRecord)


class Stored(NamedTuple, Generic[_Record]):
    """A record as it was read, the digest of its bytes, and its format."""

    name: RecordName
    record: _Record
    digest: str
    format: int


class ReleaseRecords:
    """The records of the releases in a store. Every method raises StorageError when the store cannot be used.

    A record never changes, so one that could be read is read once. ``release(ref, revision)`` and ``phase(ref, name)``
    give a record, and raise DamagedError, NewerFormatError.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.release = lru_cache(_REMEMBERED)(self._release)
        self.phase = lru_cache(_REMEMBERED)(self._phase)

    def index(self, ref: StackRef) -> Index:
        """Which records a stack has; a revision of which there are only phases included."""
        index: Index = {}
        for file in self.files(ref):
            name = RecordName.of(file)
            if name is not None:
                phases = index.setdefault(name.revision, {})
                if name.number:
                    phases.setdefault(name.number, []).append(name.phase)
        return index

    def files(self, ref: StackRef) -> tuple[str, ...]:
        """The names of all files of a stack, foreign ones included, sorted."""
        folder = stack_folder(ROOT, ref)
        return tuple(key.removeprefix(folder) for key in self._store.list(folder))

    def stacks(self) -> tuple[StackRef, ...]:
        """Every stack that has a record, sorted."""
        found: set[StackRef] = set()
        for key in self._store.list(ROOT):
            parts = key.removeprefix(ROOT).split("/")
            if len(parts) == 4 and RecordName.of(parts[3]):
                found.add(StackRef(parts[0], parts[2], parts[1]))
        return tuple(sorted(found, key=lambda ref: (ref.project, ref.workspace, ref.stack)))

    def put_new(self, ref: StackRef, name: RecordName, data: bytes) -> bool:
        """Write a record if there is none of this name."""
        return self._store.put_new(self._key(ref, name), data)

    def has_phase(self, ref: StackRef, revision: int, number: int) -> bool:
        """Whether there is a phase with this number."""
        return bool(self._store.list(f"{stack_folder(ROOT, ref)}{revision:08d}.{number}-"))

    def _release(self, ref: StackRef, revision: int) -> Stored[Release]:
        document, own, where = self._document(ref, RecordName(revision))
        release = Release.from_json(document, where)
        if (release.ref, release.revision) != (ref, revision):
            raise damaged(where, f"it is release {release.revision} of {release.ref}")
        return Stored(RecordName(revision), release, own, document["version"])

    def _phase(self, ref: StackRef, name: RecordName) -> Stored[PhaseRecord]:
        document, own, where = self._document(ref, name)
        record = PhaseRecord.from_json(document, where)
        if record.phase != name.phase:
            raise damaged(where, f"it has the phase '{record.phase}'")
        return Stored(name, record, own, document["version"])

    def place(self, ref: StackRef, name: RecordName | str) -> str:
        """Where a record lies, for people."""
        return self._store.place(self._key(ref, name))

    def _document(self, ref: StackRef, name: RecordName) -> tuple[Json, str, str]:
        """A record, the digest of its bytes, and where it lies."""
        data, where = self._store.get(self._key(ref, name)), self.place(ref, name)
        if data is None:
            raise damaged(where, "it is missing")
        return unseal(data, where), digest(data), where

    def _key(self, ref: StackRef, name: RecordName | str) -> str:
        return f"{stack_folder(ROOT, ref)}{name}"
