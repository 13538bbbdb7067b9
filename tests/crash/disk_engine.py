"""An engine that survives its process: it keeps the state of a stack as the real one does, objects are in a Cloud."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from kusion_dsl.engine.run import Outcome, Report, Run
from kusion_dsl.errors import EngineError, KusionError
from kusion_dsl.model.change import Operation, Progress, ResourceResult, Step
from kusion_dsl.model.health import Health
from kusion_dsl.model.spec import SpecResource
from kusion_dsl.model.state import StateAtRest
from tests.crash.cloud import Cloud

Call = Literal["create", "update", "delete"]


@dataclass
class Known:
    """What the engine knows of a stack: the resources that exist, and the call that was begun and has not ended.

    ``changed`` tells whether there is more to know than what lies in the backend as a state.
    """

    resources: dict[str, SpecResource] = field(default_factory=dict)
    begun: tuple[Call, SpecResource] | None = None
    changed: bool = False

    def begin(self, call: Call, resource: SpecResource) -> bytes:
        """Note that a call is about to be made; the record that says so."""
        self.begun, self.changed = (call, resource), True
        return json.dumps({"begin": call, "resource": resource.to_json()}).encode()

    def end(self, done: bool) -> bytes:
        """Note how the call that was begun has ended; the record that says so."""
        assert self.begun is not None
        call, resource = self.begun
        self.begun = None
        if done and call == "delete":
            self.resources.pop(resource.id, None)
        elif done:
            self.resources[resource.id] = resource
        return json.dumps({"end": done}).encode()

    def follow(self, record: bytes) -> None:
        """Take over what a record of an earlier run says."""
        said = json.loads(record)
        if "begin" in said:
            self.begin(said["begin"], SpecResource.from_json(said["resource"]))
        else:
            self.end(said["end"])

    def to_bytes(self) -> bytes:
        """The stored form of the resources."""
        return json.dumps([each.to_json() for each in self.resources.values()]).encode()

    @classmethod
    def of(cls, rest: StateAtRest) -> Known:
        """What lies in the backend says."""
        base = rest.journal[0] if rest.journal else rest.folded
        resources = map(SpecResource.from_json, json.loads(base or b"[]"))
        known = cls({each.id: each for each in resources}, changed=rest.is_unfinished or rest.published != rest.folded)
        for record in rest.journal[1:]:
            known.follow(record)
        return known


class DiskEngine:
    """Implements :class:`kusion_dsl.engine.run.Engine`.

    ``clouds`` is the directory of the clouds, one for each target; ``replacing`` are words in ids of resources that
    are replaced where others are updated.
    """

    def __init__(self, clouds: Path, replacing: frozenset[str] = frozenset()) -> None:
        self._clouds = clouds
        self._replacing = replacing

    def cloud(self, target: str) -> Cloud:
        """What is live on a target."""
        return Cloud(self._clouds / quote(target, safe=""))

    def preview(self, run: Run) -> tuple[Step, ...]:
        """What ``apply`` would do."""
        return self._steps(run, self._known(run))

    def apply(self, run: Run, report: Report) -> Outcome:
        """Make live what ``run.spec`` says."""
        known = self._known(run)
        return self._carry_out(run, known, self._steps(run, known), report)

    def destroy(self, run: Run, report: Report) -> Outcome:
        """Remove everything that the stack has, but for what is only to be forgotten."""
        known = self._known(run)
        gone = tuple(Step(each.id, each.type, "delete") for each in reversed(known.resources.values()))
        return self._carry_out(run, known, gone, report)

    def health(self, run: Run, *, everything: bool = False) -> Mapping[str, Health]:
        """Nothing: a file does not tell how it is doing."""
        return {}

    def _known(self, run: Run) -> Known:
        """What the engine knows.

        A call that was cut off is not known to be done, but what it created is found, and is the stack's own.
        """
        known = Known.of(run.state.read())
        if known.begun is not None:
            call, resource = known.begun
            known.end(call == "create" and self.cloud(run.target.identity).read(resource.id) is not None)
        return known

    def _steps(self, run: Run, known: Known) -> tuple[Step, ...]:
        live = self.cloud(run.target.identity).objects
        steps = [self._step(run, each, known.resources.get(each.id), live) for each in run.spec.resources]
        for id, resource in reversed(known.resources.items()):
            if id not in run.spec:
                steps.append(Step(id, resource.type, "delete", resource.attributes, live.get(id)))
        return tuple(steps)

    def _step(
        self, run: Run, wanted: SpecResource, had: SpecResource | None, live: Mapping[str, Mapping[str, Any]]
    ) -> Step:
        state = had.attributes if had else None
        seen = live.get(wanted.id) if run.refresh else state
        operation: Operation = "same"
        if state is None or seen is None:
            operation = "create"
        elif seen != wanted.attributes:
            operation = "replace" if any(word in wanted.id for word in self._replacing) else "update"
        return Step(wanted.id, wanted.type, operation, state, seen, wanted.attributes)

    def _carry_out(self, run: Run, known: Known, steps: tuple[Step, ...], report: Report) -> Outcome:
        results: list[ResourceResult] = []
        run.state.begin(known.to_bytes())
        try:
            for step in steps:
                if step.operation != "same":
                    report(Progress(step.id, step.operation, "running"))
                    results.append(self._carry_out_one(run, known, step))
                    status: Literal["done", "failed"] = "done" if results[-1].is_applied else "failed"
                    report(Progress(step.id, step.operation, status, results[-1].message))
                elif run.spec[step.id] != known.resources[step.id]:
                    known.changed = True  # its options are other ones
                    known.resources[step.id] = run.spec[step.id]
        finally:
            if known.changed:
                run.state.fold(known.to_bytes())
            else:
                run.state.discard()
        failed = [f"{each.id}: {each.message}" for each in results if each.status == "failed"]
        return Outcome(tuple(results), tuple(sorted(known.resources)), "\n".join(failed))

    def _carry_out_one(self, run: Run, known: Known, step: Step) -> ResourceResult:
        """Do one step; a replacement deletes first."""
        try:
            if step.operation in ("delete", "replace"):
                self._call(run, known, "delete", known.resources[step.id])
            if step.operation != "delete":
                self._call(run, known, "update" if step.operation == "update" else "create", run.spec[step.id])
        except EngineError as error:
            return ResourceResult(step.id, step.type, step.operation, "failed", error.problems[0].what)
        return ResourceResult(step.id, step.type, step.operation, "done")

    def _call(self, run: Run, known: Known, call: Call, resource: SpecResource) -> None:
        """Make one call to the cloud, known before and after."""
        cloud = self.cloud(run.target.identity)
        run.state.append(known.begin(call, resource))
        try:
            if call == "create":
                cloud.create(resource.id, resource.attributes)
            elif call == "update":
                cloud.update(resource.id, resource.attributes)
            elif resource.id not in run.retain:
                cloud.delete(resource.id)
        except KusionError:
            run.state.append(known.end(done=False))
            raise
        run.state.append(known.end(done=True))
