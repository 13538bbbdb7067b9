"""Releases: what every run leaves behind.

A release is written before anything is touched and never changed; what becomes of it is appended as phases, each a
record of its own. Every record names the digest of the one before it: a phase that of the release or of the phase
before, a release that of the last record of the release before. So the records form a chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kusion_dsl.errors import DamagedError, NewerFormatError, SpecError
from kusion_dsl.model.change import ResourceResult
from kusion_dsl.model.identity import Actor, ModuleVersion, Revision, StackRef
from kusion_dsl.model.spec import Json, Spec
from kusion_dsl.model.target import Target

FORMAT = 1
"""The version of the stored form."""

Kind = Literal["apply", "destroy", "rollback"]
Phase = Literal["applying", "succeeded", "failed", "abandoned"]
FINAL: tuple[Phase, ...] = ("succeeded", "failed", "abandoned")


@dataclass(frozen=True)
class Release:
    """The immutable part: what is to be made so, by whom, from what. ``created`` is RFC 3339 in UTC."""

    ref: StackRef
    revision: int
    kind: Kind
    created: str
    actor: Actor
    source: Revision
    target: Target
    spec: Spec
    modules: tuple[ModuleVersion, ...] = ()
    workspace_digest: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    previous: str = ""

    def to_json(self) -> Json:
        """The stored form."""
        return {
            "version": FORMAT,
            "project": self.ref.project,
            "stack": self.ref.stack,
            "workspace": self.ref.workspace,
            "revision": self.revision,
            "kind": self.kind,
            "created": self.created,
            "actor": self.actor.to_json(),
            "source": self.source.to_json(),
            "target": self.target.to_json(),
            "modules": [
                {"name": each.name, "distribution": each.distribution, "version": each.version} for each in self.modules
            ],
            "workspaceDigest": self.workspace_digest,
            "options": dict(self.options),
            "previous": self.previous,
            "specDigest": self.spec.digest,
            "spec": self.spec.to_json(),
        }

    @classmethod
    def from_json(cls, document: Any, where: str) -> Release:
        """The inverse of :meth:`to_json`. Raises DamagedError, NewerFormatError."""
        check_format(document, where)
        try:
            release = cls(
                ref=StackRef(document["project"], document["stack"], document["workspace"]),
                revision=document["revision"],
                kind=document["kind"],
                created=document["created"],
                actor=Actor.from_json(document["actor"]),
                source=Revision.from_json(document["source"]),
                target=Target.from_json(document["target"]),
                spec=Spec.from_json(document["spec"]),
                modules=tuple(ModuleVersion(**each) for each in document["modules"]),
                workspace_digest=document["workspaceDigest"],
                options=document["options"],
                previous=document["previous"],
            )
            intact = release.spec.digest == document["specDigest"]
        except (KeyError, TypeError, AttributeError, SpecError) as error:
            raise damaged(where, f"{error!r}") from None
        if not intact:
            raise damaged(where, "its Spec does not have the digest that was recorded with it")
        return release


@dataclass(frozen=True)
class PhaseRecord:
    """An appended part: the phase a release reached, when, and (at the end) the result for each resource.

    ``resources`` are the ids that exist after the run, as Pulumi's state has them; without them and without
    ``results`` the record says nothing about what exists. ``lease`` is the fencing token under which it was written,
    ``previous`` the digest of the record before it, set when it is stored.
    """

    phase: Phase
    at: str
    lease: int
    results: tuple[ResourceResult, ...] = ()
    resources: tuple[str, ...] = ()
    message: str = ""
    previous: str = ""

    def to_json(self) -> Json:
        """The stored form."""
        return {
            "version": FORMAT,
            "phase": self.phase,
            "at": self.at,
            "lease": self.lease,
            "results": [result.to_json() for result in self.results],
            "resources": list(self.resources),
            "message": self.message,
            "previous": self.previous,
        }

    @classmethod
    def from_json(cls, document: Any, where: str) -> PhaseRecord:
        """The inverse of :meth:`to_json`. Raises DamagedError, NewerFormatError."""
        check_format(document, where)
        try:
            return cls(
                phase=document["phase"],
                at=document["at"],
                lease=document["lease"],
                results=tuple(ResourceResult.from_json(each) for each in document["results"]),
                resources=tuple(document["resources"]),
                message=document["message"],
                previous=document["previous"],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise damaged(where, f"{error!r}") from None


@dataclass(frozen=True)
class History:
    """A release with all that became of it. ``digest`` is that of its last record."""

    release: Release
    phases: tuple[PhaseRecord, ...]
    digest: str

    @property
    def phase(self) -> Phase:
        """The last phase it reached."""
        return self.phases[-1].phase if self.phases else "applying"

    @property
    def final(self) -> bool:
        """Whether nothing more can become of it."""
        return self.phase in FINAL


def check_format(document: Any, where: str) -> None:
    """Raise DamagedError for what is no record of ours, NewerFormatError for one of a later version."""
    version = document.get("version") if isinstance(document, Mapping) else None
    if not isinstance(version, int):
        raise damaged(where, "it has no version")
    if version > FORMAT:
        raise NewerFormatError(
            f"it has format {version}, this kusion-dsl reads up to {FORMAT}",
            where=where,
            hint="upgrade kusion-dsl; nothing was changed",
        )


def damaged(where: str, why: str) -> DamagedError:
    """The error for a stored record that is not what was written."""
    return DamagedError(
        f"the record is damaged: {why}",
        where=where,
        hint="restore this file from a copy of the backend; `kusion release list` shows which releases are readable",
    )
