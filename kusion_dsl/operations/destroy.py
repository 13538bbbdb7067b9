"""Destroy: remove everything a stack has, from its releases alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kusion_dsl.engine.run import Report
from kusion_dsl.errors import RefusedError
from kusion_dsl.model.change import Change
from kusion_dsl.model.release import History, Release, StackRef
from kusion_dsl.model.spec import Spec, SpecResource
from kusion_dsl.model.target import Target
from kusion_dsl.operations.apply import Applied, leased, record
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.preview import check_target, engine_run, has_resources, shared_elsewhere
from kusion_dsl.operations.selection import Selection, select_ref
from kusion_dsl.storage.applied import tells

SHARED = "shared with another stack on this target: left alone"


@dataclass(frozen=True)
class Demolition:
    """What a destroy would remove. ``kept`` are the ids that stay, because other stacks have them too."""

    ref: StackRef
    base: History | None
    directory: Path
    changes: tuple[Change, ...]
    kept: frozenset[str]

    @property
    def is_noop(self) -> bool:
        """Whether there is nothing to remove."""
        return self.base is None or not has_resources(self.base)


def preview_destroy(host: Host, selection: Selection) -> Demolition:
    """What destroying the selected stack would remove. Changes nothing. Raises what selecting a stack raises."""
    ref, directory = select_ref(host, selection)
    base = host.releases.newest(ref)
    if base is None or not has_resources(base):
        return Demolition(ref, base, directory, (), frozenset())
    target = base.release.target
    if selection.target_directory:
        check_target(base, Target("manifests", selection.target_directory))
    kept = shared_elsewhere(host, ref, target)
    applied = host.releases.last_applied(ref)
    known = base.phases[-1].resources if tells(base) else _possible(applied, base)
    changes = tuple(
        Change(id, applied[id].type if id in applied else "", "same" if id in kept else "delete", note=_note(id, kept))
        for id in reversed(_in_order(known, base))
    )
    return Demolition(ref, base, directory, changes, kept & set(known))


def _possible(applied: Mapping[str, SpecResource], base: History) -> tuple[str, ...]:
    """What may exist after a release of which nobody knows how it ended."""
    return tuple(dict.fromkeys([*applied, *(resource.id for resource in base.release.spec.resources)]))


def _note(id: str, kept: frozenset[str]) -> str:
    return SHARED if id in kept else ""


def _in_order(ids: tuple[str, ...], base: History) -> list[str]:
    order = {resource.id: number for number, resource in enumerate(base.release.spec.resources)}
    return sorted(ids, key=lambda id: (order.get(id, len(order)), id))


def destroy(host: Host, shown: Demolition, report: Report) -> Applied | None:
    """Remove what ``shown`` lists; None where there is nothing. Raises BusyError, RefusedError, EngineError."""
    if shown.is_noop or shown.base is None:
        return None
    engine = host.engine()
    with leased(host, shown.ref, "destroy") as lease:
        newest = host.releases.newest(shown.ref)
        if newest is None or newest.release.revision != shown.base.release.revision:
            raise RefusedError(
                "the stack was changed by somebody else while you were deciding",
                where=str(shown.ref),
                hint="run the command again to see what it has now",
            )
        last = newest.release
        run = engine_run(host, shown.ref, last.spec, last.target, shown.directory, refresh=False, retain=shown.kept)
        return record(host, lease, _release(host, newest, shown), lambda: engine.destroy(run, report))


def _release(host: Host, newest: History, shown: Demolition) -> Release:
    last = newest.release
    return Release(
        ref=shown.ref,
        revision=last.revision + 1,
        kind="destroy",
        created=host.now(),
        actor=host.actor,
        source=host.revision_of(shown.directory),
        target=last.target,
        spec=Spec(providers=last.spec.providers, context=last.spec.context, secret_store=last.spec.secret_store),
        modules=last.modules,
        workspace_digest=last.workspace_digest,
        previous=newest.digest,
    )
