"""Leases: one holder at a time, and none has to be removed by hand."""

from __future__ import annotations

import errno
import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kusion_dsl.errors import BusyError, DamagedError, EngineError, NewerFormatError, StorageError
from kusion_dsl.model.identity import Actor, StackRef
from kusion_dsl.storage.disk import Disk
from kusion_dsl.storage.file import FileStore
from kusion_dsl.storage.leases import TIME_TO_LIVE, Lease, Leases

DEV = StackRef("shop", "dev", "default")
PROD = StackRef("shop", "prod", "default")
FOLDER = ".kusion/v1/leases/shop/default/dev"
TOLD = "somebody else has taken it"


class FakeClock:
    """Time that passes only when told; while it sleeps, ``meanwhile`` happens."""

    def __init__(self, ahead: float = 0) -> None:
        self.seconds = 0.0
        self.ahead = timedelta(seconds=ahead)
        self.meanwhile: Callable[[], object] = lambda: None

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC) + timedelta(seconds=self.seconds) + self.ahead

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.meanwhile()


class FakeProcesses:
    """The processes of a host that ``machine`` names: process id to start time."""

    def __init__(self, machine: str, **running: str) -> None:
        self.machine = machine
        self.running = {int(pid.removeprefix("p")): started for pid, started in running.items()}

    def started(self, pid: int) -> str:
        return self.running.get(pid, "")

    def is_running(self, pid: int, started: str) -> bool:
        return self.running.get(pid) == started


class Host:
    """A host from which processes take leases."""

    def __init__(self, root: Path, name: str, clock: FakeClock, disk: Disk | None = None) -> None:
        self.name = name
        self.clock = clock
        self.processes = FakeProcesses(name, p1="100", p2="200", p3="300")
        self.told: list[str] = []
        self.leases = Leases(FileStore(root, disk=disk), clock, self.processes, waiting=self.told.append)

    def acquire(self, pid: int = 1, purpose: str = "kusion apply", ref: StackRef = DEV) -> Lease:
        return self.leases.acquire(ref, Actor("ada", self.name, pid), purpose)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def laptop(tmp_path: Path, clock: FakeClock) -> Host:
    return Host(tmp_path, "laptop", clock)


@pytest.fixture
def runner(tmp_path: Path, clock: FakeClock) -> Host:
    return Host(tmp_path, "runner", clock)


def files(root: Path) -> list[str]:
    return sorted(path.name for path in (root / FOLDER).iterdir())


def test_a_free_stack_has_no_holder(laptop: Host, tmp_path: Path) -> None:
    assert laptop.leases.holder(DEV) is None
    assert list(tmp_path.iterdir()) == []


def test_a_lease_says_who_holds_it_since_when_and_what_for(laptop: Host) -> None:
    lease = laptop.acquire()
    holder = laptop.leases.holder(DEV)
    assert holder is not None
    assert (holder.actor, holder.purpose, holder.since) == (
        Actor("ada", "laptop", 1), "kusion apply", "2026-11-20T10:00:00Z",
    )  # fmt: skip
    assert (lease.ref, lease.number, holder.number) == (DEV, 1, 1)


def test_who_comes_second_is_told_and_writes_nothing(laptop: Host, tmp_path: Path) -> None:
    laptop.acquire(1)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(BusyError) as raised:
        laptop.acquire(2)
    assert str(raised.value) == (
        "shop/dev in workspace default: ada@laptop (process 1 on laptop) holds this stack"
        " since 2026-11-20T10:00:00Z, for `kusion apply`\n  wait until it has ended; nothing was changed"
    )
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_other_stacks_have_leases_of_their_own(laptop: Host) -> None:
    laptop.acquire()
    assert laptop.acquire(2, ref=PROD).number == 1
    assert laptop.acquire(2, ref=StackRef("shop", "dev", "other")).number == 1


def test_a_lease_that_was_given_back_is_free_and_its_number_is_not_used_again(laptop: Host) -> None:
    first = laptop.acquire()
    first.release()
    assert laptop.leases.holder(DEV) is None
    second = laptop.acquire(2)
    assert second.number == 2
    first.release()  # again, too late: it takes nothing from the second one
    holder = laptop.leases.holder(DEV)
    assert holder is not None
    assert holder.number == 2


