"""Hosts that share a backend, with clocks of their own, and the processes that run there, one inside the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from pathlib import Path

from kusion_dsl.model.identity import Actor, Revision, StackRef
from kusion_dsl.operations.host import Host
from kusion_dsl.storage.file import FileStore
from kusion_dsl.storage.home import Home
from kusion_dsl.storage.leases import Lease, Leases
from kusion_dsl.storage.states import States
from kusion_dsl.storage.store import Store
from tests.crash.cloud import Cloud
from tests.crash.disk_engine import DiskEngine
from tests.crash.mortal import Moments, MortalCloud, MortalDisk, Platter

TIME_TO_LIVE = 3600.0
"""Seconds. So long that no heartbeat of ours comes by itself within a test."""

_BEGIN = datetime(2026, 11, 21, tzinfo=UTC)
_pids = count(1)


class World:
    """Time, the shared disk, the cloud, and the processes that run."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.home.mkdir(parents=True)
        self.clouds = root / "clouds"
        self.platter = Platter(self.home)
        self.seconds = 0.0
        self.running: list[Process] = []

    def pass_time(self, seconds: float) -> None:
        """Let time pass for all; who is awake shows that it lives."""
        self.seconds += seconds
        for process in self.running:
            if not process.station.asleep and process.lease is not None and not process.lease.lost:
                process.lease.renew()


@dataclass
class Station:
    """A host: a clock, whose time of day is ``ahead`` by seconds, and the processes that it knows of.

    While it is ``asleep`` its processes do nothing and its clock stands still, as that of a virtual machine does.
    """

    world: World
    machine: str
    ahead: float = 0.0
    asleep: bool = False
    _slept: float = 0.0
    _since: float = 0.0

    def monotonic(self) -> float:
        return (self._since if self.asleep else self.world.seconds) - self._slept

    def now(self) -> datetime:
        return _BEGIN + timedelta(seconds=self.world.seconds + self.ahead)

    def sleep(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    def fall_asleep(self) -> None:
        """Stand still."""
        self.asleep, self._since = True, self.world.seconds

    def wake_up(self) -> None:
        """Go on where it stood still."""
        self._slept += self.world.seconds - self._since
        self.asleep = False

    def started(self, pid: int) -> str:
        return f"start of {pid}"

    def is_running(self, pid: int, started: str) -> bool:
        return any(process.pid == pid and process.station is self for process in self.world.running)


class _WatchedLeases(Leases):
    """Leases of a process, which is told of the one it gets."""

    def __init__(self, store: Store, process: Process) -> None:
        super().__init__(store, process.station, process.station, TIME_TO_LIVE)
        self._process = process

    def acquire(self, ref: StackRef, actor: Actor, purpose: str) -> Lease:
        self._process.lease = super().acquire(ref, actor, purpose)
        return self._process.lease


class _MortalEngine(DiskEngine):
    def __init__(self, process: Process) -> None:
        super().__init__(process.station.world.clouds, frozenset(("ConfigMap",)))
        self._moments = process.moments

    def cloud(self, target: str) -> Cloud:
        return MortalCloud(super().cloud(target).directory, self._moments)


@dataclass(frozen=True)
class _ProcessHost(Host):
    process: Process = field(kw_only=True)

    @cached_property
    def store(self) -> Store:
        return FileStore(self.home.path / "backend", disk=self.process.disk)

    @property
    def leases(self) -> Leases:
        return _WatchedLeases(self.store, self.process)

    @property
    def states(self) -> States:
        return States(self.store, self.clock, self.process.station, _end_nobody)

    def revision_of(self, directory: Path) -> Revision:
        return Revision("here")


class Process:
    """A process on a station: a context, within which it runs."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self.pid = next(_pids)
        self.moments = Moments()
        self.disk = MortalDisk(station.world.platter, self.moments)
        self.lease: Lease | None = None

    def host(self) -> Host:
        """What the operations need."""
        world = self.station.world
        actor = Actor("ada", self.station.machine, self.pid)
        engine = _MortalEngine(self)
        return _ProcessHost(Home(world.home, self.disk), {}, actor, self.station, lambda: engine, process=self)

    def __enter__(self) -> Callable[[], Host]:
        self.station.world.running.append(self)
        return self.host

    def __exit__(self, *_: object) -> None:
        self.station.world.running.remove(self)


def _end_nobody(pid: int) -> None:
    raise AssertionError(f"there is no orphan to be ended: {pid}")
