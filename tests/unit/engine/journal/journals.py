"""Journals that are valid by construction, for Hypothesis, and what is written by hand."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from kusion_dsl.engine.journal.entry import Entry, Kind, parse_entries

RECORDED = Path(__file__).parents[3] / "data" / "journals"
"""Journals of real runs of the CLI; ``python -m tests.integration.oracle`` makes them anew."""

_TYPE = "things:index:Thing"
_PROVIDER_TYPE = "pulumi:providers:things"


def urn(name: str, types: str = _TYPE) -> str:
    return f"urn:pulumi:prod.dev::shop::{types}::{name}"


PROVIDER = urn("default", _PROVIDER_TYPE)


def resource(name: str, *needs: str, **others: Any) -> dict[str, Any]:
    """The state of a thing, on things of these names."""
    dependencies = {"dependencies": [urn(need) for need in needs]} if needs else {}
    return {"urn": urn(name), "custom": True, "type": _TYPE, **dependencies, **others}


def entry(kind: Kind, sequence: int, operation: int = 0, /, **others: Any) -> dict[str, Any]:
    """The JSON of an entry, with the keys that the CLI always writes."""
    numbers = {"version": 1, "kind": int(kind), "sequenceID": sequence, "operationID": operation}
    return {**numbers, "removeOld": None, "removeNew": None, **others}


def recorded(story: str) -> list[dict[str, Any]]:
    """The journals of a story in order: ``name``, ``base``, and ``entries`` in the order in which they arrived."""
    return [json.loads(line) for line in (RECORDED / f"{story}.jsonl").read_text(encoding="utf-8").splitlines()]


def comparable(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """Without the time, and with pending operations in an order: Pulumi's is random."""
    pending = sorted(deployment.get("pending_operations", []), key=lambda each: json.dumps(each, sort_keys=True))
    return {**deployment, "manifest": None, "pending_operations": pending}


def body(*entries: Mapping[str, Any]) -> bytes:
    return json.dumps({"entries": entries}).encode()


def parsed(*entries: Mapping[str, Any]) -> tuple[Entry, ...]:
    return parse_entries(body(*entries))


@dataclass
class Journal:
    """A base, and the JSON of the entries of a run on it in order."""

    base: dict[str, Any]
    entries: list[dict[str, Any]] = field(default_factory=list)

    def write(self, kind: Kind, operation: int = 0, /, **others: Any) -> None:
        self.entries.append(entry(kind, len(self.entries) + 1, operation, **others))

    @property
    def parsed(self) -> tuple[Entry, ...]:
        return parsed(*self.entries)


_NAMES = [f"n{number}" for number in range(6)]
_URNS = [*(urn(name) for name in _NAMES), urn("child", f"things:index:Group${_TYPE}")]
_ALIASES = [*(urn(f"old{number}") for number in range(3)), *_URNS[:2]]
_OLD_PROVIDER = urn("old", _PROVIDER_TYPE)


def states() -> st.SearchStrategy[dict[str, Any]]:
    """Any state of a resource; one draw, as there are many of them."""
    return st.integers(0, 2**32).map(lambda seed: _state(random.Random(seed)))


def _state(chance: random.Random) -> dict[str, Any]:
    """With any of the keys that replaying looks at, in the form in which the CLI writes them."""

    def one(of: list[str]) -> str:
        return chance.choice([*[""] * len(of), *of])

    def some(of: list[str]) -> list[str]:
        return chance.choices(of, k=chance.choice([0, 0, 1, 2]))

    is_provider = chance.random() < 0.2
    known = [*_URNS, *_ALIASES]
    optional: dict[str, Any] = {
        "parent": one(known),
        "dependencies": some(known),
        "propertyDependencies": {key: some(known) for key in some(["a", "b"])},
        "provider": one([f"{PROVIDER}::1", f"{_OLD_PROVIDER}::2"]),
        "deletedWith": one(known),
        "replaceWith": some(known),
        "viewOf": one(known),
        "aliases": some([_OLD_PROVIDER] if is_provider else _ALIASES)[:1],
        "inputs": {key: chance.randrange(4) for key in some(["a", "b"])},
        "refreshBeforeUpdate": chance.random() < 0.1,
        "delete": chance.random() < 0.2,
        "pendingReplacement": chance.random() < 0.2,
    }
    given = {key: value for key, value in optional.items() if value}
    own = PROVIDER if is_provider else chance.choice(_URNS)
    return {"urn": own, "custom": True, "type": _PROVIDER_TYPE if is_provider else _TYPE, **given}


