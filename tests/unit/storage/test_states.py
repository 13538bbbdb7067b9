"""The state at rest: whenever a run dies, whoever comes next goes on from everything that was acknowledged."""

from __future__ import annotations

import gzip
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from kusion_dsl.errors import BusyError, DamagedError, NewerFormatError, StorageError
from kusion_dsl.model.identity import Actor, StackRef
from kusion_dsl.model.state import StateAtRest
from kusion_dsl.storage.leases import Lease, Leases
from kusion_dsl.storage.states import StackState, States
from tests.unit.storage.memory import FewProcesses, Killed, MemoryStore, StandingClock

REF = StackRef("shop", "prod", "dev")
STATE = ".kusion/v1/state/shop/dev/prod/"
COPY = ".pulumi/stacks/shop/prod.dev.json"
LOCKS = ".pulumi/locks/organization/shop/prod.dev/"


def truth(rest: StateAtRest) -> bytes:
    """What the engine would make of it, if replaying were to write one thing behind the other."""
    if rest.journal and not rest.is_foreign:
        return b"".join(rest.journal)
    return (rest.published if rest.is_foreign or rest.folded is None else rest.folded) or b""


@dataclass
class Host:
    """A host with a store, on which one process after the other works on the stack."""

    store: MemoryStore = field(default_factory=MemoryStore)
    clock: StandingClock = field(default_factory=StandingClock)
    processes: FewProcesses = field(default_factory=FewProcesses)
    last: int = 100
    ended: list[int] = field(default_factory=list)

    def states(self) -> States:
        return States(self.store, self.clock, self.processes, self.ended.append)

    def start(self) -> tuple[Lease, StackState]:
        """A new process, with the lease."""
        self.last += 1
        self.processes.running.add(self.last)
        actor = Actor("ann", "host", self.last)
        lease = Leases(self.store, self.clock, self.processes).acquire(REF, actor, "kusion apply")
        return lease, self.states().held(lease, actor)

    def die(self) -> None:
        """The last process is gone."""
        self.processes.running.discard(self.last)

    def run(self, *records: bytes, acknowledged: list[bytes] | None = None) -> bytes:
        """A whole run, which adds ``records``; what the stack is then. ``acknowledged`` takes those that were written."""
        lease, state = self.start()
        content = truth(state.read())
        state.begin(content)
        for record in records:
            state.append(record)
            content += record
            if acknowledged is not None:
                acknowledged.append(record)
        state.fold(content)
        lease.release()
        return content

    def half_a_run(self, *records: bytes) -> StackState:
        """A run whose process dies when it has written ``records``; its state, should it only have slept."""
        _, state = self.start()
        state.begin(truth(state.read()))
        for record in records:
            state.append(record)
        self.die()
        return state

    def seen(self) -> StateAtRest:
        return self.states().seen(REF).read()


def test_a_stack_that_was_never_applied_has_no_state() -> None:
    assert Host().seen() == StateAtRest(f"memory://{COPY}", f"memory://{STATE}")


def test_a_run_leaves_its_state_published_and_nothing_else() -> None:
    host = Host()
    assert host.run(b"a", b"b") == b"ab"
    assert host.seen() == StateAtRest(f"memory://{COPY}", f"memory://{STATE}", b"ab", b"ab")
    assert host.store.content[COPY] == b"ab"
    assert host.store.content[".pulumi/meta.yaml"] == b"version: 1\n"
    assert host.store.below(STATE) == ["00000001.json"]
    assert host.store.below(LOCKS) == []


def test_while_a_run_works_its_journal_is_the_truth_and_a_plain_pulumi_is_kept_off() -> None:
    host = Host()
    host.run(b"a")
    _, state = host.start()
    state.read()
    state.begin(b"a")
    state.append(b"b")
    state.working(4711)
    assert host.seen().journal == (b"a", b"b")
    assert host.store.content[COPY] == b"a"
    [lock] = host.store.below(LOCKS)
    document = json.loads(host.store.content[LOCKS + lock])
    assert {key: document[key] for key in ("pid", "username", "hostname", "timestamp")} == {
        "pid": 4711,
        "username": "ann",
        "hostname": "host",
        "timestamp": "2026-11-21T00:00:00Z",
    }


def test_a_run_that_did_nothing_leaves_everything_as_it_was() -> None:
    host = Host()
    host.run(b"a")
    before = {key: data for key, data in host.store.content.items() if "/leases/" not in key}
    lease, state = host.start()
    state.read()
    state.begin(b"a")
    state.discard()
    lease.release()
    assert {key: data for key, data in host.store.content.items() if "/leases/" not in key} == before


def test_a_run_ends_once() -> None:
    host = Host()
    _, state = host.start()
    state.read()
    state.begin(b"")
    state.fold(b"a")
    with pytest.raises(BusyError):
        state.fold(b"b")
    assert host.seen().folded == b"a"


