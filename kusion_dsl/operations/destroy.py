"""Destroy: remove everything a stack has, from its releases alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from kusion_dsl.engine.run import Report
from kusion_dsl.errors import RefusedError
from kusion_dsl.model.change import Change
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.release import History
from kusion_dsl.model.target import Target
from kusion_dsl.operations.apply import Applied, leased, record, release_of
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.preview import (
    SHARED,
    check_target,
    engine_run,
    has_resources,
    origin_warnings,
    secrets_of,
    shared_elsewhere,
)
from kusion_dsl.operations.proposal import Proposal
from kusion_dsl.operations.selection import Selection, select_ref


@dataclass(frozen=True)
class Demolition:
    """What a destroy would remove. ``kept`` are the ids that stay, because other stacks have them too.

    ``directory`` is the project's, where one is at hand.
    """

    ref: StackRef
    base: History | None
    directory: Path
    changes: tuple[Change, ...]
    kept: frozenset[str]
    warnings: tuple[str, ...] = ()

    @property
    def is_noop(self) -> bool:
        """Whether there is nothing to remove."""
        return self.base is None or not has_resources(self.base)


def preview_destroy(host: Host, selection: Selection) -> Demolition:
    """What destroying the selected stack would remove, as the engine's own state of it says. Changes nothing.

    Raises what selecting a stack raises, RefusedError where it lives on another target, EngineError, DamagedError.
    """
    ref, directory = select_ref(host, selection)
    base = host.releases.newest(ref)
    if base is None or not has_resources(base):
        return Demolition(ref, base, directory, (), frozenset())
    target = base.release.target
    if selection.target_directory:
        check_target(base, Target("manifests", selection.target_directory))
    kept = shared_elsewhere(host, ref, target)
    nothing = _nothing(base, directory)
    secret = secrets_of(host, nothing.spec, directory)
    run = engine_run(host, nothing, secret, refresh=False, retain=kept)
    steps = {step.id: step for step in host.engine().preview(run)}
    changes = tuple(
        Change(id, steps[id].type, "same" if id in kept else "delete", note=SHARED if id in kept else "")
        for id in reversed(_in_order(steps, base))
    )
    warnings = () if selection.named else origin_warnings(host, base, directory)
    return Demolition(ref, base, directory, changes, kept & steps.keys(), warnings)


def _in_order(ids: Iterable[str], base: History) -> list[str]:
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
        nothing, last = _nothing(newest, shown.directory), newest.release
        secret = secrets_of(host, last.spec, shown.directory)
        retain = shown.kept | shared_elsewhere(host, shown.ref, last.target)  # somebody may share it since
        run = engine_run(host, replace(nothing, spec=last.spec), secret, refresh=False, retain=retain)
        return record(host, lease, release_of(host, nothing), lambda: engine.destroy(run, report))


def _nothing(base: History, directory: Path) -> Proposal:
    """A stack without resources, where ``base`` left it."""
    last = base.release
    return Proposal(
        ref=last.ref,
        kind="destroy",
        spec=replace(last.spec, resources=()),
        target=last.target,
        directory=directory,
        modules=last.modules,
        workspace_digest=last.workspace_digest,
    )
