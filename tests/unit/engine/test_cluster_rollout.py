"""Waiting until what was applied has come up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from kusion_dsl.engine.cluster.rollout import Clock, come_up, timeout_of
from kusion_dsl.engine.run import Outcome, Run, State
from kusion_dsl.errors import EngineError
from kusion_dsl.model.change import Operation, Progress, ResourceResult
from kusion_dsl.model.health import Health, Patience, Trouble
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.spec import Spec, SpecResource
from kusion_dsl.model.target import Target

TYPE = "kubernetes:apps/v1:Deployment"
NO_IMAGE = Trouble("container web: ImagePullBackOff", ("a", "b"), lasting=True)
PATIENT = Patience()
READY = Health("ready", "2 of 2 pods are ready")
STUCK = Health("degraded", "0 of 2 pods are ready", (NO_IMAGE,))
ON_ITS_WAY = Health("progressing", "1 of 2 pods are ready")


def resource(id: str, type: str = TYPE, **parts: Any) -> SpecResource:
    return SpecResource(id, type, {"metadata": {"name": id}, "spec": {}}, **parts)


def run_of(*resources: SpecResource, patience: Patience = PATIENT, timeout: str = "") -> Run:
    return Run(
        ref=StackRef("shop", "dev", "default"),
        spec=Spec(resources),
        target=Target("cluster", timeout=timeout),
        directory=Path(),
        backend="",
        passphrase_file=Path(),
        state=cast("State", None),
        secret=str,
        patience=patience,
    )


@dataclass
class Scene:
    """Looks that a test has laid out, by id, the last one from then on; each takes a second."""

    looks: Mapping[str, Sequence[Health | BaseException]]
    progress: list[Progress] = field(default_factory=list)
    seconds: float = 0.0

    def look(self, resources: Sequence[SpecResource]) -> Mapping[str, Health]:
        """The look of this second."""
        found = {}
        for each in resources:
            looks = self.looks[each.id]
            now = looks[min(int(self.seconds), len(looks) - 1)]
            if isinstance(now, BaseException):
                raise now
            found[each.id] = now
        return found

    def _sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def outcome(self, run: Run, outcome: Outcome | None = None) -> Outcome:
        """What becomes of a run that did everything."""
        done = tuple(ResourceResult(each.id, each.type, "create", "done") for each in run.spec.resources)
        clock = Clock(lambda: self.seconds, self._sleep)
        return come_up(run, self, outcome or Outcome(done), self.progress.append, clock)

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """What was reported: id, status, message."""
        return [(each.id, each.status, each.message) for each in self.progress]


def test_it_ends_when_everything_has_come_up() -> None:
    scene = Scene({"a": [ON_ITS_WAY, ON_ITS_WAY, READY], "b": [READY]})

    outcome = scene.outcome(run_of(resource("a"), resource("b")))

    assert (outcome.error, outcome.problems) == ("", ())
    assert [each.status for each in outcome.results] == ["done", "done"]
    assert scene.told == [("a", "waiting", ON_ITS_WAY.text), ("a", "ready", READY.text)]
    assert scene.seconds == 2


def test_what_changes_is_told_and_nothing_twice() -> None:
    scene = Scene({"a": [ON_ITS_WAY, STUCK, STUCK, ON_ITS_WAY, READY]})
    scene.outcome(run_of(resource("a")))
    assert [each.troubles for each in scene.progress] == [(), (NO_IMAGE,), (), ()]


def test_what_does_not_come_up_in_time_fails_with_its_reason() -> None:
    trouble = replace(NO_IMAGE, log=("giving up",))
    scene = Scene({"a": [replace(STUCK, troubles=(trouble,))], "b": [READY]})

    outcome = scene.outcome(run_of(resource("b"), resource("a"), patience=Patience(timeout=90)))

    assert scene.seconds == 90
    lines = ("2 pods: container web: ImagePullBackOff (a, b)", "  | giving up")
    [problem] = outcome.problems
    assert problem.what == "it has not come up within 1m30s: 0 of 2 pods are ready"
    assert (problem.where, problem.details) == ("a", lines)
    assert problem.hint is None, "it does not help to wait longer"
    assert outcome.error == str(problem)
    assert {each.id: each.status for each in outcome.results} == {"a": "unready", "b": "done"}
    assert outcome.results[-1].message == "\n".join((problem.what, *lines))
    assert scene.told[-1] == ("a", "failed", problem.what)


def test_what_only_needs_longer_is_told_how_to_get_it() -> None:
    outcome = Scene({"a": [ON_ITS_WAY]}).outcome(run_of(resource("a")))
    assert "--timeout" in str(outcome.problems[0].hint)


@pytest.mark.parametrize(
    ("health", "what"),
    [
        (Health("failed", "the job failed: it has reached the backoff limit"), "it does not come up: the job failed"),
        (Health("gone"), "it is gone: somebody deleted it while it was waited for"),
    ],
)
def test_what_will_not_come_up_any_more_ends_the_waiting_at_once(health: Health, what: str) -> None:
    scene = Scene({"a": [ON_ITS_WAY, health]})
    outcome = scene.outcome(run_of(resource("a")))
    assert scene.seconds == 1
    assert outcome.problems[0].what.startswith(what)


def test_each_resource_has_its_own_time() -> None:
    annotated = resource("a")
    annotated = replace(annotated, attributes={"metadata": {"annotations": {"pulumi.com/timeoutSeconds": "5"}}})
    scene = Scene({"a": [ON_ITS_WAY], "b": [ON_ITS_WAY, *[ON_ITS_WAY] * 20, READY]})
    outcome = scene.outcome(run_of(annotated, resource("b")))
    assert [each.where for each in outcome.problems] == ["a"]
    assert scene.seconds == 21


ANNOTATED = {"metadata": {"annotations": {"pulumi.com/timeoutSeconds": "5"}}}
OPTIONS: dict[str, Any] = {"customTimeouts": {"create": "3m", "update": "2m"}}


@pytest.mark.parametrize(
    ("parts", "patience", "target", "operation", "seconds"),
    [
        ({}, 0, "", "create", 600),
        ({}, 0, "4m", "create", 240),
        ({}, 90, "4m", "create", 90),
        ({"attributes": ANNOTATED}, 0, "4m", "create", 5),
        ({"attributes": ANNOTATED}, 90, "4m", "create", 90),
        ({"attributes": {"metadata": {}, "spec": {"progressDeadlineSeconds": 30}}}, 0, "4m", "create", 30),
        ({"options": OPTIONS, "attributes": ANNOTATED}, 0, "", "create", 180),
        ({"options": OPTIONS}, 0, "", "update", 120),
        ({"options": OPTIONS}, 0, "", "same", 120),
        ({"options": {"customTimeouts": {"delete": "1m"}}}, 0, "4m", "create", 240),
        ({"options": {"customTimeouts": {"create": "a while"}}}, 0, "4m", "create", 240),
    ],
)
def test_how_long_a_resource_has(
    parts: dict[str, Any], patience: float, target: str, operation: Operation, seconds: float
) -> None:
    run = run_of(patience=Patience(timeout=patience), timeout=target)
    assert timeout_of(replace(resource("a"), **parts), run, operation) == seconds


def test_only_what_needs_time_is_waited_for() -> None:
    others = [resource("c", "kubernetes:core/v1:ConfigMap"), resource("p", "kusion:index:RandomPassword")]
    custom = resource("w", "kubernetes:apps.kusionstack.io/v1alpha1:CollaSet", workload=True)
    judged = resource("j", "kubernetes:acme.io/v1:Tab", health={"health.kcl": "assert res.status.ok"})
    scene = Scene({"w": [ON_ITS_WAY, READY], "j": [READY]})
    assert scene.outcome(run_of(*others, custom, judged)).error == ""
    assert scene.told == [("w", "waiting", ON_ITS_WAY.text), ("w", "ready", READY.text)]


def test_an_object_that_says_so_is_not_waited_for() -> None:
    skipping = {"metadata": {"annotations": {"pulumi.com/skipAwait": "true"}}}
    assert Scene({}).outcome(run_of(replace(resource("a"), attributes=skipping))).error == ""


def test_what_was_not_touched_is_waited_for_too() -> None:
    scene = Scene({"a": [ON_ITS_WAY]})
    outcome = scene.outcome(run_of(resource("a")), Outcome(resources=("a",)))
    assert [(each.id, each.operation, each.status) for each in outcome.results] == [("a", "same", "unready")]


def test_a_run_that_does_not_wait_says_so() -> None:
    scene = Scene({})
    outcome = scene.outcome(run_of(resource("a"), patience=Patience(wait=False)))
    assert (outcome.error, scene.told) == ("", [])
    assert outcome.note == "nobody waited until 1 object had come up; see `kusion resource list --live`"


@pytest.mark.parametrize("outcome", [Outcome(error="it failed"), Outcome(interrupted=True)])
def test_a_run_that_did_not_do_everything_is_not_waited_for(outcome: Outcome) -> None:
    assert Scene({}).outcome(run_of(resource("a")), outcome) is outcome


def test_where_there_is_no_cluster_nobody_waits() -> None:
    outcome = Outcome()
    assert come_up(run_of(resource("a")), None, outcome, print) is outcome


def test_an_interrupt_ends_the_waiting_and_loses_nothing() -> None:
    scene = Scene({"a": [ON_ITS_WAY, KeyboardInterrupt()]})
    outcome = scene.outcome(run_of(resource("a")))
    assert outcome.interrupted
    assert outcome.error.startswith("interrupted while waiting; everything was applied")
    assert [each.status for each in outcome.results] == ["done"]


def test_an_api_server_that_does_not_answer_is_asked_again() -> None:
    scene = Scene({"a": [EngineError("the cluster cannot be reached"), READY]})
    assert scene.outcome(run_of(resource("a"))).error == ""


def test_what_it_does_not_tell_in_time_is_not_known_to_have_come_up() -> None:
    scene = Scene({"a": [EngineError("the cluster cannot be reached")]})
    outcome = scene.outcome(run_of(resource("a"), patience=Patience(timeout=5)))
    assert str(outcome.problems[0]) == (
        "a: it has not come up within 5s: it cannot be told how it is doing\n  the cluster cannot be reached"
    )