_KINDS_OF_PENDING = st.sampled_from(["creating", "updating", "deleting", "reading", "importing"])


@st.composite
def deployments(draw: st.DrawFn) -> dict[str, Any]:
    pending = st.fixed_dictionaries({"resource": states(), "type": _KINDS_OF_PENDING})
    optional: dict[str, Any] = {
        "secrets_providers": draw(st.sampled_from([None, {"type": "passphrase", "state": {"salt": "a"}}])),
        "resources": draw(st.lists(states(), max_size=4)),
        "pending_operations": draw(st.lists(pending, max_size=2)),
    }
    given = {key: value for key, value in optional.items() if value}
    manifest = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}
    return {"manifest": manifest, "metadata": {}, **given}


@st.composite
def journals(draw: st.DrawFn) -> Journal:
    """Any run: whatever an entry may say about what is there, in any combination; not only what an engine would do."""
    journal = Journal(draw(deployments()))
    if draw(st.booleans()):
        journal.write(Kind.SECRETS, secretsProvider={"type": "passphrase", "state": {"salt": draw(st.text("ab"))}})
    old = len(journal.base.get("resources", []))
    if draw(st.integers(0, 5)) == 0:
        snapshot = draw(deployments())
        old = len(snapshot.get("resources", []))
        journal.write(Kind.WRITE, newSnapshot=snapshot)
    _Steps(draw, journal, old).take(draw(st.integers(0, 9)))
    return journal


class _Steps:
    """Operations on ``old`` resources of the base and on those that this run has made."""

    def __init__(self, draw: st.DrawFn, journal: Journal, old: int) -> None:
        self._draw = draw
        self._journal = journal
        self._old = old
        self._gone: set[int] = set()
        self._made: list[int] = []
        self._open: list[int] = []
        self._operations = 0

    def take(self, steps: int) -> None:
        for _ in range(steps):
            step = self._draw(st.sampled_from([self._begin, self._begin, self._end, self._end, self._outputs]))
            step()
            if self._draw(st.integers(0, 7)) == 0:
                self._rebuild()

    def _begin(self) -> None:
        self._operations += 1
        self._open.append(self._operations)
        pending = {"resource": self._draw(states()), "type": self._draw(_KINDS_OF_PENDING)}
        others = {"operation": pending} if self._draw(st.booleans()) else {}
        self._journal.write(Kind.BEGIN, self._operations, **others)

    def _end(self) -> None:
        if not self._open:
            return
        operation = self._open.pop(self._draw(st.integers(0, len(self._open) - 1)))
        kind = self._draw(st.sampled_from([Kind.SUCCESS, Kind.SUCCESS, Kind.SUCCESS, Kind.FAILURE, Kind.REFRESHED]))
        state = self._draw(st.one_of(st.none(), states()))
        says: dict[str, Any] = {"state": state} if state else {}
        says |= self._place("remove")
        if kind is Kind.SUCCESS:
            says |= self._place("delete") | self._place("pendingReplacement")
            if self._draw(st.booleans()):
                says["isRefresh"] = True
        self._journal.write(kind, operation, **says)
        self._note(kind, operation, says)

    def _outputs(self) -> None:
        self._operations += 1
        place = self._place("remove")
        if place:
            self._journal.write(Kind.OUTPUTS, self._operations, state=self._draw(states()), **place)

    def _place(self, key: str) -> dict[str, int]:
        """A resource that an entry is about: an old one, one of this run, or none."""
        choices = [{f"{key}Old": index} for index in range(self._old)]
        choices += [{f"{key}New": operation} for operation in self._made]
        return self._draw(st.sampled_from([{}, *choices]))

    def _note(self, kind: Kind, operation: int, says: Mapping[str, Any]) -> None:
        goes = kind is Kind.SUCCESS or (kind is Kind.REFRESHED and "state" not in says)
        if goes and "removeOld" in says:
            self._gone.add(says["removeOld"])
        if kind is Kind.SUCCESS and "state" in says:
            self._made.append(operation)

    def _rebuild(self) -> None:
        """What is there becomes the base; operations that have not ended by then have no place in it.

        The engine does so after it has refreshed, before it makes anything. Were there new resources, Pulumi's replayer
        would go on counting them (JournalReplayer.index), and take later ones for others, or panic.
        """
        if self._made:
            return
        self._journal.write(Kind.REBUILT)
        self._old -= len(self._gone)
        self._gone, self._open = set(), []
