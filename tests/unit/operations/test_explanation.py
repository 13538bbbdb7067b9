"""Steps of an engine become changes: whose each is, what cannot be seen of it, and what it makes of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kusion_dsl.errors import Position
from kusion_dsl.model.change import MISSING, Change, FieldChange, Step
from kusion_dsl.model.field_owner import Manager
from kusion_dsl.model.provenance import Origin, Provenance
from kusion_dsl.model.reference import Path
from kusion_dsl.model.spec import Spec, SpecResource
from kusion_dsl.operations.explanation import ALREADY, GONE, RECREATED, REORDERED, RETAINED, explain

TYPE = "kubernetes:apps/v1:Deployment"
PASSWORD = "kusion:index:RandomPassword:db"
AUTHOR = Origin("author", "shop.workload", Position("dev/app.py", 7))
BLOCK = Origin("workspace", "workspace default", Position("default.yaml", 5, 3))


def resource(attributes: Mapping[str, Any], id: str = "web", **more: Any) -> SpecResource:
    return SpecResource(id, TYPE, attributes, **more)


def origins(fields: Mapping[Path, Origin]) -> Provenance:
    def known(origin: Origin) -> Any:
        return lambda: origin

    return Provenance({"web": {path: (known(origin),) for path, origin in fields.items()}})


def explained(
    step: Step,
    before: Mapping[str, Any] | None,
    after: SpecResource,
    *others: Step,
    now: Provenance | None = None,
    former: Provenance | None = None,
) -> Change:
    """What becomes of the only resource of a Spec."""
    applied = {after.id: resource(before, after.id)} if before is not None else {}
    [change, *_] = explain((step, *others), applied, Spec((after,)), now or Provenance(), former or Provenance())
    return change


def update(state: Any, live: Any, wanted: Any, **more: Any) -> Step:
    return Step("web", TYPE, "update", state, live, wanted, **more)


def told(change: Change) -> list[tuple[str, str, Any, Any, Any]]:
    return [(each.label, each.cause, each.before, each.after, each.live) for each in change.fields]


def test_a_secret_that_somebody_changed_is_told_without_its_value() -> None:
    state = {"stringData": {"k": "[secret]"}}
    step = update(state, state, state, differs=("stringData.k",), drifted=("stringData.k",))
    spec = {"stringData": {"k": "${kusion:index:RandomPassword:db#result}"}}
    [field] = explained(step, spec, resource(spec)).fields
    assert (field.label, field.cause, field.live) == ("stringData.k", "drift", "[secret]")


@pytest.mark.parametrize(("drifted", "cause"), [((), "yours"), (("stringData",), "drift")])
def test_a_secret_that_differs_from_the_stores_is_yours_unless_somebody_changed_it(
    drifted: tuple[str, ...], cause: str
) -> None:
    state = {"stringData": {"k": "[secret]"}}
    spec = {"stringData": {"k": "${ref://stripe#api-key}"}}
    step = update(state, state, state, differs=("stringData.k",), drifted=drifted)
    [field] = explained(step, spec, resource(spec)).fields
    assert (field.label, field.cause) == ("stringData.k", cause)


@pytest.mark.parametrize(("drifted", "cause"), [((), "yours"), (("stringData.k",), "conflict")])
def test_a_secret_that_you_changed_is_a_conflict_where_somebody_else_did_too(
    drifted: tuple[str, ...], cause: str
) -> None:
    state = {"stringData": {"k": "[secret]"}}
    old, new = ({"stringData": {"k": f"${{ref://stripe#{key}}}"}} for key in ("old", "new"))
    step = update(state, state, state, differs=("stringData.k",), drifted=drifted)
    [field] = explained(step, old, resource(new)).fields
    assert (field.cause, field.before, field.after) == (cause, "${ref://stripe#old}", "${ref://stripe#new}")
    assert (field.live == "[secret]") is bool(drifted)


def test_a_text_that_you_changed_is_yours_and_follows_nothing() -> None:
    """Not even where what it now refers to is made in the same run."""
    other = Step("db", TYPE, "create", None, None, {})
    step = update({"url": "x"}, {"url": "x"}, {"url": "[unknown]"}, differs=("url",))
    web = resource({"url": "${db#url}"})
    changes = explain((other, step), {"web": resource({"url": "x"})}, Spec((resource({}, "db"), web)), Provenance())
    [field] = changes[1].fields
    assert (field.cause, field.follows, changes[0].forces) == ("yours", (), ())


@pytest.mark.parametrize(
    ("other", "drifted", "cause"),
    [
        (Step(PASSWORD, "kusion:index:RandomPassword", "replace", {}, {}, {}), (), "yours"),
        (Step(PASSWORD, "kusion:index:RandomPassword", "create", None, None, {}), (), "yours"),
        (Step(PASSWORD, "kusion:index:RandomPassword", "create", {}, None, {}), (), "drift"),
        (Step(PASSWORD, "kusion:index:RandomPassword", "replace", {}, {}, {}), ("stringData.k",), "conflict"),
    ],
)
def test_a_value_follows_the_resource_that_it_comes_from(other: Step, drifted: tuple[str, ...], cause: str) -> None:
    state = {"stringData": {"k": "[secret]"}}
    spec = resource({"stringData": {"k": f"postgres://${{{PASSWORD}#result}}@db"}})
    step = update(state, state, {"stringData": {"k": "[unknown]"}}, differs=("stringData.k",), drifted=drifted)
    password = SpecResource(PASSWORD, other.type, {})
    changes = explain((other, step), {"web": spec}, Spec((password, spec)), Provenance())
    [field] = changes[1].fields
    assert (field.cause, field.follows) == (cause, (PASSWORD,))
    assert changes[0].forces == ("web",)


def test_what_pulumi_replaces_with_what_it_needs_is_told_there() -> None:
    others = resource({}, "others")
    needed = resource({"a": 2}, "needed")
    needing = resource({"b": 1}, "needing", depends_on=("needed", "others"))
    changing = resource({"b": 2}, "changing", depends_on=("needed",))
    steps = (
        Step("others", TYPE, "update", {"c": 1}, {"c": 1}, {}),
        Step("needed", TYPE, "replace", {"a": 1}, {"a": 1}, {"a": 2}, replaces=("a",)),
        Step("needing", TYPE, "replace", {"b": 1}, {"b": 1}, {"b": 1}),
        Step("changing", TYPE, "replace", {"b": 1}, {"b": 1}, {"b": 2}, replaces=("b",)),
    )
    before = {"needed": resource({"a": 1}, "needed"), "needing": needing, "changing": resource({"b": 1}, "changing")}
    changes = explain(steps, before, Spec((others, needed, needing, changing)), Provenance())
    assert [(each.id, each.note, each.forces) for each in changes] == [
        ("others", "", ()),
        ("needed", "forced by a", ("needing",)),
        ("needing", "", ()),
        ("changing", "forced by b", ()),
    ]


def test_an_item_that_went_does_not_make_those_behind_it_differ() -> None:
    old = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    new = {"env": [{"name": "B", "value": "2"}]}
    differs = ("env[0].name", "env[0].value", "env[1]")
    change = explained(update(old, old, new, differs=differs), old, resource(new))
    assert told(change) == [("env[A]", "yours", {"name": "A", "value": "1"}, MISSING, {"name": "A", "value": "1"})]


def test_an_item_that_somebody_else_removed_makes_no_conflict_of_those_behind_it() -> None:
    old = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]}
    new = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    drifted = ("env[0].name", "env[1]")
    step = update(old, {"env": [{"name": "B", "value": "1"}]}, new, differs=("env[0].name", "env[1]"), drifted=drifted)
    assert [(label, cause) for label, cause, *_ in told(explained(step, old, resource(new)))] == [
        ("env[A]", "drift"),
        ("env[B].value", "yours"),
    ]


def test_an_order_without_meaning_is_a_note_and_no_field() -> None:
    old = {"volumes": [{"name": "a"}, {"name": "b"}]}
    live = {"volumes": [{"name": "b"}, {"name": "a"}]}
    change = explained(update(old, live, old, differs=("volumes[0].name", "volumes[1].name")), old, resource(old))
    assert (change.fields, change.note) == ((), REORDERED)


@pytest.mark.parametrize(
    ("state", "live", "after", "expected"),
    [
        (["a", "b"], ["a", "b"], ["b", "a"], ("args (order)", "yours", ["a", "b"], ["b", "a"], ["a", "b"])),
        (["a", "b"], ["b", "a"], ["a", "b"], ("args (order)", "drift", ["a", "b"], ["a", "b"], ["b", "a"])),
        (["a", "b"], ["b", "a"], ["a", "b", "c"], ("args", "conflict", ["a", "b"], ["a", "b", "c"], ["b", "a"])),
        (["a", "b"], ["b", "a"], ["a", "c"], ("args", "conflict", ["a", "b"], ["a", "c"], ["b", "a"])),
        (["a", "b"], ["a", "x"], ["y", "b"], ("args[0]", "yours", "a", "y", "a")),
        (["a", "b"], ["a", "x"], ["a", "y"], ("args[1]", "conflict", "b", "y", "x")),
    ],
)
def test_arguments_are_told_by_their_order(
    state: list[str], live: list[str], after: list[str], expected: tuple[Any, ...]
) -> None:
    step = update({"args": state}, {"args": live}, {"args": after})
    assert told(explained(step, {"args": state}, resource({"args": after})))[0] == expected


def named(names: str) -> dict[str, Any]:
    return {"initContainers": [{"name": name} for name in names]}


@pytest.mark.parametrize(
    ("live", "after", "causes"),
    [("abc", "cab", ["yours"]), ("cab", "abc", ["drift"]), ("cab", "bca", ["conflict"]), ("cab", "cab", [])],
)
def test_whose_an_order_is(live: str, after: str, causes: list[str]) -> None:
    change = explained(update(named("abc"), named(live), named(after)), named("abc"), resource(named(after)))
    assert [(each.label, each.cause) for each in change.fields] == [("initContainers (order)", each) for each in causes]


def test_what_both_added_to_one_map_is_each_ones_own() -> None:
    step = update({}, {"annotations": {"theirs": "1", "both": "1"}}, {"annotations": {"mine": "2", "both": "2"}})
    change = explained(step, {}, resource({"annotations": {"mine": "2", "both": "2"}}))
    assert told(change) == [
        ("annotations.mine", "yours", MISSING, "2", MISSING),
        ("annotations.both", "conflict", MISSING, "2", "1"),
        ("annotations.theirs", "drift", MISSING, MISSING, "1"),
    ]


def test_what_both_added_and_one_left_empty_is_a_whole() -> None:
    step = update({}, {"annotations": {"theirs": "1"}}, {"annotations": {}})
    change = explained(step, {}, resource({"annotations": {}}))
    assert told(change) == [("annotations", "conflict", MISSING, {}, {"theirs": "1"})]


def test_whether_somebody_made_it_so_already_is_seen_from_what_a_reference_means() -> None:
    step = Step("web", TYPE, "same", {"host": "a"}, {"host": "b"}, {"host": "b"})
    change = explained(step, {"host": "${one#address}"}, resource({"host": "${other#address}"}))
    assert (change.fields, change.note) == ((), f"{ALREADY}: host")


def test_null_is_a_value_and_not_the_lack_of_one() -> None:
    step = update({"a": None}, {"a": None}, {})
    assert told(explained(step, {"a": None}, resource({}))) == [("a", "yours", None, MISSING, None)]


def test_what_somebody_else_made_so_already_is_a_note() -> None:
    step = Step("web", TYPE, "same", {"a": 1}, {"a": 2}, {"a": 2})
    change = explained(step, {"a": 1}, resource({"a": 2}))
    assert (change.operation, change.fields, change.note) == ("same", (), f"{ALREADY}: a")


def test_drift_towards_a_value_that_follows_another_is_no_drift() -> None:
    """The Spec says the same reference as before, but what it refers to has changed, and somebody has set that."""
    spec = {"host": "${other#address}"}
    step = Step("web", TYPE, "same", {"host": "a"}, {"host": "b"}, {"host": "b"})
    assert explained(step, spec, resource(spec)).note == f"{ALREADY}: host"


def test_what_somebody_deleted_and_you_changed_is_made_as_you_changed_it() -> None:
    step = Step("web", TYPE, "create", {"a": 1, "b": 1}, None, {"a": 2, "b": 1})
    change = explained(step, {"a": 1, "b": 1}, resource({"a": 2, "b": 1}))
    assert (change.operation, change.note) == ("create", RECREATED)
    assert told(change) == [("a", "conflict", 1, 2, MISSING)]


def test_what_somebody_deleted_and_nobody_changed_has_no_fields() -> None:
    change = explained(Step("web", TYPE, "create", {"a": 1}, None, {"a": 1}), {"a": 1}, resource({"a": 1}))
    assert (change.note, change.fields) == (RECREATED, ())


@pytest.mark.parametrize(("operation", "applied"), [("same", False), ("update", False)])
def test_what_is_to_be_ignored_is_not_applied(operation: Any, applied: bool) -> None:
    spec = resource({"spec": {"replicas": 2}, "b": 2}, options={"ignoreChanges": ["spec.replicas"]})
    wanted = {"spec": {"replicas": 2}, "b": 2}
    step = Step("web", TYPE, operation, wanted, {"spec": {"replicas": 9}, "b": 2}, wanted)
    [field] = explained(step, wanted, spec).fields
    assert (field.label, field.cause, field.live, field.applied) == ("spec.replicas", "drift", 9, applied)


@pytest.mark.parametrize("pattern", ["labels.*", "labels[*]", "*", "labels.x", 'labels["x"]'])
def test_patterns_of_what_is_ignored(pattern: str) -> None:
    spec = resource({"labels": {"x": "2"}}, options={"ignoreChanges": [pattern]})
    old = {"labels": {"x": "1"}}
    [field] = explained(update(old, old, spec.attributes), old, spec).fields
    assert not field.applied


def test_what_left_the_spec() -> None:
    steps = (
        Step("gone", TYPE, "delete", {}, {}),
        Step("kept", TYPE, "delete", {}, {}),
        Step("missing", TYPE, "same", {}, None),
    )
    before = {"gone": resource({}, "gone"), "kept": resource({}, "kept", options={"retainOnDelete": True})}
    changes = explain(steps, before, Spec(()), Provenance())
    assert [(each.operation, each.note) for each in changes] == [
        ("delete", "no longer in the Spec"),
        ("same", RETAINED),
        ("same", GONE),
    ]


def field_of(before: Any, after: Any, now: Mapping[Path, Origin], former: Mapping[Path, Origin]) -> FieldChange:
    change = explained(update(before, before, after), before, resource(after), now=origins(now), former=origins(former))
    [field] = change.fields
    return field


def test_the_cause_of_what_was_removed_is_who_had_put_it_there() -> None:
    field = field_of({"a": 1, "b": 1}, {"a": 1}, {(): AUTHOR}, {(): AUTHOR, ("b",): BLOCK})
    assert field.former[0] == BLOCK


def test_who_had_put_something_else_there_is_told_where_that_was_somebody_else() -> None:
    assert field_of({"a": 1}, {"a": 2}, {("a",): AUTHOR}, {("a",): BLOCK}).former == (BLOCK,)
    moved = Origin("author", "shop.workload", Position("dev/app.py", 70))
    assert field_of({"a": 1}, {"a": 2}, {("a",): AUTHOR}, {("a",): moved}).former == ()
    assert field_of({}, {"a": 2}, {("a",): AUTHOR}, {(): BLOCK}).former == ()


def test_drift_has_no_former_author() -> None:
    """It is no change of the application, whatever line or version has put the same value there in between."""
    old = {"a": 1}
    step = update(old, {"a": 9}, old)
    former = origins({("a",): BLOCK})
    [field] = explained(step, old, resource(old), now=origins({("a",): AUTHOR}), former=former).fields
    assert (field.cause, field.former) == ("drift", ())


def test_a_part_that_is_new_as_a_whole_is_told_with_who_wrote_the_first_of_it() -> None:
    field = field_of({}, {"a": {"b": 1}}, {(): BLOCK, ("a", "b"): AUTHOR}, {})
    assert field.origins == (AUTHOR, BLOCK)


def test_without_a_release_what_the_engine_knows_is_what_was_before() -> None:
    step = update({"a": 1}, {"a": 9}, {"a": 2})
    assert told(explained(step, None, resource({"a": 2}))) == [("a", "conflict", 1, 2, 9)]


@pytest.mark.parametrize(("mine", "cause"), [(2, "drift"), (3, "conflict")])
def test_a_field_that_somebody_wrote_is_told_with_who_that_is(mine: int, cause: str) -> None:
    managers = {"spec.replicas": Manager("kubectl-edit", "2026-01-02T03:04:05Z")}
    step = update({"spec": {"replicas": 2}}, {"spec": {"replicas": 9}}, {"spec": {"replicas": mine}}, managers=managers)
    [field] = explained(step, {"spec": {"replicas": 2}}, resource({"spec": {"replicas": mine}})).fields
    assert (field.cause, field.by, field.is_taken) == (cause, managers["spec.replicas"], False)


def test_a_field_that_only_somebody_else_ever_wrote_is_nobodys_whose_line_could_be_told() -> None:
    managers = {"labels.team": Manager("kubectl-label")}
    step = update({"a": 1}, {"a": 2, "labels": {"team": "x"}}, {"a": 1}, managers=managers)
    change = explained(step, {"a": 1}, resource({"a": 1}), now=origins({(): AUTHOR}))
    assert [(each.label, each.cause, each.origins) for each in change.fields] == [
        ("a", "drift", (AUTHOR,)),
        ("labels", "drift", ()),
    ]
    assert change.fields[1].by == Manager("kubectl-label")
    assert not change.fields[1].is_taken


@pytest.mark.parametrize(("mine", "live"), [(2, 5), (4, 5), (4, 2)])
def test_what_is_left_to_somebody_is_no_change_of_anybodys(mine: int, live: int) -> None:
    """The engine wants what is there, as it does of what it ignores."""
    state, now = ({"spec": {"replicas": replicas}} for replicas in (2, live))
    left = {"spec.replicas": "the HorizontalPodAutoscaler web"}
    step = Step("web", TYPE, "same", state, now, now, left=left)
    change = explained(step, state, resource({"spec": {"replicas": mine}}))
    assert change.fields == ()
    assert change.note == f"spec.replicas is left to the HorizontalPodAutoscaler web: {live} instead of {mine}"


def test_what_is_left_to_somebody_and_is_as_it_was_written_is_not_told() -> None:
    value = {"spec": {"replicas": 2}}
    step = Step("web", TYPE, "same", value, value, value, left={"spec.replicas": "the HorizontalPodAutoscaler web"})
    assert explained(step, value, resource(value)).note == ""
