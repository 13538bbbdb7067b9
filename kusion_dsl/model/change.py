"""Changes: what a run would do, or did, to each resource, and whose doing each difference is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from kusion_dsl.model.provenance import Origin
from kusion_dsl.model.reference import Path

Operation = Literal["create", "update", "replace", "delete", "same"]
"""What happens to a resource."""

Cause = Literal["yours", "drift", "conflict"]
"""Whose doing a difference is: the Spec changed; the live object was changed by someone else; both."""


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
    values too, of which nothing else can be seen.
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


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs: what was applied, what is wanted, what is live, and who caused it.

    - ``label`` names it for people (``spec.template.spec.containers[web].image``), ``path`` is where it is in the Spec
    - ``former`` are the origins of the value before, where somebody else than now had put it there
    - ``follows`` are the ids of resources whose values it takes and which change in the same run
    - ``applied`` tells whether applying makes it so; what the option ``ignoreChanges`` names stays as it is live
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


@dataclass(frozen=True, slots=True)
class Change:
    """What would happen, or happened, to one resource.

    - ``fields`` is empty for a delete, and for a create unless somebody deleted what is also changed
    - ``note`` says in words what the operation does not
    - ``forces`` are the ids of the resources that change because this one does
    """

    id: str
    type: str
    operation: Operation
    fields: tuple[FieldChange, ...] = ()
    origins: tuple[Origin, ...] = ()
    note: str = ""
    forces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Something that happened during a run: a resource was begun (``running``), is done, or failed."""

    id: str
    operation: Operation
    status: Literal["running", "done", "failed"]
    message: str = ""


@dataclass(frozen=True, slots=True)
class ResourceResult:
    """How a run ended for one resource."""

    id: str
    type: str
    operation: Operation
    status: Literal["done", "failed"]
    message: str = ""

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
