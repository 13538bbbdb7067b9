"""From the state that a run began with, and what it said since, to the one in which it stopped."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kusion_dsl.engine.journal.deployment import features
from kusion_dsl.engine.journal.entry import Entry, Kind
from kusion_dsl.engine.journal.replay import replay
from kusion_dsl.errors import DamagedError
from tests.unit.engine.journal.journals import (
    PROVIDER,
    RECORDED,
    Journal,
    comparable,
    entry,
    journals,
    parsed,
    recorded,
    resource,
    urn,
)
from tests.unit.engine.journal.runs import Run, runs


def replayed(journal: Journal, order: list[int] | None = None) -> dict[str, Any] | None:
    """What it comes to, None if the state says two things of one alias."""
    entries = journal.parsed
    try:
        return replay(journal.base, entries if order is None else [entries[place] for place in order])
    except DamagedError as error:
        assert "same alias" in str(error)
        return None


@given(journals(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(journal: Journal, chance: random.Random) -> None:
    order = list(range(len(journal.entries)))
    chance.shuffle(order)
    assert replayed(journal, order) == replayed(journal)


@given(journals(), st.randoms(use_true_random=False))
def test_what_is_sent_again_counts_once(journal: Journal, chance: random.Random) -> None:
    places = list(range(len(journal.entries)))
    again = [place for place in places if chance.random() < 0.5]
    assert replayed(journal, places + again) == replayed(journal)


@given(journals())
def test_no_argument_is_changed(journal: Journal) -> None:
    base, entries = copy.deepcopy(journal.base), journal.parsed
    before = copy.deepcopy(entries)
    replayed(journal)
    assert journal.base == base
    assert entries == before


@given(journals())
def test_a_rebuilt_base_may_as_well_be_a_new_one(journal: Journal) -> None:
    """The part before it and the part after it, replayed one after the other, are the whole."""
    cuts = [place + 1 for place, each in enumerate(journal.entries) if each["kind"] == Kind.REBUILT]
    assume(cuts)
    first = Journal(journal.base, journal.entries[: cuts[0]])
    folded = replayed(first)
    assume(folded is not None)
    rest = Journal(folded or {})
    if any(each["kind"] == Kind.REFRESHED or each.get("isRefresh") for each in first.entries):
        rest.write(Kind.BEGIN, 1000)  # what a refresh found gone is forgotten from then on
        rest.write(Kind.REFRESHED, 1000)
    for each in journal.entries[cuts[0] :]:
        numbers = {"version", "kind", "sequenceID", "operationID"}
        rest.write(each["kind"], each["operationID"], **{key: each[key] for key in each.keys() - numbers})

    assert replayed(rest) == replayed(journal)


@given(runs())
def test_at_every_instant_the_state_is_what_exists(run: Run) -> None:
    """Nothing that exists is lost, nothing that is gone is kept, and what was under way is pending."""
    entries = run.journal.parsed
    for length, (existing, pending) in enumerate(zip(run.existing, run.pending, strict=True)):
        deployment = replay(run.journal.base, entries[:length])
        resources = deployment.get("resources", [])
        assert sorted(each["id"] for each in resources if not each.get("pendingReplacement")) == sorted(existing)
        assert sorted(each["resource"]["urn"] for each in deployment.get("pending_operations", [])) == [
            urn(name) for name in pending
        ]


@given(runs())
def test_at_every_instant_the_state_is_topologically_sorted(run: Run) -> None:
    entries = run.journal.parsed
    for length in range(len(entries) + 1):
        before: set[str] = set()
        for each in replay(run.journal.base, entries[:length]).get("resources", []):
            assert before.issuperset(each.get("dependencies", [])), "what others need comes first"
            before.add(each["urn"])


@given(runs(), st.data())
def test_what_a_kill_leaves_out_is_only_what_it_says(run: Run, data: st.DataObject) -> None:
    """An entry that has not arrived while later ones have: the operation is pending, all else is as it is."""
    entries = run.journal.parsed
    ends = [each for each in entries if each.kind is Kind.SUCCESS and each.state and not _is_needed(each, entries)]
    assume(ends)
    late = data.draw(st.sampled_from(ends))
    arrived = [each for each in entries if each is not late]
    without = replay(run.journal.base, arrived)

    begin = next(each for each in entries if each.kind is Kind.BEGIN and each.operation == late.operation)
    assert begin.pending is None or begin.pending in without["pending_operations"]
    left = [each for each in without.get("resources", []) if each["urn"] != (late.state or {})["urn"]]
    whole = replay(run.journal.base, entries).get("resources", [])
    assert left == [each for each in whole if each["urn"] != (late.state or {})["urn"]]


def _is_needed(entry: Entry, entries: Iterable[Entry]) -> bool:
    """Whether others were only sent because it was acknowledged."""
    own = (entry.state or {})["urn"]
    states = [each.state or (each.pending or {}).get("resource") or {} for each in entries]
    return any(own in state.get("dependencies", ()) for state in states) or any(
        each.sequence > entry.sequence and (each.pending or {}).get("resource", {}).get("urn") == own
        for each in entries
    )


@pytest.mark.parametrize("story", sorted({path.stem for path in RECORDED.iterdir()} - {"rebased"}))
def test_after_a_real_run_the_state_is_what_pulumi_made_of_it(story: str) -> None:
    """That is what the next run of the story begins with; in "rebased" it was changed by hand."""
    runs = recorded(story)
    for run, after in pairwise(runs):
        entries = parsed(*run["entries"])
        assert comparable(replay(run["base"], entries)) == comparable(after["base"]), run["name"]
    assert len(runs) > 1


STATE = resource("a", id="a-0")
BASE = {"resources": [STATE]}


def test_a_stack_that_had_no_state() -> None:
    created = replay(None, parsed(entry(Kind.BEGIN, 1, 1), entry(Kind.SUCCESS, 2, 1, state=STATE)))
    assert created == {
        "manifest": {"time": "0001-01-01T00:00:00Z", "magic": "", "version": ""},
        "metadata": {},
        "resources": [STATE],
    }


def test_what_is_not_known_of_a_state_is_kept() -> None:
    base = {"manifest": {"time": "now"}, "metadata": {"a": 1}, "snippets": [{"uuid": "b"}], "extensions": {"c": {}}}
    assert replay(base, ()) == base


def test_pending_creates_stay_pending_and_nothing_else_does() -> None:
    """Pulumi forgets the others: they are repeated."""
    kinds = ("creating", "updating", "deleting", "reading", "importing")
    pending = [{"resource": resource(kind), "type": kind} for kind in kinds]
    own = {"resource": resource("own"), "type": "updating"}
    deployment = replay({"pending_operations": pending}, parsed(entry(Kind.BEGIN, 1, 1, operation=own)))
    assert deployment["pending_operations"] == [own, pending[0]]


def test_the_key_of_the_secrets_may_change() -> None:
    new = {"type": "passphrase", "state": {"salt": "new"}}
    base = {"secrets_providers": {"type": "passphrase", "state": {"salt": "old"}}}
    assert replay(base, parsed(entry(Kind.SECRETS, 1, secretsProvider=new)))["secrets_providers"] == new
    assert base["secrets_providers"]["state"] == {"salt": "old"}


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([entry(Kind.SUCCESS, 1, 1, state=STATE)], "entry 1 ends an operation of which there is no begin"),
        ([entry(Kind.FAILURE, 3, 9)], "entry 3 ends an operation"),
        ([entry(Kind.BEGIN, 1, 1), entry(Kind.SUCCESS, 2, 1, removeOld=1)], "entry 2 is about resource 1 of 1"),
        ([entry(Kind.BEGIN, 1, 1), entry(Kind.SUCCESS, 2, 1, deleteOld=7)], "about resource 7 of 1"),
        ([entry(Kind.BEGIN, 1, 1), entry(Kind.SUCCESS, 2, 1, pendingReplacementOld=1)], "about resource 1 of 1"),
        ([entry(Kind.BEGIN, 1, 1), entry(Kind.REFRESHED, 2, 1, removeOld=1)], "about resource 1 of 1"),
        ([entry(Kind.BEGIN, 1, 1), entry(Kind.SUCCESS, 2, 1, removeNew=4)], "what operation 4 made"),
        ([entry(Kind.BEGIN, 1, 1), entry(Kind.SUCCESS, 2, 1, deleteNew=4)], "what operation 4 made"),
        ([entry(Kind.BEGIN, 1, 1), entry(Kind.SUCCESS, 2, 1, pendingReplacementNew=4)], "what operation 4 made"),
        ([entry(Kind.OUTPUTS, 1, 1, state=STATE, removeNew=4)], "what operation 4 made"),
        ([entry(Kind.BEGIN, 1, 1), entry(Kind.BEGIN, 1, 2)], "two different entries 1"),
        ([entry(Kind.BEGIN, 2, 1), entry(Kind.REBUILT, 5)], "entries are missing: 1, 3, 4"),
    ],
)
def test_a_damaged_journal(entries: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(DamagedError, match=f"the journal of the run is damaged: .*{why}"):
        replay(BASE, parsed(*entries))


def test_a_gap_is_damage_only_when_the_run_came_to_its_end() -> None:
    entries = parsed(entry(Kind.BEGIN, 1, 1), entry(Kind.SUCCESS, 4, 1, state=resource("b")))
    assert [each["urn"] for each in replay(BASE, entries)["resources"]] == [urn("b"), urn("a")]
    with pytest.raises(DamagedError, match=r"entries are missing: 2, 3$"):
        replay(BASE, entries, complete=True)
    replay(BASE, parsed(entry(Kind.BEGIN, 1, 1), entry(Kind.FAILURE, 2, 1)), complete=True)


def test_a_refresh_puts_what_it_found_in_the_place_of_what_was_there() -> None:
    other = resource("b", "a", id="b-0")
    found, made, found_again = ({**STATE, "outputs": {"x": number}} for number in (1, 2, 3))
    entries = [
        entry(Kind.BEGIN, 1, 1),
        entry(Kind.BEGIN, 2, 2),
        entry(Kind.REFRESHED, 3, 1, state=found, removeOld=0),
        entry(Kind.BEGIN, 4, 3),
        entry(Kind.SUCCESS, 5, 3, state=made),
        entry(Kind.BEGIN, 6, 4),
        entry(Kind.REFRESHED, 7, 4, state=found_again, removeNew=3),
        entry(Kind.BEGIN, 8, 5),
        entry(Kind.REFRESHED, 9, 5, removeNew=3),
        entry(Kind.REFRESHED, 10, 2, removeOld=0),
    ]
    base = {"resources": [STATE, other]}

    def states(length: int) -> Any:
        return replay(base, parsed(*entries[:length]))["resources"]

    assert states(3) == [found, other]
    assert states(5) == [made, found, other]
    assert states(7) == [found_again, found, other]
    assert states(9) == [found, other]
    assert states(10) == [resource("b", id="b-0")], "what others say of it is forgotten"


@pytest.mark.parametrize(
    ("says", "left"),
    [
        ({"removeNew": 1}, []),
        ({"deleteNew": 1}, [{**STATE, "delete": True}]),
        ({"pendingReplacementNew": 1}, [{**STATE, "pendingReplacement": True}]),
    ],
)
def test_what_a_run_has_made_and_does_away_with(says: dict[str, int], left: list[dict[str, Any]]) -> None:
    made = (entry(Kind.BEGIN, 1, 1), entry(Kind.SUCCESS, 2, 1, state=STATE))
    deployment = replay(None, parsed(*made, entry(Kind.BEGIN, 3, 2), entry(Kind.SUCCESS, 4, 2, **says)))
    assert deployment.get("resources", []) == left


def test_what_others_call_by_an_old_name() -> None:
    new = resource("new", aliases=[urn("old")], id="1")
    provider = {**resource("p"), "urn": PROVIDER, "aliases": [urn("q", "pulumi:providers:things")], "id": "2"}
    others = {"parent": urn("old"), "deletedWith": urn("old"), "viewOf": urn("old")}
    by_property = {"propertyDependencies": {"x": [urn("old"), urn("c")], "y": []}}
    user = resource("b", "old", "c", **others, **by_property, provider=f"{urn('q', 'pulumi:providers:things')}::2")
    deployment = replay({"resources": [provider, new, resource("c"), user]}, ())

    current = {"parent": urn("new"), "deletedWith": urn("new"), "viewOf": urn("new")}
    assert deployment["resources"] == [
        {key: value for key, value in provider.items() if key != "aliases"},
        resource("new", id="1"),
        resource("c"),
        {
            **resource("b", "new", "c", **current, provider=f"{PROVIDER}::2"),
            "urn": urn("b", "things:index:Thing$things:index:Thing"),
            "propertyDependencies": {"x": [urn("new"), urn("c")], "y": []},
        },
    ]


def test_the_stack_itself_is_no_part_of_a_name() -> None:
    """A child's URN has the types of its parents, but for the root."""
    root = {"urn": urn("shop", "pulumi:pulumi:Stack"), "type": "pulumi:pulumi:Stack"}
    renamed = {**root, "aliases": [urn("old", "pulumi:pulumi:Stack")]}
    child = resource("a", parent=urn("old", "pulumi:pulumi:Stack"))
    assert replay({"resources": [renamed, child]}, ())["resources"] == [root, resource("a", parent=root["urn"])]


