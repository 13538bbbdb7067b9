"""Pulumi's events, as the CLI writes them, become steps, progress and results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kusion_dsl.engine.events import Recorder
from kusion_dsl.model.change import Progress, ResourceResult, Step
from kusion_dsl.model.masking import Mask

TYPE = "kubernetes:core/v1:ConfigMap"


def urn(id: str, type: str = TYPE) -> str:
    return f"urn:pulumi:prod.dev::shop::{type}::{id}"


class Stream:
    """A recorder, and what it reported."""

    def __init__(self, **options: Any) -> None:
        self.reports: list[Progress] = []
        self.recorder = Recorder(self.reports.append, Mask(["hunter2-value"]), **options)

    def feed(self, document: Mapping[str, Any]) -> None:
        from pulumi.automation import EngineEvent

        self.recorder(EngineEvent.from_json({"sequence": 1, "timestamp": 0, **document}))

    def step(self, kind: str, op: str, id: str, old: Any = None, new: Any = None, **others: Any) -> None:
        type = others.pop("type", TYPE)

        def state(inputs: Any) -> Any:
            return {"type": type, "urn": urn(id, type), "inputs": inputs} if inputs is not None else None

        metadata = {"op": op, "urn": urn(id, type), "type": type, "old": state(old), "new": state(new), **others}
        self.feed({kind: {"metadata": metadata}})

    def pre(self, op: str, id: str, old: Any = None, new: Any = None, **others: Any) -> None:
        self.step("resourcePreEvent", op, id, old, new, **others)

    def out(self, op: str, id: str, old: Any = None, new: Any = None, **others: Any) -> None:
        self.step("resOutputsEvent", op, id, old, new, **others)

    def failed(self, op: str, id: str) -> None:
        metadata = {"op": op, "urn": urn(id), "type": TYPE}
        self.feed({"resOpFailedEvent": {"metadata": metadata, "status": 0, "steps": 0}})

    def says(self, message: str, id: str = "", severity: str = "error") -> None:
        event = {"message": message, "severity": severity, "color": "never", "urn": urn(id) if id else ""}
        self.feed({"diagnosticEvent": event})


@pytest.fixture
def stream() -> Stream:
    return Stream()


def test_refreshed_update_has_all_three_sides(stream: Stream) -> None:
    stream.pre("refresh", "a", {"x": 1}, {"x": 1})
    stream.out("refresh", "a", {"x": 1}, {"x": 2})
    diff = {"x": {"diffKind": "update", "inputDiff": True}, "y": {"diffKind": "add", "inputDiff": True}}
    stream.pre("update", "a", {"x": 2}, {"x": 3, "y": 1}, detailedDiff=diff)
    stream.out("update", "a", {"x": 2}, {"x": 3, "y": 1}, detailedDiff=diff)

    assert stream.recorder.steps(["a"]) == (
        Step("a", TYPE, "update", {"x": 1}, {"x": 2}, {"x": 3, "y": 1}, (), ("x", "y")),
    )


def test_secrets_that_somebody_changed_are_known_by_their_paths(stream: Stream) -> None:
    diff = {"stringData.k": {"diffKind": "update", "inputDiff": True}}
    stream.pre("refresh", "a", {"x": 1}, {"x": 1})
    stream.out("refresh", "a", {"x": 1}, {"x": 1}, detailedDiff=diff)
    stream.pre("update", "a", {"x": 1}, {"x": 1}, detailedDiff=diff)
    [step] = stream.recorder.steps(["a"])
    assert (step.differs, step.drifted) == (("stringData.k",), ("stringData.k",))


def test_live_is_the_state_where_it_was_not_read(stream: Stream) -> None:
    stream.pre("same", "a", {"x": 1}, {"x": 1})
    assert stream.recorder.steps([]) == (Step("a", TYPE, "same", {"x": 1}, {"x": 1}, {"x": 1}),)


def test_what_is_updated_is_known_as_a_whole_as_it_is_and_as_it_will_be(stream: Stream) -> None:
    def outputs(op: str, id: str, **values: Any) -> None:
        new = {"type": TYPE, "urn": urn(id), "inputs": {}, "outputs": values}
        metadata = {"op": op, "urn": urn(id), "type": TYPE, "old": {**new, "outputs": {}}, "new": new}
        stream.feed({"resOutputsEvent": {"metadata": metadata}})

    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}
    for id in ("a", "b", "same"):
        outputs("refresh", id, data=1, password=secret)
    for id in ("a", "b"):
        stream.pre("update", id, {}, {})
    stream.pre("same", "same", {}, {})
    outputs("update", "a", data=2)

    assert stream.recorder.objects == {
        "a": ({"data": 1, "password": "[secret]"}, {"data": 2}),
        "b": ({"data": 1, "password": "[secret]"}, None),
    }


def test_what_is_there_already_is_adopted_where_it_would_be_created() -> None:
    stream = Stream(adopt=frozenset({"a"}))
    for op, id in (("create", "a"), ("create", "b")):
        stream.pre(op, id, new={"x": 1})
        stream.out(op, id, new={"x": 1})

    assert [each.operation for each in stream.recorder.steps(["a", "b"])] == ["adopt", "create"]
    assert [(each.id, each.operation, each.status) for each in stream.recorder.results(["a", "b"])] == [
        ("a", "adopt", "done"),
        ("b", "create", "done"),
    ]
    assert [(each.operation, each.status) for each in stream.reports if each.id == "a"] == [
        ("adopt", "running"),
        ("adopt", "done"),
    ]


def test_what_is_imported_and_then_updated_is_adopted_once(stream: Stream) -> None:
    stream.pre("import", "a", new={"x": 1})
    stream.out("import", "a", new={"x": 2})
    stream.pre("update", "a", {"x": 2}, {"x": 1})
    stream.out("update", "a", {"x": 2}, {"x": 1})

    assert stream.recorder.steps(["a"]) == (Step("a", TYPE, "adopt", None, {"x": 2}, {"x": 1}),)
    assert [(each.operation, each.status) for each in stream.recorder.results(["a"])] == [("adopt", "done")]
    assert [each.operation for each in stream.reports if each.status == "done"] == ["adopt", "update"]


def test_what_is_imported_as_it_is_to_be_differs_in_nothing(stream: Stream) -> None:
    stream.pre("import", "a", new={"x": 1})
    stream.out("import", "a", new={"x": 1})

    assert stream.recorder.steps(["a"]) == (Step("a", TYPE, "adopt", None, {"x": 1}, {"x": 1}),)


def test_object_that_is_gone_is_created(stream: Stream) -> None:
    stream.out("refresh", "a", {"x": 1}, None)
    stream.pre("create", "a", None, {"x": 1})
    assert stream.recorder.steps([]) == (Step("a", TYPE, "create", {"x": 1}, None, {"x": 1}),)


@pytest.mark.parametrize(
    "ops",
    [
        ("create-replacement", "replace", "delete-replaced"),
        ("delete-replaced", "replace", "create-replacement"),
    ],
)
def test_replacement_is_one_step_and_one_result(stream: Stream, ops: tuple[str, ...]) -> None:
    diff = {"name": {"diffKind": "update-replace", "inputDiff": True}}
    for op in ops:
        new = None if op == "delete-replaced" else {"name": "b"}
        stream.pre(op, "a", {"name": "a"}, new, detailedDiff=diff)
        stream.out(op, "a", {"name": "a"}, new, detailedDiff=diff)

    assert stream.recorder.steps([]) == (
        Step("a", TYPE, "replace", {"name": "a"}, {"name": "a"}, {"name": "b"}, ("name",), ("name",)),
    )
    assert stream.reports == [Progress("a", "replace", "running"), Progress("a", "replace", "done")]
    assert stream.recorder.results([]) == (ResourceResult("a", TYPE, "replace", "done"),)


def test_keys_tell_what_replaces_where_a_provider_gives_no_details(stream: Stream) -> None:
    stream.pre("replace", "a", {"n": 1}, {"n": 2}, keys=["n"])
    assert stream.recorder.steps([])[0].replaces == ("n",)


def test_steps_are_in_the_order_of_the_spec_then_deletions(stream: Stream) -> None:
    for id in ("z", "d", "b", "a"):
        stream.pre("delete" if id in "zd" else "create", id)
    assert [step.id for step in stream.recorder.steps(["b", "a"])] == ["b", "a", "d", "z"]


def test_pulumis_own_resources_are_left_out(stream: Stream) -> None:
    for type in ("pulumi:pulumi:Stack", "pulumi:providers:kubernetes"):
        stream.pre("create", "x", None, {}, type=type)
        stream.out("create", "x", None, {}, type=type)
    assert stream.recorder.steps([]) == () and stream.recorder.results([]) == () and stream.reports == []


def test_only_what_was_touched_has_a_result(stream: Stream) -> None:
    for op, id in (("same", "a"), ("read", "b"), ("refresh", "c"), ("create", "d"), ("delete", "e")):
        stream.pre(op, id, {}, {})
        stream.out(op, id, {}, {})
    assert [(each.id, each.operation) for each in stream.recorder.results([])] == [("d", "create"), ("e", "delete")]


def test_failure_has_its_message(stream: Stream) -> None:
    stream.pre("create", "a", None, {})
    stream.says("error: it has hunter2-value\n", "a")
    stream.failed("create", "a")

    assert stream.reports[-1] == Progress("a", "create", "failed", "it has [secret]")
    assert stream.recorder.results([]) == (ResourceResult("a", TYPE, "create", "failed", "it has [secret]"),)


def test_what_never_ended_counts_as_failed(stream: Stream) -> None:
    stream.pre("create", "a", None, {})
    result = stream.recorder.results([])[0]
    assert result.status == "failed" and "next apply settles it" in result.message


def test_retained_deletion_says_so() -> None:
    stream = Stream(retain=frozenset({"a"}))
    stream.pre("delete", "a", {})
    stream.out("delete", "a", {})
    assert stream.recorder.results([])[0].message == stream.reports[-1].message == "kept, only forgotten"


def test_warnings_and_debug_are_no_errors(stream: Stream) -> None:
    for severity in ("warning", "info", "debug", "info#err"):
        stream.says("something", "a", severity)
    assert stream.recorder.diagnostics.text() == ""


def test_what_the_report_raises_is_kept() -> None:
    def report(progress: Progress) -> None:
        raise ValueError("broken terminal")

    stream = Stream()
    stream.recorder = Recorder(report, Mask())
    stream.pre("create", "a", None, {})
    stream.out("create", "a", None, {})

    assert isinstance(stream.recorder.raised, ValueError)
    assert [each.status for each in stream.recorder.results([])] == ["done"]


def test_prelude_tells_that_it_began(stream: Stream) -> None:
    assert not stream.recorder.began
    stream.feed({"preludeEvent": {"config": {}}})
    assert stream.recorder.began


@pytest.mark.parametrize(
    ("op", "type", "message", "is_doubtful"),
    [
        ("create", TYPE, "read: connection reset by peer", True),
        ("create-replacement", TYPE, "read: connection reset by peer", True),
        ("update", TYPE, "read: connection reset by peer", False),
        ("create", TYPE, "a is forbidden: exceeded quota: small, requested: pods=1", False),
        ("create", "aws:s3/bucket:Bucket", "read: connection reset by peer", False),
    ],
)
def test_objects_that_may_have_been_created_though_that_failed(
    stream: Stream, op: str, type: str, message: str, is_doubtful: bool
) -> None:
    stream.pre(op, "a", new={"x": 1}, type=type)
    stream.says(message, "a")
    stream.failed(op, "a")

    assert stream.recorder.doubtful == (frozenset({"a"}) if is_doubtful else frozenset())


def test_what_was_created_is_not_doubtful_whatever_was_said_of_it(stream: Stream) -> None:
    stream.pre("create", "a", new={"x": 1})
    stream.says("read: connection reset by peer", "a")
    stream.out("create", "a", new={"x": 1})

    assert stream.recorder.doubtful == frozenset()
