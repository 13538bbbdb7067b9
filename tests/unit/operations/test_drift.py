"""Drift, as the engine's steps tell it: what somebody else did, and nothing that only follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kusion_dsl.engine.run import Run
from kusion_dsl.model.change import Change, Operation, Progress, Step
from kusion_dsl.model.identity import Actor, Revision, StackRef
from kusion_dsl.model.spec import Spec, SpecResource
from kusion_dsl.model.target import Target
from kusion_dsl.operations.apply import apply
from kusion_dsl.operations.drift import drift
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.losses import losses
from kusion_dsl.operations.origin import intrusion
from kusion_dsl.operations.preview import preview
from kusion_dsl.operations.proposal import Proposal
from kusion_dsl.operations.selection import Selection
from kusion_dsl.storage.clock import SystemClock
from kusion_dsl.storage.home import Home
from kusion_dsl.testing import FakeEngine

REF = StackRef("shop", "dev", "default")
SERVER, USER = "v1:Service:shop:server", "v1:ConfigMap:shop:user"
SPEC = Spec(
    (
        SpecResource(SERVER, "kubernetes:core/v1:Service", {"spec": {}}),
        SpecResource(
            USER, "kubernetes:core/v1:ConfigMap", {"data": {"ip": f"${{{SERVER}#spec.clusterIP}}"}}, (SERVER,)
        ),
    )
)


class Scripted(FakeEngine):
    """An engine whose second preview is written down."""

    def __init__(self, *steps: Step) -> None:
        super().__init__()
        self.steps = steps

    def preview(self, run: Run) -> tuple[Step, ...]:
        return self.steps if self.state else super().preview(run)


def silent(progress: Progress) -> None:
    """Report to nobody."""


def applied(directory: Path, *steps: Step) -> Host:
    """A machine on which the stack was applied, and an engine that finds ``steps`` now."""
    engine = Scripted(*steps)
    host = Host(Home(directory), {}, Actor("ada", "workstation", 1), SystemClock(), lambda: engine)
    source = Revision("https://example.org/shop.git")
    proposal = Proposal(REF, "apply", SPEC, Target("manifests", "/m"), directory, source=source, named=True)
    apply(host, preview(host, proposal), None, silent)
    return host


def drifted(host: Host, directory: Path) -> dict[str, list[str]]:
    """For each resource that drifted the fields."""
    found = drift(host, Selection(directory, "default", "shop", "dev")).drifted
    return {each.id: [field.label for field in each.fields] for each in found}


STATE = {"data": {"ip": "10.0.0.1"}}
DELETED = Step(SERVER, "kubernetes:core/v1:Service", "create", {"spec": {}}, None, {"spec": {}})


def test_what_only_follows_from_drift_is_none(tmp_path: Path) -> None:
    follows = Step(USER, "kubernetes:core/v1:ConfigMap", "update", STATE, STATE, {"data": {}}, differs=("data.ip",))
    assert drifted(applied(tmp_path, DELETED, follows), tmp_path) == {SERVER: []}


def test_a_value_that_nobody_can_see_drifts_where_the_engine_says_so(tmp_path: Path) -> None:
    same = Step(SERVER, "kubernetes:core/v1:Service", "same", {"spec": {}}, {"spec": {}}, {"spec": {}})
    hidden = Step(
        USER, "kubernetes:core/v1:ConfigMap", "update", STATE, STATE, STATE, differs=("data.ip",), drifted=("data.ip",)
    )
    assert drifted(applied(tmp_path, same, hidden), tmp_path) == {USER: ["data.ip"]}


def test_what_the_state_has_beside_what_was_applied_is_none(tmp_path: Path) -> None:
    same = Step(SERVER, "kubernetes:core/v1:Service", "same", {"spec": {}}, {"spec": {}}, {"spec": {}})
    user = Step(USER, "kubernetes:core/v1:ConfigMap", "same", STATE, STATE, STATE)
    leftover = Step("v1:ConfigMap:shop:other", "kubernetes:core/v1:ConfigMap", "delete", STATE, STATE)
    assert drifted(applied(tmp_path, same, user, leftover), tmp_path) == {}


@pytest.mark.parametrize(("operation", "deleted"), [("delete", (USER,)), ("replace", (USER,)), ("update", ())])
def test_replacing_is_deleting_too(tmp_path: Path, operation: Operation, deleted: tuple[str, ...]) -> None:
    host = applied(tmp_path)
    found = intrusion(host, host.releases.newest(REF), tmp_path, [Change(USER, "t", operation)])
    assert found is not None and found.deleted == deleted


@pytest.mark.parametrize(
    ("type", "operation", "restoring", "what"),
    [
        ("aws:rds/instance:Instance", "delete", False, "its data is lost"),
        ("aws:rds/instance:Instance", "replace", False, "its data is lost"),
        ("aws:rds/instance:Instance", "update", False, ""),
        ("aws:rds/instance:Instance", "create", False, ""),
        ("aws:rds/instance:Instance", "create", True, "it comes back empty, its data does not"),
        ("kusion:index:RandomPassword", "create", True, "its password will be a new one"),
        ("kusion:index:RandomPassword", "replace", False, "its password is lost"),
        ("kubernetes:core/v1:PersistentVolumeClaim", "delete", True, "its data is lost"),
        ("kubernetes:apps/v1:Deployment", "delete", False, ""),
    ],
)
def test_what_is_lost(type: str, operation: Operation, restoring: bool, what: str) -> None:
    assert [each.what for each in losses([Change("id", type, operation)], restoring=restoring)] == [what] * bool(what)


def test_what_somebody_else_deleted_comes_back_empty() -> None:
    claim = "kubernetes:core/v1:PersistentVolumeClaim"
    change = Change("id", claim, "create", note="somebody else deleted it")
    assert [str(each) for each in losses([change])] == ["id: it comes back empty, its data does not"]