def test_leases_that_were_removed_by_hand_bring_no_old_state_back() -> None:
    host = former("runs")
    for key in host.store.list(".kusion/v1/leases/"):
        del host.store.content[key]
    assert host.run(b"!") == b"xyz!"
    assert host.seen().folded == b"xyz!"
    assert host.store.below(STATE) == ["00000003.json", "00000004.json"]


def test_the_two_newest_states_are_kept() -> None:
    host = Host()
    for record in (b"a", b"b", b"c", b"d"):
        host.run(record)
    assert host.store.below(STATE) == ["00000003.json", "00000004.json"]


FORMERS = {"nothing": (), "an earlier version's": (b"old",), "runs": (b"x", b"y", b"z")}


def former(kind: str) -> Host:
    """A host on which something was done before."""
    host = Host()
    if kind == "an earlier version's":
        host.store.content[COPY] = b"old"
    else:
        for record in FORMERS[kind]:
            host.run(record)
    return host


def dies(host: Host, writes: int, *records: bytes) -> tuple[bool, list[bytes]]:
    """A run that is killed before the write after so many; whether it was, and what had been acknowledged."""

    def kill() -> None:
        raise Killed

    host.store.before(writes, kill)
    acknowledged: list[bytes] = []
    try:
        host.run(*records, acknowledged=acknowledged)
    except Killed:
        return True, acknowledged
    finally:
        host.store.undisturbed()
    return False, acknowledged


@pytest.mark.parametrize("kind", FORMERS)
def test_whenever_a_run_is_killed_the_next_one_goes_on_from_all_that_was_acknowledged(kind: str) -> None:
    """Before every write; and the next run before every one of its own, too."""
    begun, moments = b"".join(FORMERS[kind]), 0
    first_killed = True
    for first in range(40):
        second_killed = first_killed
        for second in range(40) if first_killed else ():
            host = former(kind)
            first_killed, acknowledged = dies(host, first, b"1", b"2")
            host.die()
            second_killed, more = dies(host, second, b"3")
            host.die()
            moments += 1
            check_goes_on(host, begun + b"".join(acknowledged + more), in_flight=(b"1", b"2", b"3"))
            if not second_killed:
                break
        assert not second_killed, "it ended"
    assert not first_killed, "it ended"
    assert moments > 150


