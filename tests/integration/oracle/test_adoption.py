"""After a kill the next run of the real CLI goes on with what is there: nothing twice, nothing without an owner."""

from __future__ import annotations

from typing import Any

import pytest

from kusion_dsl.engine.journal.adoption import Adoption, PendingCreate, adopt
from kusion_dsl.engine.journal.deployment import features
from tests.integration.oracle.recording import Recorder
from tests.integration.oracle.registrar import Program
from tests.integration.oracle.stories import nothing, shop

pytestmark = pytest.mark.timeout(30 * 60)  # where nothing of it is in Go's cache, the replayer is built first


def settle(stack: Recorder) -> Adoption:
    """Adopt what the things' provider has; the state is what the next run begins with."""
    recorded = {each.get("id") for each in stack.service.export["deployment"]["resources"]}

    def find(create: PendingCreate) -> str | None:
        ids = [id for id in stack.things.live if id.startswith(f"{create.name}-") and id not in recorded]
        return ids[0] if ids else None

    adoption = adopt(stack.service.export["deployment"], find)
    stack.serve(adoption.deployment, features(adoption.deployment))
    return adoption


def state(stack: Recorder) -> dict[str, dict[str, Any]]:
    """The things in the state by id."""
    resources = stack.service.export["deployment"].get("resources", [])
    return {each["id"]: each for each in resources if each["type"].startswith("things:index:T")}


def converged(stack: Recorder, program: Program, **options: Any) -> None:
    """After one more run, what is live is what is in the state and what an uninterrupted run would have made."""
    stack.up("again", program, **options)
    assert "pending_operations" not in stack.service.export["deployment"]
    assert sorted(state(stack)) == sorted(stack.things.live)
    names = [name for name, _ in stack.things.values()]
    assert len(names) == len(set(names)), "nothing is there twice"
    assert {id: each["outputs"]["id"] for id, each in state(stack).items()} == {id: id for id in stack.things.live}
    assert not any("refreshBeforeUpdate" in each for each in state(stack).values()), "the mark goes with the read"


def test_creates_that_were_made_and_not_recorded(stack: Recorder) -> None:
    stack.killed("killed", "made server", shop())
    made = set(stack.things.live)
    adoption = settle(stack)

    assert any("server" in urn for urn in adoption.adopted)
    converged(stack, shop(value="2"))
    assert made <= set(stack.things.live), "what was made is kept"
    assert dict(stack.things.values())["server1"] == "2", "and updated to what is wanted now"


def test_creates_that_were_not_made(stack: Recorder) -> None:
    stack.killed("killed", "create server", shop())
    adoption = settle(stack)

    assert adoption.adopted == () and any("server" in urn for urn in adoption.forgotten)
    converged(stack, shop())


def test_a_guess_that_was_wrong_is_dropped_by_the_engine(stack: Recorder) -> None:
    stack.killed("killed", "create server", shop())
    adoption = adopt(stack.service.export["deployment"], lambda create: f"{create.name}-999")
    stack.serve(adoption.deployment, features(adoption.deployment))

    assert adoption.adopted
    converged(stack, shop())


@pytest.mark.parametrize("first", [False, True], ids=["create-then-delete", "delete-then-create"])
@pytest.mark.parametrize("kind", ["b", "c"], ids=["still-wanted", "no-longer-wanted"])
def test_replacements(stack: Recorder, first: bool, kind: str) -> None:
    stack.up("before", shop())
    stack.killed("killed", "made network", shop(kind="b", first=first))
    adoption = settle(stack)

    assert [urn.rpartition("::")[2] for urn in adoption.adopted] == ["network"]
    converged(stack, shop(kind=kind, first=first))


def test_what_is_no_longer_wanted_at_all(stack: Recorder) -> None:
    stack.killed("killed", "made server", shop())
    settle(stack)
    converged(stack, nothing)

    assert stack.things.live == {}


def test_updates_and_deletes_that_were_done_and_not_recorded(stack: Recorder) -> None:
    stack.up("before", shop())
    stack.killed("killed-updating", "updated server", shop(value="2"))
    settle(stack)
    converged(stack, shop())
    assert set(dict(stack.things.values()).values()) == {"net", "1"}, "the old state is wanted again"

    stack.killed("killed-deleting", "deleted server", nothing)
    settle(stack)
    converged(stack, shop())
    assert len(stack.things.live) == 6
