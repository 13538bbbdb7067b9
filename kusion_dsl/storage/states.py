"""The states of the stacks, as they lie in a store.

::

    .kusion/v1/state/<project>/<workspace>/<stack>/00000012.json       what the run with lease 12 left
    .kusion/v1/state/<project>/<workspace>/<stack>/00000012.0.json     what it began with
    .kusion/v1/state/<project>/<workspace>/<stack>/00000012.<k>.json   the k-th batch of its journal, from 1

The highest number is the truth: a state is what it says, a journal is what it began with and everything after it, so
one that was not folded can be replayed on nothing but its own base. Nothing here is ever changed: a state and each
record of a journal are written by put-if-absent. Who takes over a journal *seals* it, by taking the number of its next
record; a holder that only slept finds that number taken and has lost, whatever its clock says.

Written in this order: a journal while the run lasts; the state; the copy that a plain ``pulumi`` reads (see
``pulumi_layout``); then what the new state has made superfluous is removed. After a crash between any two of these the
next run goes on from the highest number, and writes what is missing when it ends. The first line of a journal has the
digest of the published copy as it was then: any other copy that no run of ours wrote was changed by a plain ``pulumi``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from kusion_dsl.errors import BusyError, DamagedError
from kusion_dsl.model.identity import Actor, StackRef
from kusion_dsl.model.release import check_format
from kusion_dsl.model.state import StateAtRest
from kusion_dsl.storage.clock import Clock, SystemClock
from kusion_dsl.storage.leases import Lease
from kusion_dsl.storage.processes import LocalProcesses, Processes
from kusion_dsl.storage.pulumi_layout import Published, PulumiLock, end_group
from kusion_dsl.storage.records import decode, digest
from kusion_dsl.storage.state_names import StateIndex, folder, look, record_name, state_name
from kusion_dsl.storage.store import Store

_FORMAT = 1
_SEAL = b'{"sealed":'
_HANDED_OVER = b'{"handedOver":true}'
_KEPT = 2
"""Of the states the newest ones that are kept: one may have to be compared with a published copy that is old."""
_AT_ONCE = 16
"""Records that are read at the same time: each may take a round trip to an object store."""


class StackState:
    """The state of one stack: read by everybody, written by who holds the lease.

    Every method raises StorageError when the store cannot be used, and BusyError when the lease is lost; nothing is
    published then.
    """

    def __init__(self, store: Store, ref: StackRef, lease: Lease | None = None, lock: PulumiLock | None = None) -> None:
        self._store = store
        self._ref = ref
        self._lease = lease
        self._lock = lock
        self._folder = folder(ref)
        self._copy = Published(store, ref)
        self._seen: bytes | None = None
        self._moment: StateAtRest | None = None
        self._next = 0
        self._works = False

    @property
    def lost(self) -> bool:
        """Whether the right to write is known to be lost. Waits for nothing."""
        return self._lease is None or self._lease.lost

    def read(self) -> StateAtRest:
        """What is there. Who holds the lease seals the journals of those who had it before. Raises DamagedError.

        Who does not hold it looks once, so that everything that is said of a stack is said of one moment.
        """
        if self._moment is None or self._lease is not None:
            self._seal_earlier()
            self._moment = self._consistent()
        return self._moment

    def _consistent(self) -> StateAtRest:
        """Somebody else's run may end meanwhile: what does not fit together is looked at again if anything changed."""
        while True:
            index = look(self._store, self._ref)
            try:
                rest = self._rest(index)
            except DamagedError:
                if look(self._store, self._ref) == index:
                    raise
            else:
                if not rest.is_foreign or look(self._store, self._ref) == index:
                    self._seen = rest.published
                    return rest

    def _rest(self, index: StateIndex) -> StateAtRest:
        journals = {number: self._get(record_name(number, 0)) for number, each in index.journals.items() if 0 in each}
        folded = self._get(state_name(index.state)) if index.state else None
        journal = self._newest_journal(index, journals)
        where, copy = self._copy.look()
        ours = self._place("")
        unfinished = bool(index.journals) or (self._lock is not None and self._lock.was_left)
        if _HANDED_OVER in journal:
            return StateAtRest(where, ours, copy, copy, is_unfinished=unfinished)
        is_known = copy in (None, folded) or not (folded or journals) or self._wrote(copy, index, journals)
        return StateAtRest(where, ours, copy, folded, journal, not is_known, unfinished)

    def _wrote(self, copy: bytes | None, index: StateIndex, journals: Mapping[int, bytes]) -> bool:
        """Whether a published copy is what a run of ours began with, or left and then was not the last one."""
        begun_with = [_copy_digest(first, self._place(record_name(number, 0))) for number, first in journals.items()]
        older = (self._store.get(self._folder + state_name(number)) for number in index.states)
        return digest(copy or b"") in begun_with or any(data == copy for data in older)

    def begin(self, opening: bytes) -> None:
        """Begin a journal with ``opening``: everything that is needed to go on should this run die.

        The state must have been read. Raises BusyError if somebody's plain ``pulumi`` changes it, or did since then.
        """
        lease, lock = self._held()
        lease.check()
        lock.take()
        if self._copy.look()[1] != self._seen:
            lock.release()
            lease.check()  # else it was not a plain one
            what = "somebody's plain pulumi has changed this stack in the meantime"
            raise BusyError(what, where=str(self._ref), hint="run the command again to see what would change now")
        copy = "" if self._seen is None else digest(self._seen)
        self._append(b'{"version":1,"published":"%s"}\n%s' % (copy.encode(), opening))
        self._works = True

    def working(self, pid: int) -> None:
        """Let be known that the process ``pid`` of this host does the work: who takes over waits for its end."""
        if self._works:  # before and after that there is nothing to take over
            self._held()[1].hold(pid)

    def append(self, record: bytes) -> None:
        """Write the next record of the journal; it is durable when this returns."""
        if self.lost:
            raise self._lost_error()
        self._append(record)

    def hand_over(self, state: bytes) -> None:
        """Let Pulumi itself write the published copy, which is the truth from now on and begins as ``state``."""
        lease, lock = self._held()
        lease.check()
        self._append(_HANDED_OVER)
        self._copy.write(state)
        self._works = False
        lock.release()

    def fold(self, state: bytes) -> None:
        """End the run: ``state`` is the truth from now on, is published, and what it replaces is removed."""
        lease, lock = self._held()
        lease.check()
        if not self._store.put_new(self._folder + state_name(lease.number), state):
            raise self._lost_error()
        lease.check()
        if state != self._copy.look()[1]:
            self._copy.write(state)
        index = look(self._store, self._ref)
        if index.state > lease.number:  # who took over since the last look has ended: its state is the truth
            self._copy.write(self._get(state_name(index.state)))
        self._remove_superfluous(index, lease.number)
        lock.release()

    def discard(self) -> None:
        """End a run that did nothing: everything is as it was before :meth:`begin`."""
        lease, lock = self._held()
        lease.check()
        self._remove_journal(lease.number, range(self._next))
        lock.release()

    def _append(self, record: bytes) -> None:
        lease, _ = self._held()
        if not self._store.put_new(self._folder + record_name(lease.number, self._next), record):
            raise self._lost_error()
        self._next += 1
        lease.check()  # whoever took over and has ended since removed the journal, and with it the seal

    def _seal_earlier(self) -> None:
        if self._lease is not None:
            for number, records in look(self._store, self._ref).journals.items():
                if number < self._lease.number:
                    self._seal(number, max(records) + 1)

    def _seal(self, number: int, record: int) -> None:
        """Make sure that nobody can add to a journal: the number of its next record is taken."""
        newest = self._store.get(self._folder + record_name(number, record - 1))
        while newest is not None and not newest.startswith(_SEAL):
            newest = b'{"sealed":%d}' % self._held()[0].number
            if not self._store.put_new(self._folder + record_name(number, record), newest):
                newest = self._store.get(self._folder + record_name(number, record))
                record += 1

    def _newest_journal(self, index: StateIndex, journals: Mapping[int, bytes]) -> tuple[bytes, ...]:
        """The records of the journal that is the truth; none if a state is."""
        number = max(journals, default=0)
        if number <= index.state:
            return ()
        first, *others = sorted(index.journals[number])
        for expected, record in enumerate(others, start=first + 1):
            if record != expected:
                raise self._damaged(record_name(number, expected))
        batches = self._get_all(record_name(number, record) for record in others)
        return journals[number].partition(b"\n")[2], *(each for each in batches if not each.startswith(_SEAL))

    def _get_all(self, names: Iterable[str]) -> Iterator[bytes]:
        with ThreadPoolExecutor(_AT_ONCE, "journal") as readers:
            yield from readers.map(self._get, names)

    def _get(self, name: str) -> bytes:
        data = self._store.get(self._folder + name)
        if data is None:
            raise self._damaged(name)
        return data

    def _damaged(self, name: str) -> DamagedError:
        return DamagedError(
            "a part of the stack's state is missing",
            where=self._place(name),
            hint="nothing was changed; restore this file from a copy of the backend",
        )

    def _place(self, name: str) -> str:
        return self._store.place(self._folder + name)

    def _remove_superfluous(self, index: StateIndex, number: int) -> None:
        for journal, records in index.journals.items():
            if journal <= number:
                self._remove_journal(journal, records)
        self._store.delete(*(self._folder + state_name(state) for state in sorted(index.states)[:-_KEPT]))

    def _remove_journal(self, number: int, records: Iterable[int]) -> None:
        """The first record goes first: without it the others are no journal."""
        keys = [self._folder + record_name(number, record) for record in sorted(records)]
        self._store.delete(*keys[:1])
        self._store.delete(*keys[1:])

    def _held(self) -> tuple[Lease, PulumiLock]:
        assert self._lease is not None and self._lock is not None, "only who holds the lease writes"
        return self._lease, self._lock

    def _lost_error(self) -> BusyError:
        hint = "nothing more was recorded; see `kusion release show`, then run again"
        return BusyError("this run has lost the stack: somebody else has taken it", where=str(self._ref), hint=hint)


class States:
    """The states in a store; ``end`` ends an orphan of a run that was killed, and what it started."""

    def __init__(
        self,
        store: Store,
        clock: Clock | None = None,
        processes: Processes | None = None,
        end: Callable[[int], None] = end_group,
    ) -> None:
        self._store = store
        self._end = end
        self._clock = clock or SystemClock()
        self._processes = processes or LocalProcesses()

    def seen(self, ref: StackRef) -> StackState:
        """The state of a stack, to be read only."""
        return StackState(self._store, ref)

    def held(self, lease: Lease, actor: Actor) -> StackState:
        """The state of the stack that ``lease`` is about, to be written by ``actor``."""
        lock = PulumiLock(self._store, lease.ref, lease.number, actor, self._clock, self._processes, self._end)
        return StackState(self._store, lease.ref, lease, lock)


def _copy_digest(first: bytes, where: str) -> str:
    """The digest of the published copy as the first record of a journal has it."""
    document = decode(first.partition(b"\n")[0], where)
    check_format(document, where, _FORMAT)
    return str(document["published"])
