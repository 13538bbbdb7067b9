"""Destroy: remove everything a stack has, from its releases alone.

What is protected stays, and with it what it depends on: the release of a destroy has a Spec of these. What is to be
retained is only forgotten. Nothing overrides either but an apply that no longer says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kusion_dsl.engine.run import Report
from kusion_dsl.errors import RefusedError, SecretError
from kusion_dsl.model.change import Change, Step
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.reference import Reference
from kusion_dsl.model.release import History
from kusion_dsl.model.spec import Spec, SpecResource
from kusion_dsl.model.target import Target
from kusion_dsl.operations.apply import Applied, leased, record, release_of
from kusion_dsl.operations.foreign import ForeignState, check_foreign, foreign_state
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.losses import Loss, losses
from kusion_dsl.operations.origin import Intrusion, intrusion
from kusion_dsl.operations.preview import (
    SHARED,
    check_target,
    engine_run,
    has_resources,
    last_applied,
    secrets_of,
    shared_elsewhere,
)
from kusion_dsl.operations.proposal import Proposal
from kusion_dsl.operations.resources import existing_resources
from kusion_dsl.operations.selection import Selection, select_ref

PROTECTED = "protected: stays"
NEEDED = "stays: what is protected depends on it"
RETAINED = "to be retained: stays, and is only forgotten"
FORGOTTEN = "only forgotten: stays where it is, if it is anywhere"


@dataclass(frozen=True)
class Demolition:
    """What a destroy would remove, and what would survive it.

    - ``survivors``: what the stack has afterwards, as it was last applied: what is protected, and what that needs
    - ``kept``: the ids that stay because others have them too, or have something in them
    - ``changes``: everything that there is; what is not deleted has a note that says why
    - ``directory``: the project's, where one is at hand; ``named`` tells that the stack was not found there
    - ``foreign``: there where a plain ``pulumi`` has changed the state
    - ``forget``: whether nothing is removed, and everything forgotten
    """

    ref: StackRef
    base: History | None
    directory: Path
    named: bool
    survivors: Spec = field(default_factory=Spec)
    kept: frozenset[str] = frozenset()
    changes: tuple[Change, ...] = ()
    intrusion: Intrusion | None = None
    foreign: ForeignState | None = None
    warnings: tuple[str, ...] = ()
    forget: bool = False

    @property
    def is_noop(self) -> bool:
        """Whether there is nothing to remove."""
        if _is_done(self.base):
            return True
        return bool(self.survivors.resources) and all(change.id in self.survivors for change in self.changes)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What would be lost for good."""
        return losses(self.changes)


def preview_forget(host: Host, selection: Selection) -> Demolition:
    """What forgetting the selected stack would leave behind, as its releases know it. Asks nobody, changes nothing.

    Raises what selecting a stack raises, DamagedError, NewerFormatError.
    """
    ref, directory = select_ref(host, selection)
    base = host.releases.newest(ref)
    changes: tuple[Change, ...] = ()
    if base is not None:
        had = existing_resources(host, selection).resources
        changes = tuple(Change(id, each.type, "same", note=FORGOTTEN) for id, each in had.items())
    intruding = None if selection.named else intrusion(host, base, directory, changes)
    foreign = foreign_state(host.states.seen(ref))
    warnings = tuple(str(each) for each in (intruding, foreign) if each)
    return Demolition(
        ref, base, directory, selection.named, changes=changes, foreign=foreign, warnings=warnings, forget=True
    )


