"""Whatever was applied, failed, changed by somebody else or destroyed: a rollback to release k restores release k."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kusion_dsl.model.change import Progress
from kusion_dsl.model.identity import Actor, Revision, StackRef
from kusion_dsl.model.spec import Spec, SpecResource
from kusion_dsl.model.target import Target
from kusion_dsl.operations.apply import Applied, apply
from kusion_dsl.operations.destroy import destroy, preview_destroy
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.preview import preview
from kusion_dsl.operations.proposal import Proposal
from kusion_dsl.operations.rollback import propose_rollback
from kusion_dsl.operations.selection import Selection
from kusion_dsl.storage.clock import SystemClock
from kusion_dsl.storage.disk import Disk
from kusion_dsl.storage.home import Home
from kusion_dsl.testing import FakeEngine
from tests.functional.commandline import Machine

REF = StackRef("shop", "dev", "default")
TARGET = Target("manifests", "/manifests")
NAMES = "abcde"

Attributes = Mapping[str, int]


class Unsynced(Disk):
    """A disk that loses power only when nobody needs it any more."""

    def sync(self, descriptor: int) -> None:
        pass


@dataclass
class Stack:
    """A stack on a machine of its own, and what was live after each release that succeeded, with its Spec."""

    directory: Path
    engine: FakeEngine = field(default_factory=FakeEngine)
    after: dict[int, tuple[object, str]] = field(default_factory=dict)

    @property
    def host(self) -> Host:
        """The machine."""
        disk = Unsynced()
        home, ada = Home(self.directory / "home", disk), Actor("ada", "workstation", 1)
        return Machine(home, {}, ada, SystemClock(), lambda: self.engine, disk=disk)

    @property
    def live(self) -> dict[str, Any]:
        """What is live."""
        return self.engine.live.setdefault(TARGET.identity, {})

    @property
    def selection(self) -> Selection:
        """The stack, by its name."""
        return Selection(self.directory, "default", "shop", "dev")

    def run(self, proposal: Proposal) -> None:
        """Preview and apply."""
        self.note(apply(self.host, preview(self.host, proposal), None, silent))

    def destroy(self) -> None:
        """Preview and destroy."""
        destroy(self.host, preview_destroy(self.host, self.selection), silent)

    def note(self, applied: Applied | None) -> None:
        """Remember what is live, if a release succeeded."""
        if applied is not None and applied.history.phase == "succeeded":
            release = applied.history.release
            self.after[release.revision] = (copy.deepcopy(self.live), release.spec.digest)

    def roll_back(self, revision: int) -> None:
        """Roll back, and see that everything is as it was."""
        self.run(propose_rollback(self.host, self.selection, revision).proposal)
        newest = self.host.releases.newest(REF)
        assert newest is not None and newest.phase == "succeeded"
        assert (self.live, newest.release.spec.digest) == self.after[revision]


def silent(progress: Progress) -> None:
    """Report to nobody."""


def spec_of(resources: Mapping[str, Attributes]) -> Spec:
    """A Spec with a ConfigMap for each name, that depends on the one before it."""
    ids = [f"v1:ConfigMap:shop:{name}" for name in sorted(resources)]
    return Spec(
        tuple(
            SpecResource(
                id, "kubernetes:core/v1:ConfigMap", dict(resources[id[-1]]), tuple(ids[max(0, place - 1) : place])
            )
            for place, id in enumerate(ids)
        )
    )


attributes = st.dictionaries(st.sampled_from("xyz"), st.integers(0, 2), max_size=3)
names = st.sampled_from(NAMES)
specs = st.dictionaries(names, attributes, max_size=len(NAMES))
actions = st.one_of(
    st.tuples(st.just("apply"), specs, st.just(frozenset[str]())),
    st.tuples(st.just("apply"), specs, st.frozensets(names, max_size=2)),
    st.tuples(st.just("edit"), names, attributes),
    st.tuples(st.just("delete"), names, st.none()),
    st.tuples(st.just("destroy"), st.none(), st.none()),
    st.tuples(st.just("rollback"), st.integers(0, 9), st.none()),
)


def act(stack: Stack, action: tuple[str, Any, Any]) -> None:
    """Do what somebody may do to a stack."""
    match action:
        case ("apply", resources, failing):
            stack.engine.failing = {f"v1:ConfigMap:shop:{name}" for name in failing}
            source = Revision("https://example.org/shop.git")
            spec = spec_of(resources)
            stack.run(Proposal(REF, "apply", spec, TARGET, stack.directory, source=source, named=True))
            stack.engine.failing = set()
        case ("edit", name, changed) if f"v1:ConfigMap:shop:{name}" in stack.live:
            stack.live[f"v1:ConfigMap:shop:{name}"] = changed
        case ("delete", name, _):
            stack.live.pop(f"v1:ConfigMap:shop:{name}", None)
        case ("destroy", _, _):
            stack.destroy()
        case ("rollback", place, _) if stack.after:
            stack.roll_back(sorted(stack.after)[place % len(stack.after)])


@given(st.lists(actions, max_size=12), st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_a_rollback_restores_what_was_there_right_after_a_release(chain: list[tuple[str, Any, Any]], last: int) -> None:
    with TemporaryDirectory() as directory:
        stack = Stack(Path(directory))
        for action in chain:
            act(stack, action)
        if stack.after:
            stack.roll_back(sorted(stack.after)[last % len(stack.after)])


@given(st.lists(actions, max_size=12))
@settings(max_examples=40, deadline=None)
def test_every_release_can_be_restored_in_any_order(chain: list[tuple[str, Any, Any]]) -> None:
    with TemporaryDirectory() as directory:
        stack = Stack(Path(directory))
        for action in chain:
            act(stack, action)
        for revision in sorted(stack.after, reverse=True):
            stack.roll_back(revision)