def test_a_lease_that_was_given_back_is_no_right_any_more(laptop: Host) -> None:
    lease = laptop.acquire()
    lease.release()
    with pytest.raises(BusyError, match="it was given back"):
        lease.check()


def test_the_directory_does_not_grow(laptop: Host, tmp_path: Path) -> None:
    for _ in range(5):
        lease = laptop.acquire()
        for _ in range(5):
            lease.renew()
        lease.release()
    assert files(tmp_path) == ["00000005.5.json", "00000005.6-released.json", "00000005.json"]
    laptop.acquire()
    assert files(tmp_path) == ["00000006.json"]


def test_a_process_of_this_host_that_is_gone_holds_nothing(laptop: Host) -> None:
    lost = laptop.acquire(1)
    del laptop.processes.running[1]
    assert laptop.leases.holder(DEV) is None
    assert laptop.acquire(2).number == 2
    assert laptop.clock.seconds == 0
    with pytest.raises(BusyError, match=TOLD):
        lost.check()


def test_a_process_that_got_the_id_of_one_that_is_gone_is_not_taken_for_it(laptop: Host) -> None:
    laptop.acquire(1)
    laptop.processes.running[1] = "999"
    assert laptop.acquire(2).number == 2


def test_a_process_of_this_host_that_runs_holds_its_lease_however_long_it_is_silent(laptop: Host) -> None:
    laptop.acquire(1)
    laptop.clock.seconds += 100 * TIME_TO_LIVE
    with pytest.raises(BusyError):
        laptop.acquire(2)


def test_a_host_whose_machine_cannot_be_told_is_another_one(laptop: Host, tmp_path: Path, clock: FakeClock) -> None:
    nameless = Host(tmp_path, "", clock)
    nameless.acquire(1)
    nameless.processes.running.clear()
    with pytest.raises(BusyError):
        nameless.acquire(2)


def test_a_holder_on_another_host_that_has_just_written_is_believed_at_once(laptop: Host, runner: Host) -> None:
    runner.acquire(1)
    laptop.processes.running.clear()  # ids of another host mean nothing here
    with pytest.raises(BusyError) as raised:
        laptop.acquire(2)
    assert laptop.clock.seconds == 0 and laptop.told == []
    assert "ada@runner" in str(raised.value)
    assert "the stack is free 30 s after its last sign of life" in str(raised.value)


def test_a_holder_on_another_host_that_stays_silent_is_gone_after_its_time(laptop: Host, runner: Host) -> None:
    lost = runner.acquire(1)
    runner.clock.seconds += TIME_TO_LIVE
    begun = laptop.clock.seconds
    assert laptop.acquire(2).number == 2
    assert laptop.clock.seconds - begun >= TIME_TO_LIVE
    assert laptop.told == ["ada@runner (process 1 on runner) holds this stack and seems to be gone; watching for 30 s"]
    with pytest.raises(BusyError):
        lost.check()


def test_a_sign_of_life_while_watching_is_seen(laptop: Host, runner: Host) -> None:
    lease = runner.acquire(1)
    lease.renew()
    runner.clock.ahead -= timedelta(hours=1)  # so that its last sign of life looks old
    lease.renew()
    runner.clock.ahead += timedelta(hours=1)
    laptop.clock.meanwhile = lease.renew
    with pytest.raises(BusyError):
        laptop.acquire(2)
    assert laptop.clock.seconds < TIME_TO_LIVE
    lease.check()


def test_a_holder_that_ends_while_watched_leaves_the_stack_free(laptop: Host, runner: Host) -> None:
    lease = runner.acquire(1)
    laptop.clock.ahead = timedelta(hours=1)
    laptop.clock.meanwhile = lease.release
    assert laptop.acquire(2).number == 2
    assert laptop.clock.seconds < TIME_TO_LIVE


def test_who_takes_over_first_while_two_watch_is_believed(laptop: Host, runner: Host) -> None:
    runner.acquire(1)
    del runner.processes.running[1]
    laptop.clock.seconds += TIME_TO_LIVE
    taken: list[Lease] = []

    def take() -> None:
        if not taken:
            taken.append(runner.acquire(2, "kusion destroy"))

    laptop.clock.meanwhile = take
    with pytest.raises(BusyError, match=r"process 2 on runner.*kusion destroy"):
        laptop.acquire(2)


