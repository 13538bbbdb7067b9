"""Pulumi's events become steps of a preview, and progress and results of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi import automation as auto
from pulumi.automation import OpType
from pulumi.automation.events import StepEventMetadata

from kusion_dsl.engine.checkpoint import is_ours, name_of
from kusion_dsl.engine.cluster.refusals import leaves_open
from kusion_dsl.engine.diagnostics import Diagnostics
from kusion_dsl.engine.run import Report
from kusion_dsl.engine.values import shown
from kusion_dsl.model.change import FORGOTTEN, Operation, Progress, ResourceResult, Step
from kusion_dsl.model.masking import Mask
from kusion_dsl.model.spec import KUBERNETES

_OPERATIONS: Mapping[str, Operation] = {
    OpType.SAME: "same",
    OpType.READ: "same",
    OpType.CREATE: "create",
    OpType.IMPORT: "adopt",
    OpType.UPDATE: "update",
    OpType.DELETE: "delete",
    OpType.DISCARD: "delete",
    OpType.REPLACE: "replace",
    OpType.CREATE_REPLACEMENT: "replace",
    OpType.IMPORT_REPLACEMENT: "replace",
    OpType.READ_REPLACEMENT: "replace",
    OpType.DELETE_REPLACED: "replace",
    OpType.DISCARD_REPLACED: "replace",
    OpType.REMOVE_PENDING_REPLACE: "replace",
}
"""What each of Pulumi's operations is to the user; refresh is none, it only reads."""

_REAL: frozenset[str] = frozenset(_OPERATIONS) - {OpType.SAME, OpType.READ, OpType.REPLACE}
"""Those that do something; REPLACE is only the name for a deletion and a creation."""

_LAST_OF_REPLACEMENT: frozenset[str] = frozenset({OpType.CREATE_REPLACEMENT, OpType.IMPORT_REPLACEMENT})


@dataclass
class _Touched:
    """A resource to which something was done: what is under way, and whether anything failed."""

    type: str
    operation: Operation
    under_way: set[str] = field(default_factory=set)
    failed: bool = False


@dataclass
class _Planned:
    """What is known about one resource of a preview."""

    type: str
    operation: Operation = "same"
    state: Mapping[str, Any] | None = None
    live: Mapping[str, Any] | None = None
    refreshed: bool = False
    wanted: Mapping[str, Any] | None = None
    differs: set[str] = field(default_factory=set)
    drifted: set[str] = field(default_factory=set)
    replaces: tuple[str, ...] = ()
    object: Mapping[str, Any] | None = None
    predicted: Mapping[str, Any] | None = None


