"""Releases: what every run leaves behind.

A release is written before anything is touched and never changed; what becomes of it is appended as phases, each a
record of its own. Every record names the digest of the one before it: a phase that of the release or of the phase
before, a release that of the last record of the release before. So the records form a chain.

Format 2 added to a release its provenance, the digests of its modules, which revision it restores and the version of
kusion-dsl; to its end the outputs and how long it took; and to every record a digest of its own (see
``storage.records``). What was written in format 1 is read as if it said of these that they are not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from kusion_dsl.errors import DamagedError, KusionError, NewerFormatError
from kusion_dsl.model.change import ResourceResult
from kusion_dsl.model.identity import Actor, ModuleVersion, Revision, StackRef
from kusion_dsl.model.provenance import Provenance
from kusion_dsl.model.spec import Json, Spec
from kusion_dsl.model.target import Target

FORMAT = 2
"""The version of the stored form that is written; all up to it are read."""

Kind = Literal["apply", "destroy", "rollback"]
Phase = Literal["applying", "succeeded", "failed", "abandoned"]
FINAL: tuple[Phase, ...] = ("succeeded", "failed", "abandoned")

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_UNREADABLE = (KeyError, TypeError, AttributeError, ValueError, IndexError, KusionError)


@dataclass(frozen=True)
class Release:
    """The immutable part: what is to be made so, by whom, from what.

    - ``restores``: the revision of the release whose Spec a rollback applies again, 0 for all others
    - ``created``: RFC 3339 in UTC
    - ``kusion``: the version of kusion-dsl
    - ``source``: the checkout, ``modules`` what took part in compiling, ``options`` what the stack was given
    - ``workspace_digest``: that of what the workspace says
    - ``provenance``: files relative to the project's directory; two releases are equal whatever theirs is
    - ``previous``: the digest of the last record before, empty for the first
    """

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
    restores: int = 0
    kusion: str = ""
    provenance: Provenance = field(default_factory=Provenance, compare=False)

    def to_json(self) -> Json:
        """The stored form."""
        return {
            "version": FORMAT,
            "project": self.ref.project,
            "stack": self.ref.stack,
            "workspace": self.ref.workspace,
            "revision": self.revision,
            "kind": self.kind,
            "restores": self.restores,
            "created": self.created,
            "kusion": self.kusion,
            "actor": self.actor.to_json(),
            "source": self.source.to_json(),
            "target": self.target.to_json(),
            "modules": [each.to_json() for each in self.modules],
            "workspaceDigest": self.workspace_digest,
            "options": dict(self.options),
            "previous": self.previous,
            "specDigest": self.spec.digest,
            "spec": self.spec.to_json(),
            "provenance": self.provenance.to_json(),
        }

    @classmethod
    def from_json(cls, document: Any, where: str) -> Release:
        """The inverse of :meth:`to_json`, for all formats. Raises DamagedError, NewerFormatError."""
        version = check_format(document, where)
        try:
            stored = _release_of_1(document) if version == 1 else document
            release = cls._of(stored)
            intact = release.spec.digest == stored["specDigest"]
        except _UNREADABLE as error:
            raise damaged(where, _said(error)) from None
        if not intact:
            raise damaged(where, "its Spec does not have the digest that was recorded with it")
        if version == 1:
            _check_complete(stored, release.to_json(), where)
        return release

    @classmethod
    def _of(cls, document: Json) -> Release:
        return cls(
            ref=StackRef(document["project"], document["stack"], document["workspace"]),
            revision=document["revision"],
            kind=_one_of(document["kind"], get_args(Kind)),
            created=_moment(document["created"]),
            actor=Actor.from_json(document["actor"]),
            source=Revision.from_json(document["source"]),
            target=Target.from_json(document["target"]),
            spec=Spec.from_json(document["spec"]),
            modules=tuple(ModuleVersion.from_json(each) for each in document["modules"]),
            workspace_digest=document["workspaceDigest"],
            options=document["options"],
            previous=document["previous"],
            restores=document["restores"],
            kusion=document["kusion"],
            provenance=Provenance.from_json(document["provenance"]),
        )


@dataclass(frozen=True)
class PhaseRecord:
    """An appended part: the phase a release reached, when, and (at the end) the result for each resource.

    - ``lease``: the fencing token under which it was written
    - ``resources``: the ids that exist after the run, as Pulumi's state has them; without them and without ``results``
      the record says nothing about what exists
    - ``outputs``: by id what each resource came to have beside its attributes, secrets masked
    - ``seconds``: how long the run took, None where it was not measured
    - ``previous``: the digest of the record before it, set when it is stored
    """

    phase: Phase
    at: str
    lease: int
    results: tuple[ResourceResult, ...] = ()
    resources: tuple[str, ...] = ()
    message: str = ""
    previous: str = ""
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    seconds: float | None = None

    def to_json(self) -> Json:
        """The stored form."""
        return {
            "version": FORMAT,
            "phase": self.phase,
            "at": self.at,
            "seconds": self.seconds,
            "lease": self.lease,
            "results": [result.to_json() for result in self.results],
            "resources": list(self.resources),
            "outputs": {id: dict(values) for id, values in self.outputs.items()},
            "message": self.message,
            "previous": self.previous,
        }

    @classmethod
    def from_json(cls, document: Any, where: str) -> PhaseRecord:
        """The inverse of :meth:`to_json`, for all formats. Raises DamagedError, NewerFormatError."""
        version = check_format(document, where)
        try:
            stored = _phase_of_1(document) if version == 1 else document
            record = cls(
                phase=_one_of(stored["phase"], get_args(Phase)),
                at=_moment(stored["at"]),
                lease=stored["lease"],
                results=tuple(ResourceResult.from_json(each) for each in stored["results"]),
                resources=tuple(stored["resources"]),
                message=stored["message"],
                previous=stored["previous"],
                outputs=stored["outputs"],
                seconds=stored["seconds"],
            )
        except _UNREADABLE as error:
            raise damaged(where, _said(error)) from None
        if version == 1:
            _check_complete(stored, record.to_json(), where)
        return record


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

    @property
    def seconds(self) -> float | None:
        """How long its run took; by the clock on the wall where nobody measured, None where its end is not known."""
        if self.phase not in ("succeeded", "failed"):
            return None
        end = self.phases[-1]
        if end.seconds is not None:
            return end.seconds
        return (datetime.fromisoformat(end.at) - datetime.fromisoformat(self.release.created)).total_seconds()


def check_format(document: Any, where: str, newest: int = FORMAT) -> int:
    """The format of a record, at most ``newest``.

    Raises DamagedError for what is no record of ours, NewerFormatError for one of a later format.
    """
    version = document.get("version") if isinstance(document, Mapping) else None
    if not isinstance(version, int) or version < 1:
        raise damaged(where, "it has no version")
    if version > newest:
        raise NewerFormatError(
            f"it has format {version}, this kusion-dsl reads up to {newest}",
            where=where,
            hint="upgrade kusion-dsl; nothing was changed",
        )
    return version


def _release_of_1(document: Json) -> Json:
    """A release of format 1 as format 2 has it, where that is not known empty."""
    modules = [{**each, "digest": ""} for each in document["modules"]]
    added = {"restores": 0, "kusion": "", "provenance": Provenance().to_json()}
    return {**document, **added, "version": FORMAT, "modules": modules}


def _phase_of_1(document: Json) -> Json:
    """A phase of format 1 as format 2 has it."""
    return {**document, "version": FORMAT, "seconds": None, "outputs": {}}


def _check_complete(stored: Json, read: Json, where: str) -> None:
    """Raise DamagedError where more is stored than was read: what has no digest of its own must be all understood."""
    if stored != read:
        raise damaged(where, "it has parts that no record of its format has")


def _moment(text: str) -> str:
    """``text``, if it is a moment as we write it. Raises ValueError."""
    if datetime.fromisoformat(text).strftime(_MOMENT) != text:
        raise ValueError(f"{text!r} is no moment in UTC")
    return text


def _said(error: Exception) -> str:
    """What is wrong with a record that could not be read, in words."""
    match error:
        case KeyError():
            return f"it has no {error}"
        case KusionError():
            return error.problems[0].what
        case ValueError():
            return str(error)
        case _:
            return f"it has not the form of one ({error})"


def _one_of(value: Any, known: tuple[Any, ...]) -> Any:
    if value not in known:
        raise ValueError(f"{value!r} is not one of {', '.join(known)}")
    return value


def damaged(where: str, why: str) -> DamagedError:
    """The error for a stored record that is not what was written."""
    return DamagedError(
        f"the record is damaged: {why}",
        where=where,
        hint="restore this file from a copy of the backend; `kusion release verify` tells what works without it",
    )
