"""What an engine is asked to do, and what it answers: the seam at which a test puts a fake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kusion_dsl.model.change import Progress, ResourceResult, Step
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.masking import Mask
from kusion_dsl.model.reference import Reference
from kusion_dsl.model.spec import Spec
from kusion_dsl.model.target import Target


@dataclass(frozen=True)
class Run:
    """One run of an engine on one stack.

    - ``backend``: the URL of Pulumi's backend; ``passphrase_file`` holds the key of its state
    - ``directory``: what a relative ``target.directory`` is relative to
    - ``secret``: the value of a ``ref://`` reference; raises SecretError. Called only for those that the Spec has
    - ``refresh``: whether live objects are read first; then what differs from the Spec is reverted
    - ``retain``: ids that are forgotten, not deleted, when they go (shared with another stack)
    - ``mask``: learns every secret value that the engine comes to know, before anything is said about it
    """

    ref: StackRef
    spec: Spec
    target: Target
    directory: Path
    backend: str
    passphrase_file: Path
    secret: Callable[[Reference], str]
    refresh: bool = True
    retain: frozenset[str] = frozenset()
    mask: Mask = field(default_factory=Mask)


@dataclass(frozen=True)
class Outcome:
    """How a run ended: the result for each resource that was touched, and the ids that exist now, sorted.

    ``error`` says what went wrong with the run as a whole; empty when it succeeded. ``interrupted`` tells whether
    somebody ended it. ``outputs`` are the outputs of the resources by id, secret ones blinded.
    """

    results: tuple[ResourceResult, ...] = ()
    resources: tuple[str, ...] = ()
    error: str = ""
    interrupted: bool = False
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


Report = Callable[[Progress], None]


class Engine(Protocol):
    """Makes live what a Spec says. Raises EngineError; what fails for single resources is in the Outcome."""

    def preview(self, run: Run) -> tuple[Step, ...]:
        """What ``apply`` would do, one step per resource, deletions included. Changes nothing, anywhere."""

    def apply(self, run: Run, report: Report) -> Outcome:
        """Make live what ``run.spec`` says, telling ``report`` as it goes."""

    def destroy(self, run: Run, report: Report) -> Outcome:
        """Remove everything that Pulumi's state of the stack has; ``run.spec`` is what was applied last."""
