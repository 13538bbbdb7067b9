"""Where Pulumi itself keeps a stack in a backend, and how we keep out of each other's way.

::

    .pulumi/meta.yaml                                             says that stacks belong to projects
    .pulumi/stacks/<project>/<stack>.<workspace>.json             the published copy of the state; .json.gz if it was
    .pulumi/locks/organization/<project>/<stack>.<workspace>/     one file for each process that changes the stack

https://github.com/pulumi/pulumi/tree/master/pkg/backend/diy (store.go, lock.go). A plain ``pulumi`` waits for nobody:
it lists the locks, writes its own, lists again, and gives up if there is another one.
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from kusion_dsl.errors import BusyError, DamagedError, StorageError
from kusion_dsl.model.identity import Actor, StackRef
from kusion_dsl.storage.clock import Clock, timestamp
from kusion_dsl.storage.processes import Processes
from kusion_dsl.storage.store import Store

_META = ".pulumi/meta.yaml"
_OURS = "kusion-"
_PATIENCE = 10.0
"""Seconds that the CLI of a run that was killed is given to end by itself. It was asked to when its parent died, and
begins nothing any more; but it repeats each call to us for 7 s."""


class Published:
    """The copy of a stack's state where a plain ``pulumi`` looks for it. Every method raises StorageError."""

    def __init__(self, store: Store, ref: StackRef) -> None:
        self._store = store
        self._plain = f".pulumi/stacks/{ref.project}/{ref.pulumi_stack}.json"

    def look(self) -> tuple[str, bytes | None]:
        """Its place, for people, and its content, decompressed; None if there is none. Raises DamagedError."""
        key = self._existing() or self._plain
        data, where = self._store.get(key), self._store.place(key)
        if data is None or not key.endswith(".gz"):
            return where, data
        try:
            return where, gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            hint = "nothing was changed; restore it from the .bak file beside it or from .pulumi/backups"
            raise DamagedError(f"Pulumi's state of the stack is damaged: {error}", where=where, hint=hint) from None

    def write(self, data: bytes) -> None:
        """Replace it, in the form it has."""
        self._store.put_new(_META, b"version: 1\n")
        key = self._existing() or self._plain
        self._store.put(key, gzip.compress(data, mtime=0) if key.endswith(".gz") else data)

    def _existing(self) -> str:
        keys = self._store.list(self._plain)
        if f"{self._plain}.zst" in keys:
            raise StorageError(
                "the state is compressed with zstd, which is not supported",
                where=self._store.place(f"{self._plain}.zst"),
                hint="run `pulumi refresh` once without PULUMI_DIY_BACKEND_ZSTD",
            )
        return next((key for key in (self._plain, f"{self._plain}.gz") if key in keys), "")


class PulumiLock:
    """Pulumi's lock of a stack, held so that a plain ``pulumi`` keeps off while the published copy is old.

    ``number`` is that of our lease, which is what decides between runs of ours: who has it removes the locks that
    earlier ones left. ``end`` ends a process of this host, and what it started.
    """

    def __init__(
        self,
        store: Store,
        ref: StackRef,
        number: int,
        actor: Actor,
        clock: Clock,
        processes: Processes,
        end: Callable[[int], None],
    ) -> None:
        self._store = store
        self._ref = ref
        self._folder = f".pulumi/locks/organization/{ref.project}/{ref.pulumi_stack}/"
        self._key = f"{self._folder}{_OURS}{number:08d}.json"
        self._actor = actor
        self._clock = clock
        self._processes = processes
        self._end = end

    @property
    def was_left(self) -> bool:
        """Whether an earlier run of ours left its lock."""
        return any(self._earlier())

    def take(self) -> None:
        """Take the lock. Raises BusyError, which says who has it; then it is not held.

        Should the CLI of an earlier run of ours that was killed still be there, it is waited for, and then ended.
        """
        self._end_earlier()
        self._refuse_others()
        self.hold(self._actor.pid)
        try:
            self._refuse_others()
        except BusyError:
            self.release()
            raise
        for key in self._earlier():
            self._store.delete(key)

    def hold(self, pid: int) -> None:
        """Let it say that the process ``pid`` of this host does the work."""
        document = {
            "pid": pid,
            "username": self._actor.user,
            "hostname": self._actor.host,
            "timestamp": timestamp(self._clock.now()),
            "machine": self._processes.machine,
            "started": self._processes.started(pid),
        }
        self._store.put(self._key, json.dumps(document).encode())

    def release(self) -> None:
        """Give the lock back."""
        self._store.delete(self._key)

    def _earlier(self) -> Iterator[str]:
        keys = self._store.list(f"{self._folder}{_OURS}")
        return (key for key in keys if key != self._key)

    def _end_earlier(self) -> None:
        for key in self._earlier():
            lock = self._read(key)
            if lock and not self._ends(lock):
                self._end(lock["pid"])
                if not self._ends(lock):
                    what = f"the Pulumi of a run that died still works on this stack (process {lock['pid']})"
                    raise BusyError(what, where=str(self._ref), hint="it could not be ended; end it, then run again")

    def _ends(self, lock: dict[str, Any]) -> bool:
        """Whether the process that a lock of ours names is gone within a while.

        One of another machine counts as gone, and so does this one: what it did before has ended.
        """
        if lock["pid"] == self._actor.pid:
            return True
        until = self._clock.monotonic() + _PATIENCE
        machine = self._processes.machine
        while machine and lock.get("machine") == machine and self._runs(lock):
            if self._clock.monotonic() >= until:
                return False
            self._clock.sleep(0.1)
        return True

    def _runs(self, lock: dict[str, Any]) -> bool:
        return self._processes.is_running(lock["pid"], str(lock.get("started", "")))

    def _refuse_others(self) -> None:
        holders = []
        for key in self._store.list(self._folder):
            if key.startswith(f"{self._folder}{_OURS}"):
                continue
            holder = self._holder(key)
            holders += [holder] if holder else []
        if holders:
            raise BusyError(
                f"another run of Pulumi works on this stack: {', '.join(holders)}",
                where=str(self._ref),
                hint="wait for its end; if there is none any more, run `pulumi cancel` in the environment that "
                "`kusion engine env` prints",
            )

    def _holder(self, key: str) -> str:
        """Who has a lock, for people. One of a process of this host that is gone is removed, and so is what is no lock
        because the disk was full while it was written: Pulumi would fail to read it."""
        if not key.endswith(".json"):
            if key.endswith(".tmp"):
                self._store.delete(key)
            return ""
        lock = self._read(key)
        if lock is None:
            return ""
        if not lock:
            return f"the lock {self._store.place(key)}, which cannot be read"
        if lock["hostname"] == self._actor.host and not self._runs(lock):
            self._store.delete(key)
            return ""
        return f"{lock['username']}@{lock['hostname']} (process {lock['pid']}) since {lock['timestamp']}"

    def _read(self, key: str) -> dict[str, Any] | None:
        """A lock; None if it is gone, empty if it cannot be read."""
        data = self._store.get(key)
        if data is None:
            return None
        try:
            document = json.loads(data)
            complete = isinstance(document["pid"], int) and {"username", "hostname", "timestamp"} <= document.keys()
        except (ValueError, KeyError, TypeError, AttributeError):
            return {}
        return document if complete else {}


def end_group(pid: int) -> None:
    """Kill a process that leads a group, and the group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
