"""A state machine of everything that can happen to a stack, and what must be true whatever happens in which order."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kusion_dsl.errors import EngineError, KusionError
from kusion_dsl.model.release import History
from kusion_dsl.operations.apply import Applied, apply
from kusion_dsl.operations.destroy import destroy, preview_destroy
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.preview import preview
from kusion_dsl.operations.proposal import Proposal
from kusion_dsl.operations.rollback import propose_rollback
from kusion_dsl.operations.selection import Selection
from kusion_dsl.storage.file import FileStore
from kusion_dsl.storage.releases import Releases
from kusion_dsl.storage.states import States
from kusion_dsl.storage.verification import verify
from tests.crash.cloud import Cloud
from tests.crash.disk_engine import DiskEngine
from tests.crash.mortal import Killed
from tests.crash.proposals import APPS, SIGNATURES, VERSIONS, proposals
from tests.crash.remains import faults
from tests.crash.stations import TIME_TO_LIVE, Process, Station, World
from tests.functional.commandline import DEV

Act = Callable[[Host], Applied | None]
"""What a process does."""

OURS = "nobody uses a plain pulumi here"
FULL = "no space left on device"
STACK = Selection(Path(), workspace=DEV.workspace, project=DEV.project, stack=DEV.stack)
MOMENTS = st.integers(0, 120)
"""Of the changes of a run; most have fewer than these."""
EARLY = st.integers(0, 4) | MOMENTS
"""Those before the lease is held more often than by chance."""
STORES = st.integers(0, 2) | st.integers(0, 24)
"""Of the files that a run writes: its lease and its release, and those with its journal and its state."""


def quiet(progress: object) -> None:
    """Report to nobody."""


class Runs(RuleBasedStateMachine):
    """The model: which Spec is wanted, and every record that was acknowledged by a run that succeeded."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = TemporaryDirectory()
        self.world = World(Path(self._directory.name))
        self.laptop, self.runner = Station(self.world, "laptop"), Station(self.world, "runner")
        self.wanted = [0, 0, 0]
        self.acknowledged: dict[str, bytes] = {}
        self.store = FileStore(self.world.home / "backend")

    def teardown(self) -> None:
        self._directory.cleanup()

    # what people do

    @rule(app=st.integers(0, len(APPS) - 1))
    def edit_app(self, app: int) -> None:
        self.wanted[0] = app

    @rule(version=st.integers(0, len(VERSIONS) - 1))
    def bump_module(self, version: int) -> None:
        self.wanted[1] = version

    @rule(signature=st.integers(0, len(SIGNATURES) - 1))
    def edit_workspace(self, signature: int) -> None:
        self.wanted[2] = signature

    @rule(live=st.booleans())
    def preview(self, live: bool) -> None:
        before = self._files()
        with Process(self.laptop) as host:
            preview(host(), self.proposal, live=live)
        assert self._files() == before

    @rule()
    def apply(self) -> None:
        self._succeed(self.laptop, self._apply)
        self._check_applied(self.proposal)

    @rule()
    def destroy(self) -> None:
        self._succeed(self.laptop, self._destroy)
        assert self.cloud.objects == {}
        self._check_whole()

    @precondition(lambda self: self._restorable())
    @rule(data=st.data())
    def rollback(self, data: st.DataObject) -> None:
        revision = data.draw(st.sampled_from(self._restorable()))
        self._succeed(self.laptop, lambda host: self._rollback(host, revision))
        self._check_applied(propose_rollback(self._reader, STACK, revision).proposal)

    @precondition(lambda self: self.cloud.objects)
    @rule(data=st.data(), gone=st.booleans())
    def change_live(self, data: st.DataObject, gone: bool) -> None:
        id = data.draw(st.sampled_from(sorted(self.cloud.objects)))
        if gone:
            self.cloud.delete(id)
        else:
            self.cloud.update(id, {"changed": "by somebody else"})

    # what goes wrong

    @rule(moment=MOMENTS, power=st.booleans(), destroying=st.booleans())
    def crash(self, moment: int, power: bool, destroying: bool) -> None:
        """The process dies; and perhaps the host with it."""
        process = Process(self.laptop)
        with process as host:
            process.moments.before(moment, process.moments.die)
            try:
                self._destroy(host()) if destroying else self._apply(host())
            except Killed:
                if power:
                    self.world.platter.lose_power()

    @rule(moment=MOMENTS, destroying=st.booleans())
    def be_refused(self, moment: int, destroying: bool) -> None:
        """One change is refused, by the disk or by the cloud: that is told."""
        refused: list[str] = []

        def refuse(kind: str) -> None:
            if kind != "answer":
                refused.append(kind)
                raise EngineError(FULL) if kind == "cloud" else OSError(errno.ENOSPC, FULL)

        process = Process(self.laptop)
        with process as host:
            process.moments.before(moment, refuse)
            said = _said(lambda: self._destroy(host()) if destroying else self._apply(host()))
        assert (FULL in said) == bool(refused), (refused, said)

    @rule(moment=EARLY, app=st.integers(0, len(APPS) - 1), here=st.booleans(), ahead=st.booleans())
    def apply_at_once(self, moment: int, app: int, here: bool, ahead: bool) -> None:
        """While one runs, on the same host or not, with a clock that goes right or not, another one begins and ends."""
        first, second = Process(self.runner), Process(self.runner if here else self.laptop)
        self.laptop.ahead = 2 * TIME_TO_LIVE if ahead else 0.0
        other = proposals()[app, self.wanted[1], self.wanted[2]]
        self._overlap(first, moment, "", second, other)
        self.laptop.ahead = 0.0

    @rule(moment=STORES, app=st.integers(0, len(APPS) - 1))
    def outsleep_the_lease(self, moment: int, app: int) -> None:
        """One stands still for longer than its lease lives, then goes on: it changes nothing any more."""
        first, second = Process(self.runner), Process(self.laptop)
        other = proposals()[app, self.wanted[1], self.wanted[2]]
        self._overlap(first, moment, "create_file", second, other, asleep=True)

    @rule(ahead=st.sampled_from([-3 * TIME_TO_LIVE, -60.0, 0.0, 60.0, 3 * TIME_TO_LIVE]))
    def jump_clock(self, ahead: float) -> None:
        self.runner.ahead = ahead

    @rule(seconds=st.sampled_from([TIME_TO_LIVE / 2, 2 * TIME_TO_LIVE]))
    def wait(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    # what must be true

    @invariant()
    def every_record_is_what_was_written(self) -> None:
        found = [str(fault) for fault in verify(self.store, DEV).faults]
        assert found == []
        revisions = Releases(self.store).revisions(DEV)
        assert list(revisions) == list(range(1, len(revisions) + 1))
        for key, content in self.acknowledged.items():
            assert self.store.get(key) == content, key

    @invariant()
    def only_the_newest_release_may_have_no_end(self) -> None:
        entries = Releases(self.store).history(DEV)
        assert all(isinstance(each, History) and each.final for each in entries[:-1])

    def _check_whole(self) -> None:
        """Nothing is half done, and what was acknowledged now will be there for ever."""
        assert faults(self.store, self._reader.leases) == []
        for key in self.store.list(".kusion/v1/releases/"):
            self.acknowledged[key] = self.store.get(key) or b""

    def _check_applied(self, proposal: Proposal) -> None:
        self._check_whole()
        newest = self._newest()
        assert newest is not None
        assert (newest.phase, newest.release.spec.digest) == ("succeeded", proposal.spec.digest)
        assert self.cloud.objects == {each.id: each.attributes for each in proposal.spec.resources}
        assert set(newest.phases[-1].resources) == self.cloud.objects.keys()

    # how it is done

    @property
    def proposal(self) -> Proposal:
        app, version, signature = self.wanted
        return proposals()[app, version, signature]

    @property
    def cloud(self) -> Cloud:
        """What is live, as somebody sees it who is none of ours."""
        return DiskEngine(self.world.clouds).cloud(self.proposal.target.identity)

    @property
    def _reader(self) -> Host:
        return Process(self.laptop).host()

    def _newest(self) -> History | None:
        return Releases(self.store).newest(DEV)

    def _restorable(self) -> list[int]:
        entries = [each for each in Releases(self.store).history(DEV) if isinstance(each, History)]
        whole = [each for each in entries if each.phase == "succeeded" and each.release.kind != "destroy"]
        return [each.release.revision for each in whole]

    def _files(self) -> Mapping[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(self.world.home.glob("backend/**/*")) if path.is_file()}

    def _apply(self, host: Host) -> Applied | None:
        return _previewed_and_applied(host, self.proposal)

    def _destroy(self, host: Host) -> Applied | None:
        shown = preview_destroy(host, STACK)
        assert shown.foreign is None, OURS
        return destroy(host, shown, quiet)

    def _rollback(self, host: Host, revision: int) -> Applied | None:
        return _previewed_and_applied(host, propose_rollback(host, STACK, revision).proposal)

    def _succeed(self, station: Station, act: Act) -> None:
        with Process(station) as host:
            applied = act(host())
        assert applied is None or applied.outcome.error == ""

    def _overlap(
        self, first: Process, moment: int, only: str, second: Process, other: Proposal, asleep: bool = False
    ) -> None:
        """Let ``second`` run while ``first`` stands before a change: one of them has its way, as if it were alone."""
        said: list[str] = []
        left: list[Any] = []
        too_early: list[bool] = []
        before = Releases(self.store).revisions(DEV)

        def meanwhile(kind: str) -> None:
            too_early.append(first.lease is None)
            if asleep:
                first.station.fall_asleep()
                self.world.pass_time(2 * TIME_TO_LIVE)
            with second as host:
                said.append(_said(lambda: _previewed_and_applied(host(), other)))
            if asleep:
                first.station.wake_up()
                left.append(self._left())

        self.world.pass_time(2 * TIME_TO_LIVE)  # a lease that a crash left is free for other hosts, too
        first.moments.before(moment, meanwhile, only)
        with first as host:
            said.append(_said(lambda: self._apply(host())))
        assert "" in said, said
        if too_early == [True] and said == ["", ""]:
            assert len(Releases(self.store).revisions(DEV)) <= len(before) + 1, (
                "both have previewed against one release"
            )
        if asleep:
            assert said[0] == "", said
            assert too_early != [False] or left == [self._left()], "who had lost the lease has changed something"
            self._repair()
        newest = self._newest()
        assert newest is not None
        self._check_applied(replace(self.proposal, spec=newest.release.spec))

    def _repair(self) -> None:
        """Of who had lost the lease a file may lie there that counts for nothing: the next run removes it."""
        self.cloud.delete(self.proposal.spec.resources[0].id)
        self._succeed(self.laptop, self._apply)

    def _left(self) -> Any:
        newest = self._newest()
        return newest, States(self.store).seen(DEV).read().folded, self.cloud.objects


def _previewed_and_applied(host: Host, proposal: Proposal) -> Applied | None:
    shown = preview(host, proposal)
    assert shown.foreign is None, OURS
    return apply(host, shown, None, quiet)


def _said(act: Callable[[], Applied | None]) -> str:
    """Why a run did not end well; empty if it did."""
    try:
        applied = act()
    except KusionError as error:
        return str(error)
    return applied.outcome.error if applied is not None else ""
