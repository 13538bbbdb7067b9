"""What an engine is asked to do, and what it answers: the seam at which a test puts a fake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kusion_dsl.errors import Problem
from kusion_dsl.model.change import Progress, ResourceResult, Step
from kusion_dsl.model.health import Health, Patience
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.masking import Mask
from kusion_dsl.model.reference import Reference
from kusion_dsl.model.spec import Spec
from kusion_dsl.model.state import StateAtRest
from kusion_dsl.model.target import Target


class State(Protocol):
    """The state of one stack where it lies, kept as bytes by somebody who need not understand them.

    Everybody may read. Who holds the lease of the stack may write: once :meth:`begin`, any number of times
    :meth:`append`, then :meth:`fold` or :meth:`discard`. Every method raises StorageError, and BusyError where somebody
    else has the stack; what was not acknowledged by returning counts as not done.
    """

    @property
    def lost(self) -> bool:
        """Whether the right to write is known to be lost. Waits for nothing."""

    def read(self) -> StateAtRest:
        """What is there. Must be called before :meth:`begin`; from then on no earlier run can write any more."""

    def begin(self, opening: bytes) -> None:
        """Begin a journal: ``opening`` is everything that is needed to go on should this run die."""

    def working(self, pid: int) -> None:
        """Let be known that the process ``pid`` of this host does the work."""

    def append(self, record: bytes) -> None:
        """Write the next record of the journal; it is durable when this returns."""

    def hand_over(self, state: bytes) -> None:
        """Let Pulumi itself write the published copy, which is the truth from now on and begins as ``state``."""

    def fold(self, state: bytes) -> None:
        """End the run: ``state`` is the truth from now on, and is published; the journal goes."""

    def discard(self) -> None:
        """End a run that did nothing: everything is as it was before :meth:`begin`."""


@dataclass(frozen=True)
class Run:
    """One run of an engine on one stack.

    - ``backend``: the URL of Pulumi's backend; ``passphrase_file`` holds the key of its state
    - ``state``: the state of the stack in that backend; a preview only reads it
    - ``directory``: what a relative ``target.directory`` is relative to
    - ``secret``: the value of a ``ref://`` reference; raises SecretError. Called only for those that the Spec has
    - ``refresh``: whether live objects are read first; then what differs from the Spec is reverted
    - ``retain``: ids that are forgotten, not deleted, when they go (shared with another stack)
    - ``forget``: whether a destroy forgets everything, what is protected included, and leaves it where it is
    - ``adopt``: ids of what is taken over where it is there already; a preview tells what is
    - ``mask``: learns every secret value that the engine comes to know, before anything is said about it
    - ``patience``: whether, and how long, it is waited for what was applied
    """

    ref: StackRef
    spec: Spec
    target: Target
    directory: Path
    backend: str
    passphrase_file: Path
    state: State
    secret: Callable[[Reference], str]
    refresh: bool = True
    retain: frozenset[str] = frozenset()
    forget: bool = False
    adopt: frozenset[str] = frozenset()
    mask: Mask = field(default_factory=Mask)
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True)
class Outcome:
    """How a run ended: the result for each resource that was touched, and the ids that exist now, or may, sorted.

    ``error`` says what went wrong with the run as a whole; empty when it succeeded. ``problems`` say the same, each at
    the id of the resource that it is about, as far as the engine can tell them apart. ``interrupted`` tells whether
    somebody ended it. ``outputs`` are the outputs of the resources by id, secret ones blinded.

    Of a run that died while it created something: ``adopted`` are the ids of what was taken over as made by it,
    ``forgotten`` of what it had not made. ``note`` is what should be known of a run that succeeded.
    """

    results: tuple[ResourceResult, ...] = ()
    resources: tuple[str, ...] = ()
    error: str = ""
    interrupted: bool = False
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    adopted: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()
    note: str = ""


Report = Callable[[Progress], None]


class Engine(Protocol):
    """Makes live what a Spec says. Raises EngineError; what fails for single resources is in the Outcome."""

    def preview(self, run: Run) -> tuple[Step, ...]:
        """What ``apply`` would do, one step per resource, deletions included. Changes nothing, anywhere."""

    def apply(self, run: Run, report: Report) -> Outcome:
        """Make live what ``run.spec`` says, telling ``report`` as it goes."""

    def destroy(self, run: Run, report: Report) -> Outcome:
        """Remove everything that Pulumi's state of the stack has, but for what is protected and what that depends on.

        ``run.spec`` is what was applied last. With ``run.forget`` nothing is removed, and nobody asked.
        """

    def health(self, run: Run, *, everything: bool = False) -> Mapping[str, Health]:
        """How the resources of ``run.spec`` that can tell are doing now, by id: those that are in a cluster.

        With ``everything`` also their pods, conditions and events, and what crashed containers said last. Changes
        nothing.
        """