class Crowded(MemoryStore):
    """A store in which the records of a journal can be read only by several at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.readers = threading.Barrier(4)

    def get(self, key: str) -> bytes | None:
        if re.search(r"/00000001\.[1-4]\.json", key):
            self.readers.wait(60)
        return super().get(key)


def test_the_records_of_a_journal_are_read_side_by_side() -> None:
    """One after the other they would take a round trip each."""
    host = Host()
    host.half_a_run(b"a", b"b", b"c", b"d")
    crowded = Crowded()
    crowded.content = host.store.content
    assert States(crowded).seen(REF).read().journal == (b"", b"a", b"b", b"c", b"d")


def check_goes_on(host: Host, acknowledged: bytes, in_flight: tuple[bytes, ...]) -> None:
    """The next run finds what was acknowledged, at most with what was being written, and leaves everything tidy."""
    rest = host.seen()
    assert not rest.is_foreign
    possible = {acknowledged, *(acknowledged + record for record in in_flight)}
    assert truth(rest) in possible
    expected = truth(rest) + b"!"
    assert host.run(b"!") == expected
    assert host.store.content[COPY] == expected
    assert host.seen() == StateAtRest(rest.where, rest.ours, expected, expected)
    assert len(host.store.below(STATE)) <= 2
    assert host.store.below(LOCKS) == []


def test_who_only_slept_cannot_write_any_more() -> None:
    """Wherever in its run it fell asleep, the run that took over wins, and what the sleeper still does harms nobody."""
    for writes in range(40):
        host = former("runs")
        acknowledged: list[bytes] = []
        known: list[bytes] = []
        taken: list[bytes] = []

        def take_over(
            host: Host = host,
            acknowledged: list[bytes] = acknowledged,
            known: list[bytes] = known,
            taken: list[bytes] = taken,
        ) -> None:
            host.die()
            known += acknowledged
            taken.append(host.run(b"2"))

        host.store.before(writes, take_over)
        try:
            expected = host.run(b"1", acknowledged=acknowledged)
        except BusyError as error:
            assert "this run has lost the stack" in str(error)
        host.store.undisturbed()
        if not taken:
            break
        if writes > 0:  # else it had not even taken the lease, and has gone on after the other one
            expected = taken[0]
            assert expected in (b"xyz2", b"xyz12")
            assert expected == b"xyz12" or not known, "what was acknowledged is known to who took over"
        assert host.store.content[COPY] == expected, "an old state is not left where a plain pulumi looks"
        check_goes_on(host, expected, in_flight=())
    assert not taken and writes > 10, "it slept before each of its writes"


def test_a_sealed_journal_takes_nothing_even_from_who_believes_to_hold_the_lease() -> None:
    host = Host()
    sleeping = host.half_a_run(b"1")
    _, state = host.start()
    assert state.read().journal == (b"", b"1")
    with pytest.raises(BusyError, match="somebody else has taken it"):
        sleeping.append(b"2")
    with pytest.raises(BusyError):
        sleeping.fold(b"12")
    with pytest.raises(BusyError):
        sleeping.discard()
    assert host.seen().journal == (b"", b"1")
    assert COPY not in host.store.content


def test_what_a_plain_pulumi_did_is_noticed_until_a_run_has_gone_on_from_it() -> None:
    host = former("runs")
    host.store.content[COPY] = b"theirs"
    assert host.seen() == StateAtRest(f"memory://{COPY}", f"memory://{STATE}", b"theirs", b"xyz", is_foreign=True)
    host.half_a_run()
    assert host.seen().journal == (b"theirs",)
    assert not host.seen().is_foreign, "it was taken over by a run that died"
    assert host.run(b"2") == b"theirs2"
    assert not host.seen().is_foreign


def test_a_copy_that_a_plain_pulumi_changes_between_reading_and_beginning_is_not_overwritten() -> None:
    host = former("runs")
    _, state = host.start()
    state.read()
    host.store.content[COPY] = b"theirs"
    with pytest.raises(BusyError, match="plain pulumi has changed this stack in the meantime"):
        state.begin(b"xyz")
    assert host.store.content[COPY] == b"theirs"
    assert host.store.below(LOCKS) == []


def test_a_copy_that_was_removed_is_put_there_again() -> None:
    host = former("runs")
    del host.store.content[COPY]
    assert truth(host.seen()) == b"xyz" and not host.seen().is_foreign
    host.run()
    assert host.store.content[COPY] == b"xyz"


def test_a_copy_is_replaced_in_the_form_it_has() -> None:
    host = Host()
    host.store.content[f"{COPY}.gz"] = gzip.compress(b"old")
    assert host.run(b"new") == b"oldnew"
    assert gzip.decompress(host.store.content[f"{COPY}.gz"]) == b"oldnew"
    assert COPY not in host.store.content
    host.store.content[f"{COPY}.gz"] = b"no gzip"
    with pytest.raises(DamagedError, match="nothing was changed"):
        host.seen()


def test_a_copy_in_a_form_that_nobody_here_reads_is_told() -> None:
    host = Host()
    host.store.content[f"{COPY}.zst"] = b""
    with pytest.raises(StorageError, match="compressed with zstd"):
        host.seen()


def test_while_pulumi_itself_writes_the_copy_that_is_the_truth() -> None:
    host = former("runs")
    lease, state = host.start()
    state.read()
    state.begin(b"xyz")
    state.hand_over(b"xyz+")
    assert host.store.content[COPY] == b"xyz+"
    assert host.store.below(LOCKS) == [], "so that pulumi can take it"
    host.store.content[COPY] = b"by pulumi"
    assert truth(host.seen()) == b"by pulumi" and not host.seen().is_foreign
    assert truth(state.read()) == b"by pulumi"
    state.fold(b"by pulumi")
    lease.release()
    assert host.seen() == StateAtRest(f"memory://{COPY}", f"memory://{STATE}", b"by pulumi", b"by pulumi")


class Meanwhile(MemoryStore):
    """A store in which something happens once, before something below a prefix is read that was listed."""

    def __init__(self) -> None:
        super().__init__()
        self.what: Callable[[], object] | None = None
        self.prefix = ""

    def get(self, key: str) -> bytes | None:
        what = self.what if key.startswith(self.prefix) else None
        if what is not None:
            self.what = None
            what()
        return super().get(key)


@pytest.mark.parametrize("prefix", [STATE, COPY])
def test_a_run_that_ends_while_somebody_looks_is_neither_damage_nor_somebody_else(prefix: str) -> None:
    lease: list[tuple[Lease, StackState]] = []

    def end() -> None:
        [(held, state)] = lease
        state.fold(b"ab")
        held.release()

    store = Meanwhile()
    host = Host(store)
    host.run(b"a")
    lease.append(host.start())
    lease[0][1].read()
    lease[0][1].begin(b"a")
    lease[0][1].append(b"b")
    store.what, store.prefix = end, prefix
    assert host.seen() == StateAtRest(f"memory://{COPY}", f"memory://{STATE}", b"ab", b"ab")


def test_what_a_run_left_that_died_in_its_last_moment_is_known_to_who_comes_next() -> None:
    host = former("runs")
    lock(host, "kusion-00000003.json")
    lease, state = host.start()
    rest = state.read()
    assert rest.is_unfinished and rest.folded == rest.published == b"xyz"
    state.begin(b"xyz")
    state.fold(b"xyz")
    lease.release()
    lease, state = host.start()
    assert not state.read().is_unfinished
    assert host.store.below(LOCKS) == []


def lock(host: Host, name: str, **content: object) -> None:
    document = {"pid": 1, "username": "bob", "hostname": "host", "timestamp": "2026-01-01T00:00:00Z", **content}
    host.store.content[LOCKS + name] = json.dumps(document).encode()


def test_a_plain_pulumi_that_works_on_the_stack_is_told() -> None:
    host = Host()
    host.processes.running.add(1)
    lock(host, "0f9e.json")
    _, state = host.start()
    state.read()
    with pytest.raises(BusyError, match=r"bob@host \(process 1\) since 2026-01-01T00:00:00Z"):
        state.begin(b"")
    assert host.store.below(LOCKS) == ["0f9e.json"]
    lock(host, "0f9e.json", hostname="elsewhere", pid=2)
    with pytest.raises(BusyError, match=r"bob@elsewhere \(process 2\)"):
        state.begin(b"")


def test_a_plain_pulumi_that_begins_at_the_same_moment_is_seen() -> None:
    host = Host()
    host.processes.running.add(1)
    _, state = host.start()
    state.read()
    host.store.before(0, lambda: lock(host, "0f9e.json"))
    with pytest.raises(BusyError, match="bob@host"):
        state.begin(b"")
    assert host.store.below(LOCKS) == ["0f9e.json"]


def test_locks_of_what_is_gone_are_removed() -> None:
    host = Host()
    lock(host, "0f9e.json")
    host.store.content[f"{LOCKS}half.json.tmp"] = b"{"
    lock(host, "kusion-00000000.json", pid=5, machine="elsewhere", started="1")
    host.run(b"a")
    assert host.store.below(LOCKS) == []


@pytest.mark.parametrize("content", [b"", b"[]", b'{"pid": "1"}', b'{"pid": 1}'])
def test_a_lock_that_cannot_be_read_is_respected(content: bytes) -> None:
    host = Host()
    host.store.content[f"{LOCKS}0f9e.json"] = content
    _, state = host.start()
    state.read()
    with pytest.raises(BusyError, match=r"the lock memory://.*0f9e.json, which cannot be read"):
        state.begin(b"")


def test_the_pulumi_of_a_run_that_was_killed_is_waited_for_and_then_ended() -> None:
    host = Host()
    _, state = host.start()
    state.read()
    host.processes.running.add(4711)
    state.begin(b"")
    state.working(4711)
    host.die()
    _, state = host.start()
    state.read()
    with pytest.raises(BusyError, match=r"the Pulumi of a run that died still works on this stack \(process 4711\)"):
        state.begin(b"")
    assert host.clock.seconds >= 10
    assert host.ended == [4711], "in vain"
    host.die()
    host.processes.running.discard(4711)
    host.half_a_run()
    assert host.store.below(LOCKS) == ["kusion-00000003.json"]


def test_what_this_process_left_itself_does_not_end_it() -> None:
    """As where a program that embeds us goes on after a run of it has failed."""
    host = Host()
    host.half_a_run(b"1")
    host.processes.running.add(host.last)
    states = States(host.store, host.clock, host.processes, host.ended.append)
    lease = Leases(host.store, host.clock, FewProcesses()).acquire(REF, Actor("ann", "host", host.last), "again")
    state = states.held(lease, Actor("ann", "host", host.last))
    state.begin(truth(state.read()))
    assert host.ended == [] and host.clock.seconds == 0


@pytest.mark.parametrize("missing", ["00000001.1.json", "00000001.2.json"])
def test_a_journal_with_a_hole_is_told_and_left_alone(missing: str) -> None:
    host = Host()
    host.half_a_run(b"1", b"2", b"3")
    assert len(host.store.below(STATE)) == 4
    del host.store.content[STATE + missing]
    before = dict(host.store.content)
    with pytest.raises(DamagedError, match=missing) as raised:
        host.seen()
    assert "nothing was changed; restore this file from a copy of the backend" in str(raised.value)
    assert host.store.content == before


def test_a_journal_of_a_newer_version_is_told() -> None:
    host = Host()
    host.half_a_run(b"1", b"2", b"3")
    first = f"{STATE}00000001.0.json"
    host.store.content[first] = host.store.content[first].replace(b'"version":1', b'"version":2')
    host.store.content[COPY] = b"something"
    with pytest.raises(NewerFormatError, match="upgrade kusion-dsl"):
        host.seen()
