"""Apply: make live what the Spec says, under a lease, with a release that is written before anything is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from kusion_dsl.engine.run import Outcome, Report
from kusion_dsl.errors import KusionError, Problem, RefusedError
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.release import History, Kind, PhaseRecord, Release
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.preview import Preview, preview, run_of
from kusion_dsl.operations.proposal import Proposal
from kusion_dsl.storage.leases import Lease


@dataclass(frozen=True)
class Applied:
    """What became of an apply: the release it left, and how the engine's run ended."""

    history: History
    outcome: Outcome


Consent = Callable[[Preview], None]
"""Asks whether a preview that is not the one that was shown may be applied; raises RefusedError if not."""


def apply(host: Host, shown: Preview, reconsider: Consent | None, report: Report) -> Applied | None:
    """Apply what ``shown`` previews; None where there is nothing to do.

    The lease is taken after consent; if the stack was changed in the meantime, what would change now is previewed
    anew and goes through ``reconsider``. Where that is None nobody can be asked, and RefusedError says who was
    faster: of two runs that overlap one fails, however long either takes. Raises BusyError where somebody else
    holds the lease; then nothing was written. What fails for single resources is in the outcome, and in the release.
    """
    if shown.is_noop:
        return None
    proposal = shown.proposal
    if reconsider is None:
        _check_base(host, shown)  # before the lease is taken, for nothing is written by a run that refuses
    engine = host.engine()
    with leased(host, proposal.ref, proposal.kind) as lease:
        current = _current(host, shown, reconsider)
        if current.is_noop:
            return None
        release = release_of(host, proposal)
        run = run_of(host, proposal, refresh=current.live)
        return record(host, lease, release, lambda: engine.apply(run, report))


def _current(host: Host, shown: Preview, reconsider: Consent | None) -> Preview:
    """``shown`` if it still holds, now that nobody else can change the stack; else a new preview, consented to."""
    if reconsider is None:
        _check_base(host, shown)
    if not _moved(shown.base, host.releases.newest(shown.proposal.ref)):
        return shown
    anew = preview(host, shown.proposal, live=shown.live)
    if reconsider is not None and not anew.is_noop and anew.changes != shown.changes:
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
        source=host.revision_of(proposal.directory),
        target=proposal.target,
        spec=proposal.spec,
        modules=proposal.modules,
        workspace_digest=proposal.workspace_digest,
        options=proposal.options,
        previous=newest.digest if newest else "",
    )


def record(host: Host, lease: Lease, release: Release, act: Callable[[], Outcome]) -> Applied:
    """Write ``release``, ``act``, and write what became of it, whatever that is."""
    history = host.releases.create(release)
    history = host.releases.append(history, PhaseRecord("applying", host.now(), lease.number))
    failure: KusionError | None = None
    try:
        outcome = act()
    except KusionError as error:
        failure, outcome = error, Outcome(error=str(error))
    try:
        history = _finish(host, lease, history, outcome)
    except KusionError as error:
        first = failure.problems if failure else (Problem(outcome.error, str(release.ref)),) if outcome.error else ()
        raise type(error).of([*first, *error.problems]) from None
    if failure:
        raise failure
    return Applied(history, outcome)


def _finish(host: Host, lease: Lease, history: History, outcome: Outcome) -> History:
    failed = bool(outcome.error) or any(result.status == "failed" for result in outcome.results)
    lease.check()
    return host.releases.append(
        history,
        PhaseRecord(
            phase="failed" if failed else "succeeded",
            at=host.now(),
            lease=lease.number,
            results=tuple(replace(each, message=host.mask.text(each.message)) for each in outcome.results),
            resources=outcome.resources,
            message=host.mask.text(outcome.error),
        ),
    )
