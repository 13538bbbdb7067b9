"""Drift: what somebody else changed since it was applied. Needs the backend only, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from kusion_dsl.discovery.projects import find_projects
from kusion_dsl.errors import KusionError, RefusedError
from kusion_dsl.model.change import Change, FieldChange, Step
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.provenance import Origin
from kusion_dsl.model.release import History
from kusion_dsl.model.spec import Spec, SpecResource
from kusion_dsl.operations.explanation import explain
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.preview import engine_run, found_secrets, has_resources
from kusion_dsl.operations.proposal import Proposal
from kusion_dsl.operations.selection import Selection, select_ref


@dataclass(frozen=True)
class Drifted:
    """One resource that is not as it was applied: deleted, or with ``fields`` that differ.

    ``origins`` say who had put it there, the decisive one first.
    """

    id: str
    type: str
    deleted: bool
    fields: tuple[FieldChange, ...] = ()
    origins: tuple[Origin, ...] = ()


@dataclass(frozen=True)
class Examined:
    """What was found out about a stack.

    - ``base``: its newest release, None where that is not known
    - ``resources``: how many were compared
    - ``problem``: why it cannot be told whether it drifted
    """

    ref: StackRef
    base: History | None
    resources: int = 0
    drifted: tuple[Drifted, ...] = ()
    problem: KusionError | None = None


def drift(host: Host, selection: Selection) -> Examined:
    """Compare the selected stack with what was last applied, resource by resource.

    Raises RefusedError where there is nothing that could be compared, or where it is not known what was applied last;
    and what reading the releases, the secrets and the live objects raises.
    """
    ref, directory = select_ref(host, selection)
    return _examine(host, ref, directory, at_hand=not selection.named)


def drift_everywhere(host: Host, selection: Selection) -> Iterator[Examined]:
    """:func:`drift` of every stack of the backend, or of those that ``selection`` names parts of.

    A stack for which it cannot be told has a ``problem``. A relative target directory is relative to the project's,
    which is looked for at and below the selection's. Raises ProjectError, StorageError.
    """
    projects = {project.name: path for path, project in find_projects(selection.directory)}
    for ref in host.releases.stacks():
        if not _is_meant(ref, selection):
            continue
        try:
            yield _examine(host, ref, projects.get(ref.project, selection.directory), at_hand=ref.project in projects)
        except KusionError as error:
            yield Examined(ref, None, problem=error)


def _is_meant(ref: StackRef, selection: Selection) -> bool:
    wanted = (selection.project, selection.stack, selection.workspace)
    return all(name in ("", given) for name, given in zip(wanted, ref, strict=True))


def _examine(host: Host, ref: StackRef, directory: Path, *, at_hand: bool) -> Examined:
    base = host.releases.newest(ref)
    if base is None:
        raise RefusedError("it has no release yet", where=str(ref), hint="make one: kusion apply")
    if base.phase not in ("succeeded", "failed"):
        what = "was abandoned" if base.final else "has not ended"
        raise RefusedError(
            f"release {base.release.revision} {what}, so it is not known what was applied",
            where=str(ref),
            hint="wait for its end; if its run died, `kusion apply` or `kusion rollback` settles what it left",
        )
    if not has_resources(base):
        return Examined(ref, base)
    live = read_live(host, base, directory, at_hand=at_hand)
    changes = explain(live.steps, live.applied, live.spec, base.release.provenance)
    drifted = tuple(each for change in changes if (each := _drifted(change)) is not None)
    return Examined(ref, base, len(live.applied), drifted)


class Live(NamedTuple):
    """What was last applied, resource by resource; the Spec of that; and the steps that would make it so again."""

    applied: Mapping[str, SpecResource]
    spec: Spec
    steps: tuple[Step, ...]


def read_live(host: Host, base: History, directory: Path, *, at_hand: bool) -> Live:
    """Compare what was last applied of a stack, whose newest release is ``base``, with what is live.

    ``at_hand`` tells whether ``directory`` is the project's. Raises RefusedError, SecretError, EngineError.
    """
    _check_directory(base, directory, at_hand=at_hand)
    last = base.release
    applied = host.releases.last_applied(last.ref)
    spec = replace(last.spec, resources=tuple(applied.values()))
    proposal = Proposal(last.ref, "apply", spec, last.target, directory)
    run = engine_run(host, proposal, found_secrets(host, proposal), refresh=True, retain=frozenset())
    return Live(applied, spec, host.engine().preview(run))


def _check_directory(base: History, directory: Path, *, at_hand: bool) -> None:
    """Raise RefusedError where a relative target directory is relative to something that is not here.

    Everything would seem to be deleted.
    """
    target = base.release.target
    if at_hand or target.kind != "manifests" or Path(target.directory).is_absolute():
        return
    if not (directory / target.directory).is_dir():
        raise RefusedError(
            f"its manifests are in {target.directory} of the project's directory, which is not here",
            where=str(base.release.ref),
            hint="name the directory of the project, or one above it, with -w",
        )


def _drifted(change: Change) -> Drifted | None:
    """What ``change``, which would revert it, tells about drift; None where it is something else that changes."""
    if change.operation == "create":
        return Drifted(change.id, change.type, deleted=True, origins=change.origins)
    if change.operation == "same":
        return None
    fields = tuple(field for field in change.fields if field.cause == "drift" and field.applied and not field.follows)
    return Drifted(change.id, change.type, deleted=False, fields=fields, origins=change.origins) if fields else None
