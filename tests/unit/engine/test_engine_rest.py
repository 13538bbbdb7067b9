"""What a run begins with: read from what lies in a backend, whatever happened before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kusion_dsl.engine.checkpoint import Checkpoint
from kusion_dsl.engine.journal.entry import Kind
from kusion_dsl.engine.state import Beginning, Settled, beginning, created, current, exported, settled
from kusion_dsl.errors import DamagedError, KusionError, NewerFormatError, RefusedError
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.state import StateAtRest
from tests.unit.engine.journal.journals import PROVIDER, body, entry, parsed, resource

REF = StackRef("shop", "prod", "dev")


def state(*names: str, version: int = 3, **latest: Any) -> Checkpoint:
    deployment = {"manifest": {}, "resources": [resource(name, id=name) for name in names], **latest}
    return Checkpoint({"version": version, "checkpoint": {"stack": "organization/shop/prod.dev", "latest": deployment}})


def at_rest(**content: Any) -> StateAtRest:
    return StateAtRest("published.json", "state/", **content)


def names(checkpoint: Checkpoint | None) -> list[str]:
    assert checkpoint is not None
    return [each["urn"].rpartition("::")[2] for each in checkpoint.resources]


def success(sequence: int, operation: int, name: str, **others: Any) -> dict[str, Any]:
    return entry(Kind.SUCCESS, sequence, operation, state=resource(name, id=name, **others))


def begin(sequence: int, operation: int, name: str, type: str = "creating") -> dict[str, Any]:
    return entry(Kind.BEGIN, sequence, operation, operation={"resource": resource(name), "type": type})


def test_stack_that_was_never_applied() -> None:
    assert current(at_rest(), REF) is None


def test_newest_state_is_that_of_a_run_of_ours() -> None:
    both = at_rest(published=state("old").to_bytes(), folded=state("new").to_bytes())
    assert names(current(both, REF)) == ["new"]


def test_state_of_an_earlier_version_is_the_first_one() -> None:
    assert names(current(at_rest(published=state("old").to_bytes()), REF)) == ["old"]


def test_what_a_plain_pulumi_did_counts() -> None:
    foreign = at_rest(published=state("theirs").to_bytes(), folded=state("ours").to_bytes(), is_foreign=True)
    assert names(current(foreign, REF)) == ["theirs"]


def journal(*batches: bytes, **others: Any) -> StateAtRest:
    return at_rest(journal=(Beginning(state("a", "b")).to_bytes(), *batches), **others)


def test_run_that_died_is_replayed_on_what_it_began_with() -> None:
    cut_off = journal(
        body(begin(1, 1, "c"), begin(2, 2, "d")), body(success(3, 1, "c")), folded=state("something else").to_bytes()
    )
    found = current(cut_off, REF)
    assert names(found) == ["c", "a", "b"]
    assert found is not None and [each["type"] for each in found.pending] == ["creating"]


def test_batch_that_came_twice_counts_once() -> None:
    batch = body(begin(1, 1, "c"), success(2, 1, "c"))
    assert names(current(journal(batch, batch), REF)) == ["c", "a", "b"]


def test_run_that_died_and_a_plain_pulumi_that_went_on_from_before_are_for_a_human() -> None:
    batch = body(begin(1, 1, "c"), success(2, 1, "c"))
    with pytest.raises(RefusedError, match="a run died, and then somebody's plain pulumi changed the stack") as raised:
        current(journal(batch, published=state("theirs").to_bytes(), is_foreign=True), REF)
    assert "published.json" in str(raised.value) and "state/" in str(raised.value)
    nothing_done = journal(published=state("theirs").to_bytes(), is_foreign=True)
    assert names(current(nothing_done, REF)) == ["theirs"]


@pytest.mark.parametrize(
    "first", [b"", b"{", b"[]", b"{}", b'{"version": 1}', b'{"version": 1, "retained": [], "checkpoint": {}}']
)
def test_damaged_beginning_is_told(first: bytes) -> None:
    with pytest.raises(DamagedError, match="nothing was changed"):
        current(at_rest(journal=(first,)), REF)


@pytest.mark.parametrize("batch", [b"{", body({**begin(1, 1, "c"), "version": 2}), body(success(1, 1, "c"))])
def test_journal_that_cannot_be_replayed_is_told_with_its_place(batch: bytes) -> None:
    with pytest.raises(KusionError, match=r"^state/: "):
        current(journal(batch), REF)


def test_beginning_of_a_newer_version_is_told() -> None:
    with pytest.raises(NewerFormatError):
        current(at_rest(journal=(b'{"version": 2}',)), REF)


def test_marks_of_a_run_are_seen_by_it_and_stay_in_nothing_that_it_leaves() -> None:
    start = beginning(state("a", "b"), REF, {"a", "elsewhere"})
    assert start.marked.retained == {"a"}
    assert start.checkpoint.retained == frozenset()
    assert Beginning.from_bytes(start.to_bytes(), "x") == start
    [refreshed] = json.loads(body({**success(1, 1, "a", retainOnDelete=True), "removeOld": 0}))["entries"]
    cut_off = at_rest(journal=(start.to_bytes(), body(begin(1, 1, "a", "refreshing"), {**refreshed, "sequenceID": 2})))
    found = current(cut_off, REF)
    assert names(found) == ["a", "b"]
    assert found is not None and found.retained == frozenset()


def test_mark_that_the_state_has_for_itself_stays() -> None:
    kept = state("a")
    kept.resources[0]["retainOnDelete"] = True
    start = beginning(kept, REF, {"a"})
    assert start.followed_by(()).retained == {"a"}


def test_state_is_exported_and_created_as_pulumi_has_it() -> None:
    assert exported(state("a", version=4)) == {"version": 4, "deployment": state("a").document["checkpoint"]["latest"]}
    new = created(REF, {"version": 3, "deployment": {"secrets_providers": {"type": "passphrase"}}})
    assert new.document == {
        "version": 3,
        "checkpoint": {
            "stack": "organization/shop/prod.dev",
            "latest": {"secrets_providers": {"type": "passphrase"}},
        },
    }


def test_what_only_newer_pulumis_read_is_announced() -> None:
    start = Beginning(state("a"))
    batch = {**success(2, 1, "c", taint=True), "requiresByteString": True}
    found = current(at_rest(journal=(start.to_bytes(), body(begin(1, 1, "c"), batch))), REF)
    assert found is not None
    assert (found.document["version"], found.document["features"]) == (4, ["byteString", "taint"])
    again = Beginning(found).followed_by(())
    assert again.document["features"] == ["byteString", "taint"], "the former cannot be seen in what is encrypted"


def test_operations_that_were_cut_off_are_settled(tmp_path: Path) -> None:
    provider = {"urn": PROVIDER, "id": "p", "type": "pulumi:providers:kusion", "custom": True}
    pending = {**resource("x", provider=f"{PROVIDER}::p"), "type": "kusion:index:RandomPassword"}
    cut_off = state(
        "a", resources=[provider, resource("a")], pending_operations=[{"resource": pending, "type": "creating"}]
    )
    found = settled(cut_off, tmp_path)
    assert found.checkpoint is not None and found.checkpoint.pending == []
    assert names(found.checkpoint) == ["default", "a"]
    assert (found.adopted, found.forgotten) == ((), ("x",))
    assert settled(state("a"), tmp_path) == Settled(state("a"))
    assert settled(None, tmp_path) == Settled(None)


def test_journal_with_a_hole_is_damaged_only_if_its_run_has_come_to_its_end() -> None:
    entries = parsed(begin(1, 1, "lost"), begin(3, 2, "other"))
    assert Beginning(state("old")).followed_by(entries).pending != []
    with pytest.raises(DamagedError, match="entries are missing: 2"):
        Beginning(state("old")).followed_by(entries, complete=True)


def test_creates_that_failed_without_an_answer_are_settled_by_the_next_run() -> None:
    start = Beginning(state("old"))
    begun = [begin(1, 1, "lost"), begin(2, 2, "refused"), begin(3, 3, "old", "updating")]
    entries = parsed(*begun, *(entry(Kind.FAILURE, number + 3, number) for number in (1, 2, 3)))

    after = start.followed_by(entries, frozenset({"lost", "old"}))

    assert names(after) == ["old"]
    assert [(each["type"], each["resource"]["urn"].rpartition("::")[2]) for each in after.pending] == [
        ("creating", "lost")
    ]
    assert start.followed_by(entries).pending == []
