"""Runs of an engine: resources begin when what they need is there, end in any order, fail; then the rest is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from kusion_dsl.engine.journal.entry import Kind
from tests.unit.engine.journal.journals import Journal, resource

_NAMES = [f"n{number}" for number in range(6)]


@dataclass
class Run:
    """A journal, and after each number of its entries: the ids of what exists, and the names of what is under way."""

    journal: Journal
    existing: list[frozenset[str]] = field(default_factory=list)
    pending: list[list[str]] = field(default_factory=list)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """A run of a program on what the run before it has left."""
    engine = _Engine(draw)
    engine.run_program()
    if not engine.failed:
        engine.delete_the_rest()
    return engine.run


class _Engine:
    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._base = self._graph()
        self._program = self._graph()
        self._index = {name: index for index, name in enumerate(self._base)}
        old = [resource(name, *needs, id=f"{name}-0") for name, needs in self._base.items()]
        self.run = Run(Journal({"resources": old}))
        self.failed = False
        self._existing = {each["id"] for each in old}
        self._pending: list[str] = []
        self._done: set[str] = set()
        self._replaced: set[str] = set()
        self._operation = 0
        self._note()
        self._write(Kind.SECRETS, secretsProvider={"type": "passphrase"})

    def _graph(self) -> dict[str, list[str]]:
        """Names in an order, each with what it needs of those before it."""
        names = self._draw(st.permutations(_NAMES))[: self._draw(st.integers(0, len(_NAMES)))]
        earlier = ((name, names[:place]) for place, name in enumerate(names))
        return {
            name: self._draw(st.lists(st.sampled_from(before), max_size=2, unique=True)) if before else []
            for name, before in earlier
        }

    def _note(self) -> None:
        self.run.existing.append(frozenset(self._existing))
        self.run.pending.append(sorted(self._pending))

    def _write(self, kind: Kind, operation: int = 0, /, **others: Any) -> None:
        self.run.journal.write(kind, operation, **others)
        self._note()

    def run_program(self) -> None:
        waiting, active = list(self._program), list[Iterator[None]]()
        while True:
            ready = [name for name in waiting if self._done.issuperset(self._program[name])]
            if ready and (not active or self._draw(st.booleans())):
                waiting.remove(ready[0])
                active.append(self._register(ready[0]))
            elif not active:
                return
            step = self._draw(st.sampled_from(active))
            if next(step, self) is self:
                active.remove(step)

    def _register(self, name: str) -> Iterator[None]:
        state = resource(name, *self._program[name])
        if name not in self._index:
            return self._create(name, state)
        needed_by_others = any(name in needs for needs in self._base.values())
        choices = [self._same, self._update, self._replace] + ([] if needed_by_others else [self._recreate])
        step: Callable[[str, dict[str, Any]], Iterator[None]] = self._draw(st.sampled_from(choices))
        return step(name, state)

    def _same(self, name: str, state: dict[str, Any]) -> Iterator[None]:
        self._operation += 1
        operation = self._operation
        self._write(Kind.BEGIN, operation)
        yield
        self._done.add(name)
        self._write(Kind.SUCCESS, operation, state={**state, "id": f"{name}-0"}, removeOld=self._index[name])

    def _update(self, name: str, state: dict[str, Any]) -> Iterator[None]:
        yield from self._operate(name, "updating", state, {"removeOld": self._index[name]}, stays=True)

    def _create(self, name: str, state: dict[str, Any]) -> Iterator[None]:
        yield from self._operate(name, "creating", state, {})

    def _replace(self, name: str, state: dict[str, Any]) -> Iterator[None]:
        self._replaced.add(name)
        yield from self._operate(name, "creating", state, {"deleteOld": self._index[name]})

    def _recreate(self, name: str, state: dict[str, Any]) -> Iterator[None]:
        yield from self._delete(name, "pendingReplacementOld")
        yield from self._operate(name, "creating", state, {"removeOld": self._index[name]})

    def _operate(
        self, name: str, pending: str, state: dict[str, Any], says: dict[str, Any], stays: bool = False
    ) -> Iterator[None]:
        operation = self._begin(name, pending, state)
        yield
        self._pending.remove(name)
        if self._draw(st.integers(0, 5)) == 0:
            self.failed = True
            self._write(Kind.FAILURE, operation)
        else:
            made = {**state, "id": f"{name}-{0 if stays else 1}"}
            self._existing.add(made["id"])
            self._done.add(name)
            self._write(Kind.SUCCESS, operation, state=made, **says)

    def _begin(self, name: str, pending: str, state: dict[str, Any]) -> int:
        self._operation += 1
        self._pending.append(name)
        self._write(Kind.BEGIN, self._operation, operation={"resource": state, "type": pending})
        return self._operation

    def _delete(self, name: str, key: str) -> Iterator[None]:
        index = self._index[name]
        operation = self._begin(name, "deleting", self.run.journal.base["resources"][index])
        yield
        self._pending.remove(name)
        self._existing.discard(f"{name}-0")
        self._write(Kind.SUCCESS, operation, **{key: index})

    def delete_the_rest(self) -> None:
        """What the program does not have, and what was replaced; first what depends on others."""
        for name in reversed(self._base):
            if name not in self._program or name in self._replaced:
                for _ in self._delete(name, "removeOld"):
                    pass