def test_two_resources_with_one_alias() -> None:
    states = [resource(name, aliases=[urn("old")]) for name in ("a", "b")]
    with pytest.raises(DamagedError, match="have the same alias"):
        replay({"resources": states}, ())


@pytest.mark.parametrize(
    ("key", "value", "feature"),
    [
        ("refreshBeforeUpdate", True, "refreshBeforeUpdate"),
        ("viewOf", urn("b"), "views"),
        ("resourceHooks", {"a": ["b"]}, "hooks"),
        ("taint", True, "taint"),
        ("replaceWith", [urn("b")], "replaceWith"),
        ("extensionRef", "a", "extensionParameterization"),
        ("snippetID", "a", "snippets-prototype"),
    ],
)
def test_features(key: str, value: Any, feature: str) -> None:
    using = resource("a", **{key: value})
    assert features({"resources": [using]}) == (feature,)
    assert features({"pending_operations": [{"resource": using, "type": "creating"}]}) == (feature,)
    assert features({"resources": [using]}, ["byteString", "views"]) == tuple(sorted({feature, "byteString"}))


def test_features_of_what_has_none() -> None:
    assert features({}) == features({"resources": [STATE]}, ["views"]) == ()
    assert features({}, ["byteString"]) == ()
    assert features({"snippets": [{"uuid": "a"}]}) == ("snippets-prototype",)
