"""Waiting until what was applied has come up, telling how far it is and why it does not get further.

The provider is told not to wait (see ``objects``): it would begin to wait for the next object only when the first has
come up, wait ten seconds for every Service, know nothing of the workspace's policies, and remember what was not ready
in its state, so that the next preview has a change where there is none. So everything is applied first, as kubectl and
helm do it, and then waited for at once; whatever becomes of that, what was applied is recorded already.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from kusion_dsl.engine.cluster.objects import SKIP
from kusion_dsl.engine.cluster.observer import needs_time
from kusion_dsl.engine.run import Outcome, Report, Run
from kusion_dsl.errors import EngineError, Problem
from kusion_dsl.model.change import Operation, Progress, ResourceResult
from kusion_dsl.model.duration import duration_text, seconds_of
from kusion_dsl.model.health import Health, Trouble
from kusion_dsl.model.spec import SpecResource

TIMEOUT = 600.0
"""Seconds that a resource has to come up where nobody says otherwise; the provider's own, and a Deployment's."""

_EVERY = 1.0
"""Seconds between two looks; as long as the look took where that is more, so that a large stack is no burden."""
_TIMEOUT = "pulumi.com/timeoutSeconds"
"""The provider's, for the time that an object has; a Deployment has ``progressDeadlineSeconds``, too."""


class Look(Protocol):
    """Tells how resources are doing: an ``Observer``."""

    def look(self, resources: Sequence[SpecResource]) -> Mapping[str, Health]:
        """How ``resources`` are doing now, by id. Raises EngineError."""


@dataclass
class Rollout:
    """What became of the waiting: why each resource that did not come up did not, and whether somebody ended it."""

    failures: dict[str, Health] = field(default_factory=dict)
    interrupted: bool = False


