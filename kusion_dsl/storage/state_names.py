"""How the parts of a stack's state are called in a store."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from kusion_dsl.model.identity import StackRef
from kusion_dsl.storage.keys import stack_folder
from kusion_dsl.storage.store import Store

ROOT = ".kusion/v1/state/"
_NAME = re.compile(r"(?P<number>[0-9]{8,})(?:\.(?P<record>0|[1-9][0-9]*))?\.json")


@dataclass
class StateIndex:
    """What is there, by the numbers of the leases: states, and for each journal the numbers of its records."""

    states: list[int] = field(default_factory=list)
    journals: dict[int, list[int]] = field(default_factory=dict)

    @property
    def state(self) -> int:
        """The newest state; 0 if there is none."""
        return max(self.states, default=0)

    @property
    def highest(self) -> int:
        """The highest number that was used; 0 if none was."""
        return max([*self.states, *self.journals], default=0)


def folder(ref: StackRef) -> str:
    """Where the parts lie."""
    return stack_folder(ROOT, ref)


def state_name(number: int) -> str:
    """What the run with a lease left."""
    return f"{number:08d}.json"


def record_name(number: int, record: int) -> str:
    """A record of the journal of the run with a lease."""
    return f"{number:08d}.{record}.json"


def look(store: Store, ref: StackRef) -> StateIndex:
    """What there is of a stack's state."""
    index, prefix = StateIndex(), folder(ref)
    for key in store.list(prefix):
        match = _NAME.fullmatch(key.removeprefix(prefix))
        if match is None:
            continue
        number = int(match["number"])
        if match["record"] is None:
            index.states.append(number)
        else:
            index.journals.setdefault(number, []).append(int(match["record"]))
    return index
