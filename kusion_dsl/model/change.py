"""Changes: what a run would do, or did, to each resource, and whose doing each difference is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from kusion_dsl.errors import Problem
from kusion_dsl.model.field_owner import Manager
from kusion_dsl.model.health import Trouble
from kusion_dsl.model.provenance import Origin
from kusion_dsl.model.reference import Path

Operation = Literal["create", "adopt", "update", "replace", "delete", "same"]
"""What happens to a resource; *adopt*: it is there already, and not of this stack, which takes it over."""

Cause = Literal["yours", "drift", "conflict"]
"""Whose doing a difference is: the Spec changed; the live object was changed by someone else; both."""


FORGOTTEN = "kept, only forgotten"
"""What is said of a result where what is gone from a stack stays where it is."""


class Missing(Enum):
    """The value of a field that is not there; None is a value."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing.MISSING


def present(**values: Any) -> dict[str, Any]:
    """Those of ``values`` that are there."""
    return {name: value for name, value in values.items() if value is not MISSING}


@dataclass(frozen=True, slots=True)
class Step:
    """What the engine says about one resource of a run.

    ``state`` are its inputs as the last run left them, ``live`` as the provider reads them now (equal to ``state``
    where live was not read, None where the object is gone), ``wanted`` as the Spec has them, references resolved as
    far as they are known. Secret values are blinded. ``replaces`` are the input paths that force a replacement,
    ``differs`` those in which live and wanted differ, ``drifted`` those in which live differs from the state: secret
    values too, of which nothing else can be seen. ``refused`` is what the target has against it, where it was asked and
    would not take it; its place is the id.

    Of what is to be adopted there is no ``state``, ``live`` is as much as the Spec speaks of, and ``held_by`` are those
    who manage it, by the names that the target has for them. ``kept`` says of what would be deleted why it is to stay.

    Where the target knows who wrote what, ``managers`` are the others who did, by the labels of the fields (see
    :mod:`kusion_dsl.model.difference`). ``left`` are the fields that the run leaves to somebody, who is told by label.
    """

    id: str
    type: str
    operation: Operation
    state: Mapping[str, Any] | None = None
    live: Mapping[str, Any] | None = None
    wanted: Mapping[str, Any] | None = None
    replaces: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    refused: Problem | None = None
    held_by: tuple[str, ...] = ()
    kept: str = ""
    managers: Mapping[str, Manager] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs: what was applied, what is wanted, what is live, and who caused it.

    - ``label`` names it for people (``spec.template.spec.containers[web].image``), ``path`` is where it is in the Spec
    - ``former`` are the origins of the value before, where somebody else than now had put it there
    - ``follows`` are the ids of resources whose values it takes and which change in the same run
    - ``applied`` tells whether applying makes it so; what the option ``ignoreChanges`` names stays as it is live
    - ``by`` is who else wrote it, where the target knows
    """

    label: str
    path: Path
    before: Any
    after: Any
    live: Any
    cause: Cause
    origins: tuple[Origin, ...] = ()
    former: tuple[Origin, ...] = ()
    follows: tuple[str, ...] = ()
    applied: bool = True
    by: Manager | None = None

    @property
    def is_taken(self) -> bool:
        """Whether applying would take it from somebody who has a right to it.

        What we had applied is ours, whoever wrote something else since. What we had not is theirs; and so is what
        somebody else, too, wants as it is.
        """
        if self.by is None or self.after is MISSING or not self.applied:
            return False
        return self.cause == "yours" or self.before is MISSING


@dataclass(frozen=True, slots=True)
class Change:
    """What would happen, or happened, to one resource.

    - ``fields`` is empty for a delete, and for a create unless somebody deleted what is also changed; of what is adopted
      ``before`` is what is there
    - ``note`` says in words what the operation does not
    - ``forces`` are the ids of the resources that change because this one does
    - ``held_by`` are those who manage what is adopted
    """

    id: str
    type: str
    operation: Operation
    fields: tuple[FieldChange, ...] = ()
    origins: tuple[Origin, ...] = ()
    note: str = ""
    forces: tuple[str, ...] = ()
    held_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Something that happened during a run.

    A resource was begun (``running``), is ``done``, or ``failed``. What is done may still have to come up: then it is
    ``waiting``, as far as ``message`` says and for the reasons in ``troubles``, until it is ``ready``.
    """

    id: str
    operation: Operation
    status: Literal["running", "done", "failed", "waiting", "ready"]
    message: str = ""
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceResult:
    """How a run ended for one resource; ``unready`` is what was done, or was there already, and has not come up."""

    id: str
    type: str
    operation: Operation
    status: Literal["done", "unready", "failed"]
    message: str = ""

    @property
    def is_applied(self) -> bool:
        """Whether the resource is now as the Spec says."""
        return self.status != "failed"

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        document: dict[str, Any] = {
            "id": self.id,
            "type": self.type,
            "operation": self.operation,
            "status": self.status,
        }
        return {**document, "message": self.message} if self.message else document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ResourceResult:
        """The inverse of :meth:`to_json`."""
        return cls(
            document["id"], document["type"], document["operation"], document["status"], document.get("message", "")
        )
