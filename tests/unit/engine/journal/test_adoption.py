"""What a run that was cut off left half done is settled before the next one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.engine.journal.adoption import CLEAR, PendingCreate, adopt
from kusion_dsl.engine.journal.deployment import features
from kusion_dsl.engine.journal.replay import replay
from kusion_dsl.errors import EngineError, RefusedError
from tests.unit.engine.journal.journals import PROVIDER, resource, urn
from tests.unit.engine.journal.runs import Run, runs

PROVIDED = {"provider": f"{PROVIDER}::1"}
THINGS = {
    "urn": PROVIDER,
    "type": "pulumi:providers:things",
    "custom": True,
    "id": "1",
    "inputs": {"region": "here"},
}


def thing(name: str, *needs: str, **others: Any) -> dict[str, Any]:
    return resource(name, *needs, **PROVIDED, **others)


def state(*resources: dict[str, Any], **pending: dict[str, Any] | list[dict[str, Any]]) -> dict[str, Any]:
    """A deployment; ``pending`` are the resources of operations by their type."""
    operations = [
        {"resource": each, "type": type}
        for type, those in pending.items()
        for each in (those if isinstance(those, list) else [those])
    ]
    return {"manifest": {}, "resources": [THINGS, *resources], "pending_operations": operations}


def found(**ids: str | None) -> Callable[[PendingCreate], str | None]:
    return lambda create: ids[create.name]


def nothing_asked(create: PendingCreate) -> str | None:
    raise AssertionError(f"nobody is to be asked for {create.urn}")


def briefly(deployment: dict[str, Any]) -> list[str]:
    """Ids in order, with the marks."""
    marks = {"delete": "-", "pendingReplacement": "?", "refreshBeforeUpdate": "*"}
    return [
        each.get("id", "") + "".join(sign for mark, sign in marks.items() if each.get(mark))
        for each in deployment["resources"][1:]
    ]


def test_a_create_that_was_made() -> None:
    pending = thing("b", "a", inputs={"x": {"ciphertext": "y"}}, outputs={"stale": 1}, additionalSecretOutputs=["z"])
    before = state(thing("a", id="a-1"), thing("c", id="c-1"), creating=pending)
    adoption = adopt(before, found(b="b-1"))

    made = thing("b", "a", id="b-1", inputs={"x": {"ciphertext": "y"}}, additionalSecretOutputs=["z"])
    assert adoption.deployment == {
        "manifest": {},
        "resources": [THINGS, thing("a", id="a-1"), {**made, "refreshBeforeUpdate": True}, thing("c", id="c-1")],
    }
    assert adoption.adopted == (urn("b"),)
    assert adoption.forgotten == ()
    assert features(adoption.deployment) == ("refreshBeforeUpdate",)


def test_what_is_asked_for() -> None:
    asked: list[PendingCreate] = []
    pending = thing("b", inputs={"x": 1})
    adopt(state(creating=pending), lambda create: asked.append(create))
    assert asked == [PendingCreate(urn("b"), "things:index:Thing", {"x": 1}, {"region": "here"})]
    assert asked[0].name == "b"


def test_a_create_that_was_not_made() -> None:
    adoption = adopt(state(thing("a", id="a-1"), creating=thing("b", "a")), found(b=None))
    assert briefly(adoption.deployment) == ["a-1"]
    assert adoption.forgotten == (urn("b"),)
    assert features(adoption.deployment) == ()


def test_create_then_delete() -> None:
    """The old one is deleted by the next run, after what depends on it is updated."""
    before = state(thing("a", id="a-1"), thing("b", "a", id="b-1"), creating=thing("a"))
    assert briefly(adopt(before, found(a="a-2")).deployment) == ["a-2*", "a-1-", "b-1"]
    assert briefly(adopt(before, found(a=None)).deployment) == ["a-1", "b-1"]


def test_delete_then_create() -> None:
    """The old one is gone already."""
    before = state(thing("a", id="a-1", pendingReplacement=True), thing("b", id="b-1"), creating=thing("a"))
    assert briefly(adopt(before, found(a="a-2")).deployment) == ["a-2*", "b-1"]
    assert briefly(adopt(before, found(a="a-1")).deployment) == ["a-1*", "b-1"], "under the same name"
    assert briefly(adopt(before, found(a=None)).deployment) == ["a-1?", "b-1"]


def test_an_old_one_that_waits_for_its_deletion() -> None:
    before = state(thing("a", id="a-1", delete=True), thing("b", id="b-1"), creating=thing("a"))
    assert briefly(adopt(before, found(a="a-2")).deployment) == ["a-2*", "a-1-", "b-1"]
    assert briefly(adopt(before, found(a="a-1")).deployment) == ["a-1*", "b-1"], "it is the same object"


def test_three_of_one_name() -> None:
    """A replacement, and the replacement of that, both cut off."""
    before = state(thing("a", id="a-1", delete=True), thing("a", id="a-2"), creating=thing("a"))
    assert briefly(adopt(before, found(a="a-3")).deployment) == ["a-3*", "a-1-", "a-2-"]


def test_an_object_that_is_in_the_state_already() -> None:
    """A plain Pulumi keeps the pending create for ever."""
    before = state(thing("a", id="a-1"), thing("b", "a", id="b-1"), creating=thing("a"))
    assert briefly(adopt(before, found(a="a-1")).deployment) == ["a-1*", "b-1"]


def test_one_object_of_two_creates() -> None:
    adoption = adopt(state(creating=[thing("a"), thing("a")]), found(a="a-1"))
    assert briefly(adoption.deployment) == ["a-1*"]


def test_it_comes_after_what_it_needs() -> None:
    names = ("dependency", "parent", "property", "deleted", "replaced")
    needs = {
        "parent": urn("parent"),
        "propertyDependencies": {"x": [urn("property")], "y": []},
        "deletedWith": urn("deleted"),
        "replaceWith": [urn("replaced")],
    }
    for last in names:
        others = [thing(name, id=name) for name in names if name != last]
        before = state(*others, thing(last, id=last), thing("z", id="z"), creating=thing("a", "dependency", **needs))
        assert briefly(adopt(before, found(a="a-1")).deployment) == [
            *(each["id"] for each in others),
            last,
            "a-1*",
            "z",
        ]


def test_of_two_that_it_needs_it_comes_after_the_one_that_stays() -> None:
    before = state(
        thing("n", id="n-2"), thing("a", id="a-1"), thing("n", id="n-1", delete=True), creating=thing("a", "n")
    )
    assert briefly(adopt(before, found(a="a-2")).deployment) == ["n-2", "a-2*", "a-1-", "n-1-"]
    before = state(thing("n", id="n-1", delete=True), thing("z", id="z-1"), creating=thing("a", "n"))
    assert briefly(adopt(before, found(a="a-2")).deployment) == ["n-1-", "a-2*", "z-1"]


def test_what_it_needs_may_be_gone() -> None:
    pending = thing("a", "gone", parent=urn("gone"), propertyDependencies={"x": [urn("gone")]})
    adopted = adopt(state(creating=pending), found(a="a-1")).deployment["resources"][1]
    assert adopted == thing("a", id="a-1", refreshBeforeUpdate=True)


def test_another_instance_of_the_provider() -> None:
    before = state(creating={**thing("a"), "provider": f"{PROVIDER}::0"})
    assert adopt(before, found(a="a-1")).deployment["resources"][1]["provider"] == f"{PROVIDER}::1"
    both = {**before, "resources": [{**THINGS, "id": "2"}, {**THINGS, "id": "0", "delete": True}]}
    assert adopt(both, found(a="a-1")).deployment["resources"][2]["provider"] == f"{PROVIDER}::0"


@pytest.mark.parametrize(
    "pending",
    [
        {**THINGS, "id": ""},
        {"urn": urn("root", "pulumi:pulumi:Stack"), "type": "pulumi:pulumi:Stack", "custom": False},
        {"urn": urn("group", "things:index:Group"), "type": "things:index:Group", "custom": False},
        {
            "urn": urn("other", "pulumi:pulumi:StackReference"),
            "type": "pulumi:pulumi:StackReference",
            "custom": True,
        },
    ],
)
def test_what_is_in_the_state_alone_is_made_again(pending: dict[str, Any]) -> None:
    adoption = adopt(state(creating=pending), nothing_asked)
    assert adoption.deployment["resources"] == [THINGS]
    assert adoption.forgotten == (pending["urn"],)


def test_an_update_is_repeated_on_what_is_read_first() -> None:
    before = state(thing("a", id="a-1", delete=True), thing("a", id="a-2"), thing("b", id="b-1"), updating=thing("a"))
    adoption = adopt(before, nothing_asked)
    assert briefly(adoption.deployment) == ["a-1-", "a-2*", "b-1"]
    assert (adoption.adopted, adoption.forgotten) == ((), ())


def test_an_update_of_what_had_another_name() -> None:
    before = state(thing("old", id="a-1"), updating=thing("new", aliases=[urn("old")]))
    assert briefly(adopt(before, nothing_asked).deployment) == ["a-1*"]


def test_a_delete_is_repeated_on_what_is_read_first() -> None:
    resources = [thing("a", id="a-1", delete=True), thing("a", id="a-2"), thing("b", id="b-1")]
    before = state(*resources, deleting=[resources[0], resources[2]])
    assert briefly(adopt(before, nothing_asked).deployment) == ["a-1-*", "a-2", "b-1*"]


def test_components_are_not_read() -> None:
    group = {"urn": urn("group", "things:index:Group"), "type": "things:index:Group", "custom": False}
    before = state(group, updating=group, deleting=THINGS)
    assert adopt(before, nothing_asked).deployment["resources"] == [THINGS, group]


def test_imports_and_reads_have_changed_nothing() -> None:
    before = state(thing("a", id="a-1"), importing=thing("b"), reading=thing("c"))
    adoption = adopt(before, nothing_asked)
    assert adoption.deployment == {"manifest": {}, "resources": before["resources"]}


def test_nothing_pending() -> None:
    assert adopt({"manifest": {}}, nothing_asked).deployment == {"manifest": {}}
    before = state(thing("a", id="a-1", propertyDependencies={"x": []}))
    assert adopt(before, nothing_asked).deployment["resources"] == before["resources"]


def test_everything_that_nobody_knows_is_told_at_once() -> None:
    def find(create: PendingCreate) -> str | None:
        if create.name == "known":
            return "known-1"
        raise EngineError("who knows", where=create.name, hint="look")

    elsewhere = {**thing("lost"), "provider": f"{urn('other', 'pulumi:providers:other')}::1"}
    before = state(creating=[thing("one"), thing("known"), elsewhere, thing("two")])
    unchanged = copy.deepcopy(before)
    with pytest.raises(RefusedError) as caught:
        adopt(before, find)

    problems = caught.value.problems
    assert [(each.where, each.hint) for each in problems] == [("one", "look"), ("lost", CLEAR), ("two", "look")]
    assert "its provider" in problems[1].what
    assert before == unchanged


@given(runs(), st.data())
def test_whatever_was_cut_off_wherever(run: Run, data: st.DataObject) -> None:
    """The state then has what exists, made and recorded or not, in order, and nothing is pending."""
    entries = run.journal.parsed
    length = data.draw(st.integers(0, len(entries)))
    before = replay(run.journal.base, entries[:length])
    unchanged = copy.deepcopy(before)
    made = {
        each["resource"]["urn"].rpartition("::")[2]
        for each in before.get("pending_operations", [])
        if each["type"] == "creating" and data.draw(st.booleans())
    }
    adoption = adopt(before, lambda create: f"{create.name}-1" if create.name in made else None)

    resources = adoption.deployment.get("resources", [])
    existing = run.existing[length] | {f"{name}-1" for name in made}
    assert sorted(each["id"] for each in resources if not each.get("pendingReplacement")) == sorted(existing)
    assert "pending_operations" not in adoption.deployment
    assert sorted(adoption.adopted) == sorted(urn(name) for name in made)
    seen: set[str] = set()
    for each in resources:
        assert seen.issuperset(each.get("dependencies", []))
        seen.add(each["urn"])
    staying = [each["urn"] for each in resources if not each.get("delete")]
    assert len(staying) == len(set(staying)), "Pulumi refuses a state with two of one name that both stay"
    assert before == unchanged