def preview_destroy(host: Host, selection: Selection) -> Demolition:
    """What destroying the selected stack would remove, as the engine's own state of it says. Changes nothing.

    Raises what selecting a stack raises, RefusedError where it lives on another target, EngineError, DamagedError.
    """
    ref, directory = select_ref(host, selection)
    base = host.releases.newest(ref)
    if base is None or _is_done(base):
        return Demolition(ref, base, directory, selection.named)
    if selection.target_directory:
        check_target(base, Target("manifests", selection.target_directory))
    applied, damage = last_applied(host, ref)
    survivors = replace(base.release.spec, resources=_survivors(applied, base.release.spec))
    kept = shared_elsewhere(host, ref, base.release.target) - {each.id for each in survivors.resources}
    after = _after(base, survivors, directory, named=selection.named)
    run = engine_run(host, after, secrets_of(host, survivors, directory), refresh=False, retain=kept)
    steps = {step.id: step for step in host.engine().preview(run)}
    order = reversed(base.release.spec.ordered(steps))
    changes = tuple(_change(steps[id], applied, survivors, kept) for id in order)
    intruding = None if selection.named else intrusion(host, base, directory, changes)
    foreign = foreign_state(run.state)
    return Demolition(
        ref=ref,
        base=base,
        directory=directory,
        named=selection.named,
        survivors=survivors,
        kept=kept & steps.keys() | {step.id for step in steps.values() if step.kept},
        changes=changes,
        intrusion=intruding,
        foreign=foreign,
        warnings=(*damage, *(str(each) for each in (intruding, foreign) if each)),
    )


def _is_done(base: History | None) -> bool:
    """Whether there is nothing left to remove. A destroy that died with the last resource has not ended: Pulumi has
    resources of its own, which go then."""
    if base is None:
        return True
    is_cut_off = base.release.kind == "destroy" and base.phase != "succeeded"
    return not has_resources(base) and not is_cut_off


def _survivors(applied: Mapping[str, SpecResource], spec: Spec) -> tuple[SpecResource, ...]:
    """What is protected, and what that depends on, dependencies first."""
    surviving: set[str] = set()
    waiting = [id for id, resource in applied.items() if resource.options.get("protect")]
    while waiting:
        id = waiting.pop()
        if id in applied and id not in surviving:
            surviving.add(id)
            waiting += applied[id].depends_on
    return tuple(applied[id] for id in spec.ordered(surviving))


def _change(step: Step, applied: Mapping[str, SpecResource], survivors: Spec, kept: frozenset[str]) -> Change:
    resource = applied.get(step.id)
    if step.id in survivors:
        note = PROTECTED if survivors[step.id].options.get("protect") else NEEDED
    elif step.id in kept:
        note = SHARED
    elif step.kept:
        note = step.kept
    elif resource is not None and resource.options.get("retainOnDelete"):
        note = RETAINED
    else:
        return Change(step.id, step.type, "delete")
    return Change(step.id, step.type, "same", note=note)


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
        check_foreign(host, shown.ref, shown.foreign)
        last = newest.release
        after = _after(newest, shown.survivors, shown.directory, named=shown.named)
        if shown.forget:
            forgetting = replace(
                engine_run(host, after, _unasked, lease, refresh=False, retain=frozenset()), forget=True
            )
            return record(host, lease, release_of(host, after), lambda: engine.destroy(forgetting, report))
        surviving = {each.id for each in shown.survivors.resources}
        retain = shown.kept | (shared_elsewhere(host, shown.ref, last.target) - surviving)  # shared since, maybe
        secret = secrets_of(host, last.spec, shown.directory)
        run = engine_run(host, replace(after, spec=last.spec), secret, lease, refresh=False, retain=retain)
        return record(host, lease, release_of(host, after), lambda: engine.destroy(run, report))


def _unasked(reference: Reference) -> str:
    raise SecretError("no secret is needed to forget something", where=str(reference))


def _after(base: History, survivors: Spec, directory: Path, *, named: bool) -> Proposal:
    """The stack as a destroy leaves it, where ``base`` had it."""
    last = base.release
    return Proposal(
        ref=last.ref,
        kind="destroy",
        spec=survivors,
        target=last.target,
        directory=directory,
        provenance=last.provenance,
        modules=last.modules,
        workspace_digest=last.workspace_digest,
        source=last.source if named else None,
        named=named,
    )
