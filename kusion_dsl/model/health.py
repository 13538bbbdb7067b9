"""Health: whether a live object has come up, how far it is, and why it does not get further."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

HealthStatus = Literal["ready", "progressing", "degraded", "failed", "gone", "unknown"]
"""How an object is doing.

- ``ready``: as its kind, or the workspace's policy, says that it should be
- ``progressing``: not yet, and nothing speaks against it
- ``degraded``: not yet, and for a reason that does not go away by itself
- ``failed``: it will not come up any more
- ``gone``: there is no such object
- ``unknown``: nobody could tell
"""

_NAMED = 3
"""So many pods of a trouble are named."""


class Patience(NamedTuple):
    """Whether a run waits until what it applied has come up, and how many seconds for each resource.

    0: as long as the resource, or the target, says.
    """

    wait: bool = True
    timeout: float = 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an object does not come up.

    - ``what`` says it in a line that stays the same as long as the reason does: no counts, no names of pods
    - ``pods`` are the names of those that it is about, ``log`` the last lines of the container of one of them
    - ``lasting`` tells whether it does not go away by itself
    """

    what: str
    pods: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    lasting: bool = False

    @property
    def line(self) -> str:
        """It, behind the pods that it is about."""
        if not self.pods:
            return self.what
        if len(self.pods) == 1:
            return f"pod {self.pods[0]}: {self.what}"
        named = ", ".join(self.pods[:_NAMED]) + (", …" if len(self.pods) > _NAMED else "")
        return f"{len(self.pods)} pods: {self.what} ({named})"

    @property
    def lines(self) -> tuple[str, ...]:
        """All that it says, the log below."""
        return (self.line, *(f"  | {line}" for line in self.log))


class PodState(NamedTuple):
    """A pod of an object: its phase, whether it is ready, how often its containers were restarted, where it runs."""

    name: str
    phase: str
    ready: bool
    restarts: int
    node: str


class Condition(NamedTuple):
    """A condition of an object's status (https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md)."""

    type: str
    status: str
    reason: str
    message: str
    since: str


class Event(NamedTuple):
    """An event: when it was seen last (RFC 3339), what it is about (``Pod/NAME``), and how often it was seen."""

    at: str
    type: str
    reason: str
    about: str
    message: str
    times: int


@dataclass(frozen=True)
class Health:
    """How a live object is doing; ``text`` says how far it is: ``1 of 3 pods are ready``.

    ``pods``, ``conditions`` and ``events`` are those of the object; the oldest event comes first.
    """

    status: HealthStatus
    text: str = ""
    troubles: tuple[Trouble, ...] = ()
    pods: tuple[PodState, ...] = ()
    conditions: tuple[Condition, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def lines(self) -> Iterator[str]:
        """Why it is not ready."""
        for trouble in self.troubles:
            yield from trouble.lines