@pytest.mark.parametrize("ahead", [-86400.0, 86400.0])
def test_clocks_that_disagree_about_the_time_of_day_change_nothing(tmp_path: Path, ahead: float) -> None:
    runner, laptop = Host(tmp_path, "runner", FakeClock(ahead)), Host(tmp_path, "laptop", FakeClock())
    lease = runner.acquire(1)
    laptop.clock.meanwhile = lease.renew
    with pytest.raises(BusyError):
        laptop.acquire(2)
    laptop.clock.meanwhile = lambda: None
    assert laptop.acquire(2).number == 2
    with pytest.raises(BusyError, match=TOLD):
        lease.check()


def test_a_stale_view_cannot_bring_an_old_number_back(laptop: Host, tmp_path: Path, clock: FakeClock) -> None:
    """Between looking and writing, others took the number, gave it back, and took and removed further ones."""

    class Slow(Disk):
        def __init__(self) -> None:
            self.meanwhile: Callable[[], object] | None = None

        def create_file(self, path: Path) -> int:
            meanwhile, self.meanwhile = self.meanwhile, None
            if meanwhile:
                meanwhile()
            return super().create_file(path)

    def others() -> None:
        for _ in range(2):
            laptop.acquire(2).release()
        laptop.acquire(2)

    laptop.acquire(1).release()
    disk = Slow()
    slow = Host(tmp_path, "laptop", clock, disk)
    disk.meanwhile = others
    with pytest.raises(BusyError):
        slow.acquire(3)
    assert files(tmp_path) == ["00000004.json"]


def test_a_lease_that_was_not_renewed_in_time_is_lost_before_anybody_may_take_it(laptop: Host) -> None:
    lease = laptop.acquire()
    laptop.clock.seconds += TIME_TO_LIVE * 0.6
    lease.renew()
    laptop.clock.seconds += TIME_TO_LIVE * 0.7
    assert lease.lost
    for use in (lease.check, lease.renew):
        with pytest.raises(BusyError, match="it could not be renewed in time"):
            use()


def test_a_lost_lease_is_not_given_back(laptop: Host, tmp_path: Path) -> None:
    lease = laptop.acquire(1)
    del laptop.processes.running[1]
    laptop.acquire(2)
    with pytest.raises(BusyError):
        lease.renew()
    lease.release()
    assert files(tmp_path) == ["00000002.json"]


def test_it_renews_itself_while_it_is_held(tmp_path: Path) -> None:
    leases = Leases(FileStore(tmp_path), time_to_live=3.0)
    with leases.acquire(DEV, Actor("ada", "laptop", 1), "kusion apply") as lease:
        while "00000001.2.json" not in files(tmp_path):  # every half second; the test's time-out ends what never comes
            assert not lease.lost
            time.sleep(0.05)
        lease.check()
    assert any(name.endswith("-released.json") for name in files(tmp_path))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lease")]


def test_it_is_given_back_when_the_run_fails(laptop: Host) -> None:
    with pytest.raises(ValueError, match="invalid literal"), laptop.acquire():
        int("no number")
    assert laptop.leases.holder(DEV) is None


def test_a_disk_that_is_full_for_a_moment_does_not_lose_it_one_that_stays_full_does(
    tmp_path: Path, clock: FakeClock
) -> None:
    class Filling(Disk):
        full = False

        def write(self, descriptor: int, data: bytes) -> None:
            if self.full:
                raise OSError(errno.ENOSPC, "No space left on device")
            super().write(descriptor, data)

    disk = Filling()
    lease = Host(tmp_path, "laptop", clock, disk).acquire()
    disk.full = True
    clock.sleep(TIME_TO_LIVE / 3)
    with pytest.raises(StorageError, match="no space left"):
        lease.renew()
    disk.full = False
    lease.renew()
    clock.sleep(TIME_TO_LIVE / 2)
    lease.check()

    disk.full = True
    with pytest.raises(StorageError, match="no space left"):
        lease.renew()
    clock.sleep(TIME_TO_LIVE / 6)
    assert lease.lost
    with pytest.raises(BusyError, match=r"not be renewed in time \(cannot be written: no space left"):
        lease.check()


