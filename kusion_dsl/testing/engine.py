"""An engine in memory: what a test needs to see operations at work without Pulumi."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from kusion_dsl.engine.run import Outcome, Report, Run
from kusion_dsl.errors import EngineError
from kusion_dsl.model.change import Operation, Progress, ResourceResult, Step
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.spec import SpecResource

Objects = dict[str, Mapping[str, Any]]


class FakeEngine:
    """Makes live what a Spec says, in dictionaries.

    ``live`` has the objects of each target by its identity, and may be changed by a test to play somebody else.
    ``state`` is what each stack was left with. ``outputs`` is what resources come to have beside their attributes.
    ``replacing`` are ids of resources that are replaced where others are updated, ``failing`` of those that cannot be
    changed; ``broken`` is an error that every apply and destroy ends with, before it did anything. ``calls`` are the
    names of the methods that were called.
    """

    def __init__(self) -> None:
        self.live: dict[str, Objects] = {}
        self.state: dict[StackRef, dict[str, SpecResource]] = {}
        self.outputs: dict[str, Mapping[str, Any]] = {}
        self.replacing: set[str] = set()
        self.failing: set[str] = set()
        self.broken: EngineError | None = None
        self.calls: list[str] = []

    def preview(self, run: Run) -> tuple[Step, ...]:
        """What ``apply`` would do."""
        self.calls.append("preview")
        return self._steps(run)

    def apply(self, run: Run, report: Report) -> Outcome:
        """Make live what ``run.spec`` says; resources in ``failing`` fail, and with them what depends on them."""
        self.calls.append("apply")
        return self._carry_out(run, self._steps(run), report)

    def destroy(self, run: Run, report: Report) -> Outcome:
        """Remove everything that the stack was left with, but for what is protected or in ``failing``."""
        self.calls.append("destroy")
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
                steps.append(Step(id, gone.type, "delete", gone.attributes, live.get(id)))
        return tuple(steps)

    def _step(self, run: Run, wanted: SpecResource, state: SpecResource | None, live: Mapping[str, Any] | None) -> Step:
        seen = live if run.refresh else (state.attributes if state else None)
        operation: Operation = "same"
        if state is None or seen is None:
            operation = "create"
        elif seen != wanted.attributes:
            operation = "replace" if wanted.id in self.replacing else "update"
        known = state.attributes if state else None
        return Step(wanted.id, wanted.type, operation, known, seen, wanted.attributes)

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
                report(Progress(step.id, step.operation, results[-1].status, results[-1].message))
                failed |= {step.id} if results[-1].status == "failed" else set()
        outputs = {id: {**each.attributes, **self.outputs.get(id, {})} for id, each in state.items()}
        return Outcome(tuple(results), tuple(sorted(state)), "some resources failed" if failed else "", outputs=outputs)

    def _result(self, run: Run, step: Step, wanted: SpecResource | None) -> ResourceResult:
        """Do one step, unless it is to fail."""
        if step.id in self.failing:
            return ResourceResult(step.id, step.type, step.operation, "failed", "made to fail")
        state, live = self.state[run.ref], self.live.setdefault(run.target.identity, {})
        if wanted is not None:
            state[step.id] = wanted
            live[step.id] = copy.deepcopy(dict(wanted.attributes))
        else:
            known = state.pop(step.id)
            if step.id in run.retain or known.options.get("retainOnDelete"):
                return ResourceResult(step.id, step.type, step.operation, "done", "kept, only forgotten")
            live.pop(step.id, None)
        return ResourceResult(step.id, step.type, step.operation, "done")


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