class Recorder:
    """Takes the events of one operation, in gRPC's thread, as they come.

    What ``report`` raises is kept in ``raised``, as the SDK would swallow it. Not thread-safe: it is read when the
    operation is over.
    """

    def __init__(
        self, report: Report, mask: Mask, retain: frozenset[str] = frozenset(), adopt: frozenset[str] = frozenset()
    ) -> None:
        self.began = False
        self.raised: BaseException | None = None
        self.diagnostics = Diagnostics()
        self._report = report
        self._mask = mask
        self._retain = retain
        self._adopt = adopt
        self._imported: set[str] = set()
        self._touched: dict[str, _Touched] = {}
        self._planned: dict[str, _Planned] = {}

    def __call__(self, event: auto.EngineEvent) -> None:
        """Take one event."""
        try:
            self._take(event)
        except Exception as error:
            self.raised = self.raised or error

    def _take(self, event: auto.EngineEvent) -> None:
        if event.prelude_event:
            self.began = True
        elif event.diagnostic_event and event.diagnostic_event.severity == "error":
            urn = event.diagnostic_event.urn or ""
            id = name_of(urn) if urn and is_ours(urn) else ""
            self.diagnostics.add(id, self._mask.text(event.diagnostic_event.message))
        elif event.resource_pre_event and is_ours(event.resource_pre_event.metadata.urn):
            self._begin(event.resource_pre_event.metadata)
        elif event.res_outputs_event and is_ours(event.res_outputs_event.metadata.urn):
            self._end(event.res_outputs_event.metadata)
        elif event.res_op_failed_event and is_ours(event.res_op_failed_event.metadata.urn):
            self._fail(event.res_op_failed_event.metadata)

    def _begin(self, step: StepEventMetadata) -> None:
        self._plan(step)
        if step.op not in _REAL:
            return
        id, operation = name_of(step.urn), self._operation(step)
        if id not in self._touched:
            self._touched[id] = _Touched(step.type, operation)
            self._report(Progress(id, operation, "running"))
        known = self._touched[id]
        known.operation = operation
        known.under_way.add(step.op)

    def _end(self, step: StepEventMetadata) -> None:
        if step.op == OpType.REFRESH:
            self._read(step)
            return
        id = name_of(step.urn)
        if id in self._planned and step.op == OpType.UPDATE:
            self._planned[id].predicted = _outputs(step)
        known = self._touched.get(id)
        if known is None or step.op not in known.under_way:
            return
        known.under_way.discard(step.op)
        if known.operation != "replace" or step.op in _LAST_OF_REPLACEMENT:
            done = "update" if step.op == OpType.UPDATE else known.operation
            self._report(Progress(id, done, "done", self._note(id, done)))

    def _fail(self, step: StepEventMetadata) -> None:
        id = name_of(step.urn)
        known = self._touched.get(id)
        if known is None:
            return
        known.under_way.discard(step.op)
        known.failed = True
        self._report(Progress(id, known.operation, "failed", self.diagnostics.of(id)))

    def _operation(self, step: StepEventMetadata) -> Operation:
        """What is done to a resource. What Pulumi imports it updates after that, where it is not as it is to be."""
        id, operation = name_of(step.urn), _OPERATIONS[step.op]
        self._imported |= {id} if step.op == OpType.IMPORT else set()
        adopting = self._adopt if operation == "create" else self._imported if operation == "update" else ()
        return "adopt" if id in adopting else operation

    def _note(self, id: str, operation: Operation) -> str:
        return FORGOTTEN if operation == "delete" and id in self._retain else ""

    def _read(self, step: StepEventMetadata) -> None:
        planned = self._planned.setdefault(name_of(step.urn), _Planned(step.type))
        planned.state = _inputs(step.old)
        planned.live = _inputs(step.new)
        planned.object = _outputs(step)
        planned.drifted |= (step.detailed_diff or {}).keys()
        planned.refreshed = True

    def _plan(self, step: StepEventMetadata) -> None:
        if step.op == OpType.REFRESH:
            return
        planned = self._planned.setdefault(name_of(step.urn), _Planned(step.type))
        planned.operation = self._operation(step)
        if not planned.refreshed and step.old is not None:
            planned.state = planned.live = _inputs(step.old)
        if step.new is not None:
            planned.wanted = _inputs(step.new)
        detailed = step.detailed_diff or {}
        planned.differs |= detailed.keys()
        forcing = tuple(sorted(path for path, diff in detailed.items() if diff.diff_kind.value.endswith("-replace")))
        planned.replaces = planned.replaces or forcing or tuple(sorted(step.keys or ()))

    def steps(self, order: Sequence[str]) -> tuple[Step, ...]:
        """One step per resource of a preview, in the order of ``order``, then the rest by id."""
        return tuple(
            Step(
                id,
                each.type,
                each.operation,
                each.state if each.operation != "adopt" else None,
                each.live if each.operation != "adopt" or each.live is not None else each.wanted,
                each.wanted,
                each.replaces,
                tuple(sorted(each.differs)),
                tuple(sorted(each.drifted)),
            )
            for id, each in _ordered(self._planned, order)
        )

    @property
    def objects(self) -> dict[str, tuple[Mapping[str, Any], Mapping[str, Any] | None]]:
        """Of a preview that read live, by id: what changes as it is, and as the provider says that the update makes it.

        Secrets are blinded as far as the provider knows them.
        """
        changing = [(id, each) for id, each in self._planned.items() if each.operation in ("update", "replace")]
        return {
            id: (shown(each.object), shown(each.predicted) if each.predicted else None)
            for id, each in changing
            if each.object
        }

    def results(self, order: Sequence[str]) -> tuple[ResourceResult, ...]:
        """One result per resource that was touched; what was begun and not ended counts as failed."""
        return tuple(self._result(id, each) for id, each in _ordered(self._touched, order))

    @property
    def doubtful(self) -> frozenset[str]:
        """The ids of the objects that may have been created although that failed: nobody got the answer."""
        return frozenset(
            id
            for id, each in self._touched.items()
            if each.failed and each.operation in ("create", "replace") and each.type.startswith(f"{KUBERNETES}:")
            if leaves_open(self.diagnostics.of(id))
        )

    def _result(self, id: str, touched: _Touched) -> ResourceResult:
        if touched.failed:
            return ResourceResult(id, touched.type, touched.operation, "failed", self.diagnostics.of(id))
        if touched.under_way:
            message = "it is not known whether this was done; the next apply settles it"
            return ResourceResult(id, touched.type, touched.operation, "failed", message)
        note = self._note(id, touched.operation)
        return ResourceResult(id, touched.type, touched.operation, "done", note)


def _inputs(state: Any) -> Mapping[str, Any] | None:
    if state is None:
        return None
    inputs: Mapping[str, Any] = shown(state.inputs or {})
    return inputs


def _outputs(step: StepEventMetadata) -> Mapping[str, Any] | None:
    """What the provider says of an object as a whole; None where it says nothing."""
    return step.new.outputs if step.new is not None else None


def _ordered(entries: Mapping[str, Any], order: Sequence[str]) -> list[tuple[str, Any]]:
    places = {id: place for place, id in enumerate(order)}
    return sorted(entries.items(), key=lambda entry: (places.get(entry[0], len(places)), entry[0]))
