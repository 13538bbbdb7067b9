"""The resources of a stack, as its releases know them: which there are, and everything about one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from kusion_dsl.errors import RefusedError
from kusion_dsl.model.change import MISSING, Missing, ResourceResult
from kusion_dsl.model.health import Health
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.provenance import Origin
from kusion_dsl.model.release import History
from kusion_dsl.model.spec import SpecResource
from kusion_dsl.operations.drift import read_live
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.preview import engine_run, found_secrets
from kusion_dsl.operations.proposal import Proposal
from kusion_dsl.operations.selection import Selection, select_ref
from kusion_dsl.operations.why import find_id
from kusion_dsl.storage.applied import possibly_live, tells

Status = Literal["done", "unready", "failed", "unchanged", "unknown"]
"""How the newest release ended for a resource; ``unknown`` where that release has not ended, or was abandoned."""


@dataclass(frozen=True)
class ListedResource:
    """A resource that exists, or may.

    - ``since``: the revision of the release that made it, ``changed`` of the one that changed it last; 0 if not known
    - ``message``: what was said about it in the newest release
    """

    resource: SpecResource
    since: int
    changed: int
    status: Status
    message: str = ""


@dataclass(frozen=True)
class StackResources:
    """The resources of a stack by id, as its newest release, ``base``, left them.

    ``health`` is how they are doing now, of those that can tell; None where nobody asked.
    """

    ref: StackRef
    base: History
    resources: Mapping[str, ListedResource]
    health: Mapping[str, Health] | None = None


@dataclass(frozen=True)
class ShownResource:
    """One resource with everything that is known about it.

    - ``origins``: who put it there, the decisive one first
    - ``needs``, ``needed_by``: the ids of resources that it depends on, and that depend on it
    - ``outputs``: what it came to have beside what the Spec says, secrets masked
    - ``live``: its attributes as they are now, None where it is gone, MISSING where nobody asked
    - ``health``: how it is doing now; None where nobody asked, or where it cannot tell
    """

    ref: StackRef
    base: History
    listed: ListedResource
    origins: tuple[Origin, ...]
    needs: tuple[str, ...]
    needed_by: tuple[str, ...]
    outputs: Mapping[str, Any]
    live: Mapping[str, Any] | Missing | None = MISSING
    health: Health | None = None


class Existing(NamedTuple):
    """A stack, its newest release, and the resources that exist, or may, by id, what others need first.

    ``directory`` is what its relative target directory is relative to.
    """

    ref: StackRef
    directory: Path
    base: History
    resources: Mapping[str, SpecResource]


def existing_resources(host: Host, selection: Selection) -> Existing:
    """What the selected stack has. Raises RefusedError where it has no release, DamagedError, NewerFormatError."""
    ref, directory = select_ref(host, selection)
    base = host.releases.newest(ref)
    if base is None:
        raise RefusedError(f"{ref} has no release yet", hint="make one: kusion apply")
    ids = possibly_live(host.releases.newest_first(ref))
    found = {**_latest(host.releases.newest_first(ref), ids), **host.releases.last_applied(ref)}
    return Existing(ref, directory, base, {id: found[id] for id in base.release.spec.ordered(ids & found.keys())})


def list_resources(host: Host, selection: Selection, *, live: bool = False) -> StackResources:
    """What the selected stack has, with what became of it; with ``live`` also how it is doing now.

    Raises what :func:`existing_resources` raises, and with ``live`` EngineError and SecretError.
    """
    existing = existing_resources(host, selection)
    listed = _listed(host, existing, frozenset(existing.resources))
    health = _health(host, existing, existing.resources, everything=False) if live else None
    return StackResources(existing.ref, existing.base, listed, health)


def _health(
    host: Host, existing: Existing, resources: Mapping[str, SpecResource], *, everything: bool
) -> Mapping[str, Health]:
    last = existing.base.release
    spec = replace(last.spec, resources=tuple(resources.values()))
    proposal = Proposal(existing.ref, "apply", spec, last.target, existing.directory)
    secret = found_secrets(host, proposal)
    run = engine_run(host, proposal, secret, refresh=False, retain=frozenset())
    return host.engine().health(run, everything=everything)


def show_resource(host: Host, selection: Selection, text: str, *, live: bool) -> ShownResource:
    """One resource by its id, or a part of it that only one has; with ``live`` also as it is now.

    Raises what :func:`existing_resources` raises, SpecError where there is no such one, and with ``live`` EngineError
    and SecretError.
    """
    existing = existing_resources(host, selection)
    id = find_id(existing.resources, text)
    seen: Mapping[str, Any] | Missing | None = MISSING
    health: Mapping[str, Health] = {}
    if live:
        found = read_live(host, existing.base, existing.directory, at_hand=not selection.named)
        seen = next((step.live for step in found.steps if step.id == id), None)
        health = _health(host, existing, {id: existing.resources[id]}, everything=True)
    return ShownResource(
        ref=existing.ref,
        base=existing.base,
        listed=_listed(host, existing, frozenset([id]))[id],
        origins=existing.base.release.provenance.of(id),
        needs=existing.resources[id].depends_on,
        needed_by=tuple(other for other, each in existing.resources.items() if id in each.depends_on),
        outputs=_outputs(host.releases.newest_first(existing.ref), id),
        live=seen,
        health=health.get(id),
    )


def _listed(host: Host, existing: Existing, ids: frozenset[str]) -> dict[str, ListedResource]:
    base = existing.base
    since, changed = _made(host.releases.newest_first(existing.ref), ids)
    results = {result.id: result for result in base.phases[-1].results} if base.final else {}
    return {
        id: ListedResource(resource, since.get(id, 0), changed.get(id, 0), *_status(base, results.get(id)))
        for id, resource in existing.resources.items()
        if id in ids
    }


def _latest(newest_first: Iterable[History], ids: frozenset[str]) -> dict[str, SpecResource]:
    """For each id the resource as the newest release has it whose Spec has it, whatever became of that."""
    found: dict[str, SpecResource] = {}
    for history in newest_first:
        for id in ids - found.keys():
            if id in history.release.spec:
                found[id] = history.release.spec[id]
        if found.keys() >= ids:
            break
    return found


def _made(newest_first: Iterable[History], ids: frozenset[str]) -> tuple[dict[str, int], dict[str, int]]:
    """For each id the newest release that made it, and the newest that changed it. Reads no further than needed."""
    since: dict[str, int] = {}
    changed: dict[str, int] = {}
    for history in newest_first:
        results = history.phases[-1].results if history.final else ()
        for result in results:
            if result.id not in ids or not result.is_applied or result.operation in ("same", "delete"):
                continue
            changed.setdefault(result.id, history.release.revision)
            if result.operation in ("create", "adopt", "replace"):
                since.setdefault(result.id, history.release.revision)
        if since.keys() >= ids:
            break
    return since, changed


def _status(base: History, result: ResourceResult | None) -> tuple[Status, str]:
    if base.phase not in ("succeeded", "failed"):
        return "unknown", ""
    return (result.status, result.message) if result is not None else ("unchanged", "")


def _outputs(newest_first: Iterable[History], id: str) -> Mapping[str, Any]:
    """What the newest release that knows says that a resource came to have."""
    newest = next((history for history in newest_first if tells(history)), None)
    return newest.phases[-1].outputs.get(id, {}) if newest is not None else {}