def test_a_lease_that_cannot_be_written_is_not_held(tmp_path: Path, clock: FakeClock) -> None:
    class Full(Disk):
        def write(self, descriptor: int, data: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match="no space left"):
        Host(tmp_path, "laptop", clock, Full()).acquire()
    assert Host(tmp_path, "laptop", clock).acquire(2).number == 1


def test_what_went_wrong_first_is_told_and_not_that_the_lease_cannot_be_given_back_either(
    tmp_path: Path, clock: FakeClock
) -> None:
    class Full(Disk):
        full = False

        def create_file(self, path: Path) -> int:
            if self.full:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().create_file(path)

    disk = Full()
    with pytest.raises(EngineError, match="the run failed"), Host(tmp_path, "laptop", clock, disk).acquire():
        disk.full = True
        raise EngineError("the run failed")
    disk.full = False
    with pytest.raises(StorageError, match="no space left"), Host(tmp_path, "runner", clock, disk).acquire(ref=PROD):
        disk.full = True


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', '{"version": 1, "actor": 3}'])
def test_a_damaged_lease_is_named(laptop: Host, tmp_path: Path, text: str) -> None:
    laptop.acquire(1)
    path = tmp_path / FOLDER / "00000001.json"
    path.write_text(text)
    with pytest.raises(DamagedError) as raised:
        laptop.acquire(2)
    assert str(path) in str(raised.value)
    assert "make sure that nobody works on this stack, then remove this file" in str(raised.value)


def test_a_damaged_renewal_is_named(laptop: Host, runner: Host, tmp_path: Path) -> None:
    runner.acquire(1).renew()
    path = tmp_path / FOLDER / "00000001.1.json"
    path.write_text('{"version": 1, "at": "noon"}')
    with pytest.raises(DamagedError) as raised:
        laptop.acquire(2)
    assert str(path) in str(raised.value)


def test_a_lease_of_a_newer_version_is_respected(laptop: Host, tmp_path: Path) -> None:
    laptop.acquire(1)
    path = tmp_path / FOLDER / "00000001.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 2}))
    with pytest.raises(NewerFormatError):
        laptop.acquire(2)


class LeaseMachine(RuleBasedStateMachine):
    """Whatever processes of two hosts do, die and sleep: whoever passes the check is the only one, numbers only grow."""

    hosts = st.sampled_from(["laptop", "runner"])
    pids = st.integers(1, 3)

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.directory = tempfile.TemporaryDirectory()
        self.clock = FakeClock()
        self.at = {name: Host(Path(self.directory.name), name, self.clock) for name in ("laptop", "runner")}
        self.held: list[tuple[str, int, Lease]] = []
        self.numbers = [0]

    def teardown(self) -> None:
        self.directory.cleanup()

    @rule(name=hosts, pid=pids)
    def acquire(self, name: str, pid: int) -> None:
        host = self.at[name]
        if pid not in host.processes.running:
            return
        try:
            lease = host.acquire(pid)
        except BusyError:
            return
        assert lease.number > self.numbers[-1]
        self.numbers.append(lease.number)
        self.held.append((name, pid, lease))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        _, _, lease = data.draw(st.sampled_from(self.held))
        try:
            lease.renew()
        except BusyError:
            assert lease.lost

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.held))[2].release()

    @rule(name=hosts, pid=pids)
    def die(self, name: str, pid: int) -> None:
        self.at[name].processes.running.pop(pid, None)
        self.held = [each for each in self.held if each[:2] != (name, pid)]

    @rule(name=hosts, pid=pids)
    def start(self, name: str, pid: int) -> None:
        self.at[name].processes.running.setdefault(pid, f"{self.clock.seconds}-{len(self.numbers)}")

    @rule(seconds=st.floats(0, 2 * TIME_TO_LIVE))
    def sleep(self, seconds: float) -> None:
        self.clock.seconds += seconds

    @rule(seconds=st.floats(-1000, 1000))
    def set_the_clock(self, seconds: float) -> None:
        self.clock.ahead = timedelta(seconds=seconds)

    @invariant()
    def at_most_one_passes(self) -> None:
        passing = 0
        for _, _, lease in getattr(self, "held", []):
            try:
                lease.check()
                passing += 1
            except BusyError:
                assert lease.lost
        assert passing <= 1


TestLeaseMachine = LeaseMachine.TestCase
TestLeaseMachine.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
