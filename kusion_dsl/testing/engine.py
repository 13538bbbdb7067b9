"""An engine in memory: what a test needs to see operations at work without Pulumi."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from kusion_dsl.engine.cluster.rollout import Clock, come_up
from kusion_dsl.engine.run import Outcome, Report, Run
from kusion_dsl.errors import EngineError, Problem
from kusion_dsl.model.change import FORGOTTEN, Operation, Progress, ResourceResult, Step
from kusion_dsl.model.field_owner import Manager
from kusion_dsl.model.health import Health
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.spec import SpecResource

Objects = dict[str, Mapping[str, Any]]


class FakeEngine:
    """Makes live what a Spec says, in dictionaries.

    ``live`` has the objects of each target by its identity, and may be changed by a test to play somebody else.
    ``state`` is what each stack was left with. ``outputs`` is what resources come to have beside their attributes.
    ``replacing`` are ids of resources that are replaced where others are updated, ``failing`` of those that cannot be
    changed; ``refused`` is, by id, what the target has against a change, which a preview tells; ``held_by`` are, by id,
    those who manage an object that is live and no stack's, ``kept`` why an object is to stay when it would be deleted;
    ``managers`` are, by id, those who wrote fields of a stack's object, by the labels of these; ``rollouts`` is, by id,
    how a resource that has to come up is doing at each look, the last one from then on; ``broken`` is an error that every
    apply and destroy ends with, before it did anything. ``calls`` are the names of the methods that were called.
    """

    def __init__(self) -> None:
        self.live: dict[str, Objects] = {}
        self.state: dict[StackRef, dict[str, SpecResource]] = {}
        self.outputs: dict[str, Mapping[str, Any]] = {}
        self.replacing: set[str] = set()
        self.failing: set[str] = set()
        self.refused: dict[str, str] = {}
        self.held_by: dict[str, tuple[str, ...]] = {}
        self.kept: dict[str, str] = {}
        self.managers: dict[str, Mapping[str, Manager]] = {}
        self.rollouts: dict[str, list[Health]] = {}
        self.broken: EngineError | None = None
        self.calls: list[str] = []

    def preview(self, run: Run) -> tuple[Step, ...]:
        """What ``apply`` would do."""
        self.calls.append("preview")
        refused = {id: Problem(what, id) for id, what in self.refused.items()}
        return tuple(replace(step, refused=refused.get(step.id)) for step in self._steps(run))

    def apply(self, run: Run, report: Report) -> Outcome:
        """Make live what ``run.spec`` says; resources in ``failing`` fail, and with them what depends on them."""
        self.calls.append("apply")
        outcome = self._carry_out(run, self._steps(run), report)
        if not self.rollouts:
            return outcome
        seconds = itertools.count()
        clock = Clock(now=lambda: float(next(seconds)), sleep=lambda _: None)
        return come_up(run, _Looks(self.rollouts), outcome, report, clock)

    def health(self, run: Run, *, everything: bool = False) -> Mapping[str, Health]:
        """How resources are doing, as a test has said."""
        self.calls.append("health")
        return {id: looks[-1] for id, looks in self.rollouts.items() if id in run.spec}

    def destroy(self, run: Run, report: Report) -> Outcome:
        """Remove, or forget, what the stack was left with, but for what is protected or in ``failing``."""
        self.calls.append("destroy")
        if run.forget:
            had = self.state.pop(run.ref, {}).items()
            return Outcome(tuple(ResourceResult(id, each.type, "delete", "done", FORGOTTEN) for id, each in had))
        state = self.state.get(run.ref, {})
        stays = _protected(state)
        gone = [Step(id, state[id].type, "delete") for id in reversed(state) if id not in stays]
        return self._carry_out(run, gone, report)

    def _steps(self, run: Run) -> tuple[Step, ...]:
        for resource in run.spec.resources:
            for reference in resource.references():
                if reference.is_secret:
                    run.secret(reference)
        state = self.state.get(run.ref, {})
        live = self.live.get(run.target.identity, {})
        steps = [self._step(run, each, state.get(each.id), live.get(each.id)) for each in run.spec.resources]
        for id, gone in reversed(state.items()):
            if id not in run.spec and (id in live or not run.refresh):
                kept = self.kept.get(id, "")
                steps.append(Step(id, gone.type, "delete", gone.attributes, live.get(id), kept=kept))
        return tuple(steps)

    def _step(self, run: Run, wanted: SpecResource, state: SpecResource | None, live: Mapping[str, Any] | None) -> Step:
        if state is None and live is not None and wanted.id in self.held_by:
            return Step(wanted.id, wanted.type, "adopt", None, live, wanted.attributes, held_by=self.held_by[wanted.id])
        seen = live if run.refresh else (state.attributes if state else None)
        operation: Operation = "same"
        if state is None or seen is None:
            operation = "create"
        elif seen != wanted.attributes:
            operation = "replace" if wanted.id in self.replacing else "update"
        known = state.attributes if state else None
        managers = self.managers.get(wanted.id, {}) if operation == "update" else {}
        return Step(wanted.id, wanted.type, operation, known, seen, wanted.attributes, managers=managers)

    def _carry_out(self, run: Run, steps: Sequence[Step], report: Report) -> Outcome:
        if self.broken is not None:
            raise self.broken
        state = self.state.setdefault(run.ref, {})
        results: list[ResourceResult] = []
        failed: set[str] = set()
        for step in steps:
            wanted = run.spec.get(step.id) if step.operation != "delete" else None
            if wanted is not None and failed & set(wanted.depends_on):
                failed.add(step.id)
            elif wanted is not None and step.operation == "same":
                state[step.id] = wanted  # its options may have changed
            else:
                report(Progress(step.id, step.operation, "running"))
                results.append(self._result(run, step, wanted))
                status: Literal["done", "failed"] = "done" if results[-1].is_applied else "failed"
                report(Progress(step.id, step.operation, status, results[-1].message))
                failed |= {step.id} if status == "failed" else set()
        outputs = {id: {**each.attributes, **self.outputs.get(id, {})} for id, each in state.items()}
        return Outcome(
            tuple(results),
            tuple(sorted(state)),
            "some resources failed" if failed else "",
            outputs=outputs,
            problems=tuple(Problem(each.message, each.id) for each in results if each.status == "failed"),
        )

    def _result(self, run: Run, step: Step, wanted: SpecResource | None) -> ResourceResult:
        """Do one step, unless it is to fail."""
        if step.operation == "adopt" and step.id not in run.adopt:
            return ResourceResult(step.id, step.type, "create", "failed", "it is there already")
        if step.id in self.failing:
            return ResourceResult(step.id, step.type, step.operation, "failed", "made to fail")
        state, live = self.state[run.ref], self.live.setdefault(run.target.identity, {})
        if wanted is not None:
            state[step.id] = wanted
            live[step.id] = copy.deepcopy(dict(wanted.attributes))
        else:
            known = state.pop(step.id)
            if step.id in run.retain or known.options.get("retainOnDelete"):
                return ResourceResult(step.id, step.type, step.operation, "done", FORGOTTEN)
            live.pop(step.id, None)
        return ResourceResult(step.id, step.type, step.operation, "done")


class _Looks:
    """Looks at resources that come up as a test has said; all others have."""

    def __init__(self, rollouts: Mapping[str, Sequence[Health]]) -> None:
        self._left = {id: list(looks) for id, looks in rollouts.items()}

    def look(self, resources: Sequence[SpecResource]) -> Mapping[str, Health]:
        """The next look at each."""
        return {each.id: self._next(self._left.get(each.id, [])) for each in resources}

    def _next(self, looks: list[Health]) -> Health:
        if len(looks) > 1:
            return looks.pop(0)
        return looks[0] if looks else Health("ready")


def _protected(state: Mapping[str, SpecResource]) -> set[str]:
    """The ids of what is protected, and of everything that depends on."""
    stays: set[str] = set()
    waiting = [id for id, resource in state.items() if resource.options.get("protect")]
    while waiting:
        id = waiting.pop()
        if id not in stays:
            stays.add(id)
            waiting += state[id].depends_on
    return stays
