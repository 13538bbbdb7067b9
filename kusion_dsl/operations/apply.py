"""Apply: make live what the Spec says, under a lease, with a release that is written before anything is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from kusion_dsl.engine.run import Outcome, Report
from kusion_dsl.errors import KusionError, Problem, RefusedError
from kusion_dsl.model.change import ResourceResult
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.release import History, Kind, PhaseRecord, Release
from kusion_dsl.operations.adoption import check_adoption
from kusion_dsl.operations.evidence import kusion_version, modules_of, outputs_of, provenance_of
from kusion_dsl.operations.failures import located
from kusion_dsl.operations.foreign import check_foreign
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.preview import Preview, preview, run_of
from kusion_dsl.operations.proposal import Proposal
from kusion_dsl.operations.takings import check_takings
from kusion_dsl.storage.leases import Lease


@dataclass(frozen=True)
class Applied:
    """What became of an apply: the release it left, and how the engine's run ended.

    ``not_shown`` is what the engine did though no preview had shown it: live was changed in the last moment.
    ``problems`` are those of the outcome, at the lines that put there what failed.
    """

    history: History
    outcome: Outcome
    not_shown: tuple[ResourceResult, ...] = ()
    problems: tuple[Problem, ...] = ()


Consent = Callable[[Preview], None]
"""Asks whether a preview that is not the one that was shown may be applied; raises RefusedError if not."""


def apply(
    host: Host, shown: Preview, reconsider: Consent | None, report: Report, accept: Consent | None = None
) -> Applied | None:
    """Apply what ``shown`` previews; None where there is nothing to do.

    The lease is taken after consent; if the stack was changed in the meantime, what would change now is previewed
    anew and goes through ``reconsider``. Where that is None nobody can be asked, and RefusedError says who was
    faster: of two runs that overlap one fails, however long either takes. Raises BusyError where somebody else
    holds the lease; then nothing was written. What fails for single resources is in the outcome, and in the release.

    ``accept`` is given what would change once the lease is held, previewed anew whether or not anybody changed
    anything; where it raises, nothing is applied.
    """
    if shown.is_noop:
        return None
    check_takings(shown)
    proposal = shown.proposal
    if reconsider is None:
        _check_base(host, shown)  # before the lease is taken, for nothing is written by a run that refuses
    engine = host.engine()
    with leased(host, proposal.ref, proposal.kind) as lease:
        if accept is not None:
            current = preview(host, proposal, live=shown.live)
            accept(current)
        else:
            current = _current(host, shown, reconsider)
        if current.is_noop:
            return None
        check_takings(current)
        check_adoption(current)
        check_foreign(host, proposal.ref, shown.foreign if accept is not None else current.foreign)
        release = release_of(host, proposal)
        run = run_of(host, proposal, lease, refresh=current.live)
        run = replace(run, adopt=current.adopted, retain=run.retain | current.retained)
        applied = record(host, lease, release, lambda: engine.apply(run, report))
        problems = located(applied.outcome.problems, proposal.provenance)
        return replace(applied, not_shown=_not_shown(current, applied.outcome), problems=problems)


def _not_shown(shown: Preview, outcome: Outcome) -> tuple[ResourceResult, ...]:
    """What was done that was not shown. To forget what is kept is no deletion."""
    known = {change.id: change.operation for change in shown.changes}
    kept = {change.id for change in shown.changes if change.operation == "same" and change.note}
    return tuple(each for each in outcome.results if known.get(each.id) != each.operation and each.id not in kept)


def _current(host: Host, shown: Preview, reconsider: Consent | None) -> Preview:
    """``shown`` if it still holds, now that nobody else can change the stack; else a new preview, consented to."""
    if reconsider is None:
        _check_base(host, shown)
    if not _moved(shown.base, host.releases.newest(shown.proposal.ref)):
        return shown
    anew = preview(host, shown.proposal, live=shown.live)
    if reconsider is not None and not anew.is_noop and (anew.changes, anew.foreign) != (shown.changes, shown.foreign):
        reconsider(anew)
    return anew


def _check_base(host: Host, shown: Preview) -> None:
    newest = host.releases.newest(shown.proposal.ref)
    if newest is None or not _moved(shown.base, newest):
        return
    release, actor = newest.release, newest.release.actor
    raise RefusedError(
        f"{actor} (process {actor.pid} on {actor.host}) has changed this stack since {release.created}: "
        f"release {release.revision} is not what was previewed against",
        where=str(release.ref),
        hint="nothing was changed; run the command again to see what would change now",
    )


def _moved(base: History | None, newest: History | None) -> bool:
    """Whether anybody worked on the stack since ``base`` was its newest release.

    That a run which had died was found to be abandoned is no work.
    """
    if base is None or newest is None:
        return newest is not base
    if newest.release.revision != base.release.revision:
        return True
    return newest.phase not in (base.phase, "abandoned")


@contextmanager
def leased(host: Host, ref: StackRef, purpose: Kind) -> Iterator[Lease]:
    """Hold the lease of a stack, and say of a release whose run died that it was abandoned."""
    with host.leases.acquire(ref, host.actor, f"kusion {purpose}") as lease:
        newest = host.releases.newest(ref)
        if newest is not None and not newest.final:
            host.releases.append(newest, PhaseRecord("abandoned", host.now(), lease.number, message="its run ended"))
        yield lease


def release_of(host: Host, proposal: Proposal) -> Release:
    """The release that making ``proposal`` so leaves."""
    newest = host.releases.newest(proposal.ref)
    return Release(
        ref=proposal.ref,
        revision=newest.release.revision + 1 if newest else 1,
        kind=proposal.kind,
        created=host.now(),
        actor=host.actor,
        source=proposal.source or host.revision_of(proposal.directory),
        target=proposal.target,
        spec=proposal.spec,
        modules=modules_of(proposal),
        workspace_digest=proposal.workspace_digest,
        options=proposal.options,
        previous=newest.digest if newest else "",
        restores=proposal.restores,
        kusion=kusion_version(),
        provenance=provenance_of(host, proposal),
    )


def record(host: Host, lease: Lease, release: Release, act: Callable[[], Outcome]) -> Applied:
    """Write ``release``, ``act``, and write what became of it, whatever that is."""
    begun = host.clock.monotonic()
    history = host.releases.create(release)
    history = host.releases.append(history, PhaseRecord("applying", host.now(), lease.number))
    failure: KusionError | None = None
    try:
        outcome = act()
    except KusionError as error:
        failure, outcome = error, Outcome(error=str(error))
    try:
        history = _finish(host, lease, history, outcome, host.clock.monotonic() - begun)
    except KusionError as error:
        first = failure.problems if failure else (Problem(outcome.error, str(release.ref)),) if outcome.error else ()
        raise type(error).of([*first, *error.problems]) from None
    if failure:
        raise failure
    return Applied(history, outcome, problems=outcome.problems)


def _finish(host: Host, lease: Lease, history: History, outcome: Outcome, seconds: float) -> History:
    failed = bool(outcome.error) or any(result.status != "done" for result in outcome.results)
    lease.check()
    return host.releases.append(
        history,
        PhaseRecord(
            phase="failed" if failed else "succeeded",
            at=host.now(),
            lease=lease.number,
            results=tuple(replace(each, message=host.mask.text(each.message)) for each in outcome.results),
            resources=outcome.resources,
            message=host.mask.text(outcome.error or outcome.note),
            outputs=outputs_of(history.release.spec, outcome, host.mask),
            seconds=round(seconds, 3),
        ),
    )
