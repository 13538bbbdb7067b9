"""Releases, as they lie in a store.

::

    .kusion/v1/releases/<project>/<workspace>/<stack>/00000007.json               the release
    .kusion/v1/releases/<project>/<workspace>/<stack>/00000007.<k>-<phase>.json   its k-th phase, from 1

Nothing here is ever changed or removed. A number is taken by put-if-absent, so two runs cannot both be release 7. Two
runs might still append a k-th phase each, if one of them lost its lease without noticing yet: that of the younger
lease counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kusion_dsl.errors import BusyError, DamagedError, StorageError
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.release import FINAL, History, PhaseRecord, Release, damaged
from kusion_dsl.model.spec import SpecResource
from kusion_dsl.model.target import Target
from kusion_dsl.storage import applied
from kusion_dsl.storage.records import decode, digest, encode
from kusion_dsl.storage.store import Store

ROOT = ".kusion/v1/releases/"
_NAME = re.compile(r"(?P<revision>[0-9]{8,})(?:\.(?P<number>[1-9][0-9]*)-(?P<phase>[a-z]+))?\.json")
_PHASES = ("applying", *FINAL)


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


_Index = dict[int, dict[int, list[tuple[str, str]]]]
"""For each revision, for each number of a phase: the phases (usually one) and their keys."""


class Releases:
    """The releases in a store. Every method raises StorageError when the store cannot be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def history(self, ref: StackRef) -> tuple[History | Damaged, ...]:
        """All releases of a stack, the oldest first; those that cannot be read, or do not fit the chain, as Damaged."""
        index = self._index(ref)
        if not index:
            return ()
        entries: list[History | Damaged] = []
        for revision in range(max(index), min(index) - 1, -1):  # newest first: a release vouches for the one before
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
        index = self._index(ref)
        return self._read(ref, max(index), index) if index else None

    def get(self, ref: StackRef, revision: int) -> History:
        """One release. Raises StorageError if there is no such one, DamagedError, NewerFormatError."""
        index = self._index(ref)
        if revision not in index and not min(index, default=0) <= revision <= max(index, default=-1):
            hint = f"there are releases {min(index)} to {max(index)}" if index else "it was never applied"
            raise StorageError(f"there is no release {revision}", where=str(ref), hint=hint)
        history = self._read(ref, revision, index)
        if revision + 1 in index:
            try:
                successor = self._release(ref, revision + 1)[0]
            except DamagedError:
                return history  # it cannot vouch, and is told of where it is asked for itself
            self._check_chain(history, successor)
        return history

    def create(self, release: Release) -> History:
        """Write a new release. Raises BusyError if its revision is taken; then nothing was written."""
        data = encode(release.to_json())
        if not self._store.put_new(_key(release.ref, release.revision), data):
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
        data = encode(record.to_json())
        free = not self._store.list(f"{_folder(ref)}{revision:08d}.{number}-")
        if not free or not self._store.put_new(_key(ref, revision, f".{number}-{record.phase}"), data):
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
        return applied.last_applied(self._newest_first(ref))

    def stacks(self) -> tuple[StackRef, ...]:
        """Every stack that has a release, sorted."""
        found: set[StackRef] = set()
        for key in self._store.list(ROOT):
            parts = key.removeprefix(ROOT).split("/")
            if len(parts) == 4 and _NAME.fullmatch(parts[3]):
                found.add(StackRef(parts[0], parts[2], parts[1]))
        return tuple(sorted(found, key=lambda ref: (ref.project, ref.workspace, ref.stack)))

    def live_on(self, target: Target, besides: StackRef) -> tuple[LiveStack, ...]:
        """Every stack but ``besides`` that has, or may have, resources on its ``target``.

        A relative directory is one in the project, so there only stacks of the same project are looked at. Raises
        DamagedError, NewerFormatError if a stack's releases cannot be read: then nobody knows what it has there.
        """
        relative = target.kind == "manifests" and not target.directory.startswith("/")
        live = []
        for ref in self.stacks():
            if ref == besides or (relative and ref.project != besides.project):
                continue
            newest = self.newest(ref)
            if newest is not None and newest.release.target.identity == target.identity:
                live.append(LiveStack(ref, newest.release.target, applied.possibly_live(self._newest_first(ref))))
        return tuple(stack for stack in live if stack.resources)

    def _newest_first(self, ref: StackRef) -> Iterator[History]:
        index = self._index(ref)
        for revision in range(max(index, default=0), min(index, default=1) - 1, -1):
            yield self._read(ref, revision, index)

    def _index(self, ref: StackRef) -> _Index:
        index: _Index = {}
        folder = _folder(ref)
        for key in self._store.list(folder):
            match = _NAME.fullmatch(key.removeprefix(folder))
            if match is None:
                continue
            phases = index.setdefault(int(match["revision"]), {})
            if match["number"]:
                phases.setdefault(int(match["number"]), []).append((match["phase"], key))
        return index

    def _read(self, ref: StackRef, revision: int, index: _Index) -> History:
        release, last = self._release(ref, revision)
        keys = index.get(revision, {})
        phases: list[PhaseRecord] = []
        for number in range(1, max(keys, default=0) + 1):
            record, last = self._phase(ref, revision, number, keys.get(number, []), last)
            phases.append(record)
        return History(release, tuple(phases), last)

    def _release(self, ref: StackRef, revision: int) -> tuple[Release, str]:
        key = _key(ref, revision)
        data, where = self._bytes(key)
        release = Release.from_json(decode(data, where), where)
        if (release.ref, release.revision) != (ref, revision):
            raise damaged(where, f"it is release {release.revision} of {release.ref}")
        return release, digest(data)

    def _phase(
        self, ref: StackRef, revision: int, number: int, keys: list[tuple[str, str]], previous: str
    ) -> tuple[PhaseRecord, str]:
        """The phase with this number, of the youngest lease if there are several, and the digest of its record."""
        if not keys:
            raise damaged(self._store.place(_key(ref, revision, f".{number}-*")), "it is missing")
        found = []
        for name, key in keys:
            data, where = self._bytes(key)
            record = PhaseRecord.from_json(decode(data, where), where)
            if record.phase != name or name not in _PHASES:
                raise damaged(where, f"it has the phase '{record.phase}'")
            if record.previous != previous:
                raise damaged(where, "the record before it is not the one that it was written after")
            found.append((record, digest(data)))
        return max(found, key=lambda each: each[0].lease)

    def _check_chain(self, history: History, successor: Release) -> None:
        if successor.previous != history.digest:
            last = f".{len(history.phases)}-{history.phase}" if history.phases else ""
            where = self._store.place(_key(history.release.ref, history.release.revision, last))
            raise damaged(where, f"its digest is not the one that release {successor.revision} was written after")

    def _bytes(self, key: str) -> tuple[bytes, str]:
        data, where = self._store.get(key), self._store.place(key)
        if data is None:
            raise damaged(where, "it is missing")
        return data, where


def _folder(ref: StackRef) -> str:
    return f"{ROOT}{ref.project}/{ref.workspace}/{ref.stack}/"


def _key(ref: StackRef, revision: int, phase: str = "") -> str:
    return f"{_folder(ref)}{revision:08d}{phase}.json"
