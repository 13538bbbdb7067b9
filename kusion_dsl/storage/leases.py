"""Leases: at most one run at a time works on a stack.

::

    .kusion/v1/leases/<project>/<workspace>/<stack>/00000012.json                who holds it
    .kusion/v1/leases/<project>/<workspace>/<stack>/00000012.<k>.json            its k-th renewal
    .kusion/v1/leases/<project>/<workspace>/<stack>/00000012.<k>-released.json   its end

The highest number is the lease, and the fencing token. A number is taken by put-if-absent and the highest is never
removed, so numbers only grow, and whoever sees a higher one than its own has lost. No lock ever has to be taken away
by hand: the lease of a process of this host that is gone is free at once; any other one when an observer has seen no
renewal for the whole time to live by its own monotonic clock. The times of day of two hosts are compared only to
decide whether observing is worth while.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from kusion_dsl.errors import BusyError, DamagedError, StorageError
from kusion_dsl.model.identity import Actor, StackRef
from kusion_dsl.model.release import check_format
from kusion_dsl.storage.clock import Clock, SystemClock, timestamp
from kusion_dsl.storage.keys import stack_folder
from kusion_dsl.storage.processes import LocalProcesses, Processes
from kusion_dsl.storage.records import decode, encode
from kusion_dsl.storage.state_names import look
from kusion_dsl.storage.store import Store

ROOT = ".kusion/v1/leases/"
_FORMAT = 1
TIME_TO_LIVE = 30.0
"""Seconds without a renewal after which the lease of a process of another host is free."""

_NAME = re.compile(r"(?P<number>[0-9]{8,})(?:\.(?P<renewal>[1-9][0-9]*)(?P<released>-released)?)?\.json")


@dataclass(frozen=True)
class Holder:
    """Who holds a lease, what for, and since when (RFC 3339).

    ``machine`` and ``started`` tell its process from all others (see :class:`~kusion_dsl.storage.processes.Processes`).
    """

    number: int
    actor: Actor
    purpose: str
    since: str
    machine: str
    started: str

    def __str__(self) -> str:
        return f"{self.actor} (process {self.actor.pid} on {self.actor.host})"

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        return {
            "version": _FORMAT,
            "number": self.number,
            "actor": self.actor.to_json(),
            "purpose": self.purpose,
            "since": self.since,
            "machine": self.machine,
            "started": self.started,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Holder:
        """The inverse of :meth:`to_json`. Raises KeyError, TypeError."""
        return cls(
            number=document["number"],
            actor=Actor.from_json(document["actor"]),
            purpose=document["purpose"],
            since=document["since"],
            machine=document["machine"],
            started=document["started"],
        )


@dataclass(frozen=True)
class _Seen:
    """What lies there of the lease with the highest number; ``holder`` is None if it is free."""

    number: int
    renewal: int
    holder: Holder | None


class _Files:
    """The files of one stack's leases."""

    def __init__(self, store: Store, ref: StackRef) -> None:
        self.ref = ref
        self._store = store
        self._folder = stack_folder(ROOT, ref)

    def look(self) -> _Seen | None:
        """The newest lease; None if there never was one."""
        matches = self._matches()
        if not matches:
            return None
        number = max(int(match["number"]) for match in matches)
        own = [match for match in matches if int(match["number"]) == number]
        renewal = max(int(match["renewal"] or 0) for match in own)
        released = any(match["released"] for match in own)
        return _Seen(number, renewal, None if released else self._holder(number))

    def highest(self) -> int:
        """The newest lease's number, 0 if there is none."""
        return max((int(match["number"]) for match in self._matches()), default=0)

    def write(self, number: int, document: Mapping[str, Any], suffix: str = "") -> bool:
        """Write a file that is not there yet; whether it was not."""
        return self._store.put_new(self._key(number, suffix), encode(dict(document)))

    def remove(self, number: int, suffix: str = "") -> None:
        """Remove a file."""
        self._store.delete(self._key(number, suffix))

    def remove_older(self, number: int) -> None:
        """Remove all files of the leases before ``number``."""
        for match in self._matches():
            if int(match["number"]) < number:
                self._store.delete(self._folder + match[0])

    def last_renewed(self, seen: _Seen) -> datetime | None:
        """When the holder last wrote, by its own clock; None if it is writing just now."""
        suffix = f".{seen.renewal}" if seen.renewal else ""
        document = self._read(seen.number, suffix)
        if document is None:
            return None
        try:
            return datetime.fromisoformat(document["at"] if suffix else document["since"]).astimezone(UTC)
        except (KeyError, TypeError, ValueError) as error:
            raise self._damaged(seen.number, suffix, repr(error)) from None

    def _holder(self, number: int) -> Holder | None:
        document = self._read(number, "")
        if document is None:
            return None  # somebody with a higher number removed it since it was listed; taking the next one will tell
        try:
            return Holder.from_json(document)
        except (KeyError, TypeError) as error:
            raise self._damaged(number, "", repr(error)) from None

    def _read(self, number: int, suffix: str) -> Any:
        key = self._key(number, suffix)
        data, where = self._store.get(key), self._store.place(key)
        if data is None:
            return None
        try:
            document = decode(data, where)
            check_format(document, where, _FORMAT)
        except DamagedError as error:
            raise self._damaged(number, suffix, error.problems[0].what) from None
        return document

    def _damaged(self, number: int, suffix: str, why: str) -> DamagedError:
        return DamagedError(
            f"the lease cannot be read: {why}",
            where=self._store.place(self._key(number, suffix)),
            hint="make sure that nobody works on this stack, then remove this file",
        )

    def _matches(self) -> list[re.Match[str]]:
        names = (key.removeprefix(self._folder) for key in self._store.list(self._folder))
        return [match for match in map(_NAME.fullmatch, names) if match]

    def _key(self, number: int, suffix: str) -> str:
        return f"{self._folder}{number:08d}{suffix}.json"