@dataclass(frozen=True)
class Clock:
    """The time in seconds from some moment on, and how to let some of it pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def awaited(run: Run) -> tuple[SpecResource, ...]:
    """The resources of a run that have to come up, but for those that say themselves that nobody is to wait."""
    return tuple(each for each in run.spec.resources if needs_time(each) and _annotation(each, SKIP).lower() != "true")


def timeout_of(resource: SpecResource, run: Run, operation: Operation) -> float:
    """Seconds that a resource has: as the run says, else it says itself, else the target says, else ten minutes."""
    if run.patience.timeout:
        return run.patience.timeout
    own = resource.options.get("customTimeouts", {}).get("update" if operation in ("update", "same") else "create")
    annotated = _annotation(resource, _TIMEOUT)
    deadline = (resource.attributes.get("spec") or {}).get("progressDeadlineSeconds", "")
    for given in (own, f"{annotated}s", f"{deadline}s", run.target.timeout):
        try:
            if given:
                return seconds_of(given)
        except ValueError:  # the provider passes over what it cannot read, too
            continue
    return TIMEOUT


def _annotation(resource: SpecResource, name: str) -> str:
    return str((resource.attributes["metadata"].get("annotations") or {}).get(name, ""))


class _Wait:
    """The waiting for the resources of one run."""

    def __init__(self, run: Run, operations: Mapping[str, Operation], report: Report) -> None:
        self._run = run
        self._operations = operations
        self._report = report
        self._told: dict[str, tuple[str, tuple[Trouble, ...]]] = {}
        self.rollout = Rollout()

    def take(self, resource: SpecResource, health: Health, passed: float) -> bool:
        """Tell what is new about a resource; whether it is still to be waited for, ``passed`` seconds on."""
        operation = self._operations.get(resource.id, "same")
        if health.status == "ready":
            if resource.id in self._told:
                self._report(Progress(resource.id, operation, "ready", health.text))
            return False
        timeout = timeout_of(resource, self._run, operation)
        if health.status in ("failed", "gone") or passed >= timeout:
            self._fail(resource.id, operation, health, timeout)
            return False
        news = (health.text, health.troubles)
        if self._told.get(resource.id) != news:
            self._told[resource.id] = news
            self._report(Progress(resource.id, operation, "waiting", health.text, health.troubles))
        return True

    def _fail(self, id: str, operation: Operation, health: Health, timeout: float) -> None:
        what = {
            "failed": f"it does not come up: {health.text}",
            "gone": "it is gone: somebody deleted it while it was waited for",
        }
        late = f"it has not come up within {duration_text(timeout)}{f': {health.text}' if health.text else ''}"
        failure = Health(health.status, what.get(health.status, late), health.troubles)
        self.rollout.failures[id] = failure
        self._report(Progress(id, operation, "failed", failure.text))


def follow(
    run: Run,
    observer: Look,
    operations: Mapping[str, Operation],
    report: Report,
    clock: Clock | None = None,
) -> Rollout:
    """Wait until every resource of ``run`` that has to has come up, its time has passed, or somebody interrupts.

    ``operations`` are those of the resources that were touched. An API server that does not answer ends nothing: it is
    asked again, and what it does not tell in time is not known to have come up.
    """
    clock = clock or Clock()
    wait = _Wait(run, operations, report)
    pending: Sequence[SpecResource] = awaited(run)
    begun = clock.now()
    try:
        while pending:
            before = clock.now()
            seen = _seen(observer, pending)
            now = clock.now()
            pending = [each for each in pending if wait.take(each, seen[each.id], now - begun)]
            if pending:
                clock.sleep(max(_EVERY, now - before))
    except KeyboardInterrupt:
        wait.rollout.interrupted = True
    return wait.rollout


def _seen(observer: Look, pending: Sequence[SpecResource]) -> Mapping[str, Health]:
    try:
        return observer.look(pending)
    except EngineError as error:
        [problem, *_] = error.problems
        why = "; ".join((problem.what, *problem.details))
        unknown = Health("unknown", "it cannot be told how it is doing", (Trouble(why),))
        return {resource.id: unknown for resource in pending}


def come_up(run: Run, observer: Look | None, outcome: Outcome, report: Report, clock: Clock | None = None) -> Outcome:
    """``outcome``, with what did not come up; nobody looks where the target is no cluster.

    A run that failed, or was interrupted, is not waited for: whoever repairs it waits then, for everything.
    """
    waited = awaited(run)
    if observer is None or outcome.error or outcome.interrupted or not waited:
        return outcome
    if not run.patience.wait:
        objects = "1 object" if len(waited) == 1 else f"{len(waited)} objects"
        return replace(outcome, note=f"nobody waited until {objects} had come up; see `kusion resource list --live`")
    operations = {each.id: each.operation for each in outcome.results}
    rollout = follow(run, observer, operations, report, clock)
    if rollout.interrupted:
        what = "interrupted while waiting; everything was applied, see `kusion resource list --live` for what comes up"
        return replace(outcome, error=what, interrupted=True)
    problems = tuple(
        Problem(health.text, id, _hint(health), tuple(health.lines)) for id, health in rollout.failures.items()
    )
    if not problems:
        return outcome
    return replace(
        outcome,
        error="\n".join(map(str, problems)),
        problems=problems,
        results=tuple(_results(run, outcome.results, rollout.failures)),
    )


def _hint(health: Health) -> str | None:
    """What to do where something that does not heal by itself is not the reason: to wait longer."""
    if health.status != "progressing":
        return None
    return "it may still come up: see `kusion resource show --live`; --timeout gives it more time"


def _results(run: Run, results: Sequence[ResourceResult], failures: Mapping[str, Health]) -> Iterator[ResourceResult]:
    """``results`` with those that did not come up, which need not have been touched."""
    known = {each.id: each for each in results}
    for each in results:
        if each.id not in failures:
            yield each
    for id, health in failures.items():
        message = "\n".join((health.text, *health.lines))
        untouched = ResourceResult(id, run.spec[id].type, "same", "unready")
        yield replace(known.get(id, untouched), status="unready", message=message)