class Leases:
    """The leases in a store. Every method raises StorageError when the store cannot be used.

    ``waiting``, if there is one, is told, once, what is waited for and how long at most.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock | None = None,
        processes: Processes | None = None,
        time_to_live: float = TIME_TO_LIVE,
        waiting: Callable[[str], None] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        self._processes = processes or LocalProcesses()
        self._time_to_live = time_to_live
        self._waiting = waiting

    def acquire(self, ref: StackRef, actor: Actor, purpose: str) -> Lease:
        """Take the lease of a stack for the process of ``actor``; ``purpose`` says what for: ``kusion apply``.

        Where all leases were removed by hand, numbers go on from those of the stack's states. Raises BusyError, which
        says who holds it, if somebody does; then nothing was written. Waits for at most the
        time to live, and only where a holder on another host seems to be gone.
        """
        files = _Files(self._store, ref)
        while True:
            seen = files.look()
            if seen is not None and seen.holder is not None and not self._is_gone(files, seen, seen.holder):
                raise self._busy(ref, seen.holder)
            lease = self._take(files, seen.number + 1 if seen else look(self._store, ref).highest + 1, actor, purpose)
            if lease is not None:
                return lease

    def holder(self, ref: StackRef) -> Holder | None:
        """Who holds the lease of a stack, as far as can be told without waiting; None if it is free."""
        seen = _Files(self._store, ref).look()
        if seen is None or seen.holder is None or self._is_known_gone(seen.holder):
            return None
        return seen.holder

    def _take(self, files: _Files, number: int, actor: Actor, purpose: str) -> Lease | None:
        moment = self._clock.monotonic()
        holder = Holder(
            number=number,
            actor=actor,
            purpose=purpose,
            since=timestamp(self._clock.now()),
            machine=self._processes.machine,
            started=self._processes.started(actor.pid),
        )
        if not files.write(number, holder.to_json()):
            return None
        if files.highest() > number:
            # while we looked, somebody took this number and gave it back, and somebody else removed it with a higher one
            files.remove(number)
            return None
        files.remove_older(number)
        return Lease(files, holder, self._clock, self._time_to_live, moment)

    def _is_local(self, holder: Holder) -> bool:
        return bool(holder.machine) and holder.machine == self._processes.machine

    def _is_known_gone(self, holder: Holder) -> bool:
        return self._is_local(holder) and not self._processes.is_running(holder.actor.pid, holder.started)

    def _is_gone(self, files: _Files, seen: _Seen, holder: Holder) -> bool:
        if self._is_local(holder):
            return self._is_known_gone(holder)
        renewed = files.last_renewed(seen)
        if renewed is None or 0 <= (self._clock.now() - renewed).total_seconds() < self._time_to_live:
            return False
        if self._waiting is not None:
            self._waiting(f"{holder} holds this stack and seems to be gone; watching for {self._time_to_live:.0f} s")
        return self._stays_silent(files, seen)

    def _stays_silent(self, files: _Files, seen: _Seen) -> bool:
        """Watch a lease for its time to live: whether it ended, or nothing was written to it."""
        begun = self._clock.monotonic()
        while self._clock.monotonic() - begun < self._time_to_live:
            self._clock.sleep(self._time_to_live / 10)
            now = files.look()
            if now is None or now.number != seen.number or now.holder is None:
                return True  # it has ended; whether another one has begun, taking it will tell
            if now.renewal != seen.renewal:
                return False
        return True

    def _busy(self, ref: StackRef, holder: Holder) -> BusyError:
        hint = "wait until it has ended; nothing was changed"
        if not self._is_local(holder):
            seconds = round(self._time_to_live)
            hint += f"; should that process be gone, the stack is free {seconds} s after its last sign of life"
        return BusyError(
            f"{holder} holds this stack since {holder.since}, for `{holder.purpose}`", where=str(ref), hint=hint
        )


class Lease:
    """The right to work on a stack, for as long as it is renewed.

    As a context manager it renews itself in the background, and is released at the end. It is lost when somebody else
    has taken the stack, or could have, because it was not renewed in time.
    """

    def __init__(self, files: _Files, holder: Holder, clock: Clock, time_to_live: float, renewed: float) -> None:
        self._files = files
        self._holder = holder
        self._clock = clock
        self._time_to_live = time_to_live
        self._renewed = renewed
        self._renewal = 0
        self._lost = ""
        self._trouble = ""
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._heartbeat = threading.Thread(target=self._beat, name=f"lease {holder.number}", daemon=True)

    @property
    def ref(self) -> StackRef:
        """The stack."""
        return self._files.ref

    @property
    def number(self) -> int:
        """The fencing token: that of a later lease is higher."""
        return self._holder.number

    @property
    def lost(self) -> bool:
        """Whether it is known to be lost, or was given back. Waits for nothing, so it can be asked at any time."""
        return bool(self._lost) or self._overdue()

    def _overdue(self) -> bool:
        return self._clock.monotonic() - self._renewed >= self._time_to_live * 2 / 3

    def check(self) -> None:
        """Raise BusyError if the lease is lost: to be called before anything is written that others rely on."""
        with self._lock:
            if not self._lost and self._overdue():
                self._lost = f"it could not be renewed in time{self._trouble}"
            if not self._lost and self._files.highest() != self.number:
                self._lost = "somebody else has taken it"
            if self._lost:
                raise BusyError(
                    f"this run has lost the stack: {self._lost}",
                    where=str(self.ref),
                    hint="nothing more was recorded; see `kusion release show`, then run again",
                )

    def renew(self) -> None:
        """Show that the holder lives. Raises BusyError if the lease is lost, StorageError if that failed for now."""
        with self._lock:
            self.check()
            moment = self._clock.monotonic()
            self._renewal += 1  # a number whose writing failed is not tried again: it may have been written
            document = {"version": _FORMAT, "at": timestamp(self._clock.now())}
            try:
                self._files.write(self.number, document, f".{self._renewal}")
            except StorageError as error:  # the next renewal may succeed; if none does in time, the lease is lost
                self._trouble = f" ({error.problems[0].what})"
                raise
            self._renewed = moment
            if self._renewal > 1:
                self._files.remove(self.number, f".{self._renewal - 1}")

    def release(self) -> None:
        """Give the lease back; one that is lost, or given back already, stays as it is."""
        self._stop()
        with self._lock:
            if self.lost:
                return
            document = {"version": _FORMAT, "at": timestamp(self._clock.now())}
            self._files.write(self.number, document, f".{self._renewal + 1}-released")
            self._lost = "it was given back"

    def __enter__(self) -> Self:
        self._heartbeat.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.release()
        except StorageError:
            if error is None:
                raise
            # what went wrong first is told; a lease that is not given back ends by itself

    def _stop(self) -> None:
        self._stopping.set()
        if self._heartbeat.is_alive():
            self._heartbeat.join()

    def _beat(self) -> None:
        while not self._stopping.wait(self._time_to_live / 6):
            try:
                self.renew()
            except BusyError:
                return  # `lost` tells
            except StorageError:
                continue  # it is remembered, and told if it lasts
