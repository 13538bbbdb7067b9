"""Rollback: the Spec, the providers and the target of an old release, proposed anew. Needs the backend only."""

from __future__ import annotations

from dataclasses import dataclass

from kusion_dsl.errors import DamagedError, NewerFormatError, RefusedError
from kusion_dsl.model.release import History
from kusion_dsl.model.target import Target
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.preview import check_target
from kusion_dsl.operations.proposal import Proposal
from kusion_dsl.operations.selection import Selection, select_ref


@dataclass(frozen=True)
class Rollback:
    """The release that is to be restored, and what restoring it would make so."""

    restored: History
    proposal: Proposal


def propose_rollback(host: Host, selection: Selection, revision: int = 0) -> Rollback:
    """What restoring a release would make so.

    Without a ``revision`` it is the newest release that succeeded before the one that is live now, with another Spec
    than that. What is live after a rollback is the release that it restored, so one rollback after the other goes
    further back; a rollback that did not succeed is tried again.

    Only what was once live as a whole can be restored: RefusedError for a release that failed or was abandoned, for
    one that destroyed the stack, and for one on another target. Raises StorageError where there is no such release,
    DamagedError, NewerFormatError.
    """
    ref, directory = select_ref(host, selection)
    newest = host.releases.newest(ref)
    if newest is None:
        raise RefusedError(f"{ref} has no release yet", hint="make one: kusion apply")
    again = newest.release.restores if newest.phase != "succeeded" else 0
    passed_over: tuple[str, ...] = ()
    if revision or again:
        restored = host.releases.get(ref, revision or again)
        _check(host, restored)
    else:
        restored, passed_over = _before(host, newest)
    if selection.target_directory:
        check_target(restored, Target("manifests", selection.target_directory))
    old = restored.release
    proposal = Proposal(
        ref=ref,
        kind="rollback",
        spec=old.spec,
        target=old.target,
        directory=directory,
        provenance=old.provenance,
        modules=old.modules,
        workspace_digest=old.workspace_digest,
        options=old.options,
        warnings=passed_over,
        source=old.source,
        restores=old.revision,
        named=selection.named,
    )
    return Rollback(restored, proposal)


def _before(host: Host, newest: History) -> tuple[History, tuple[str, ...]]:
    """What was live before, and a warning for each release on the way that cannot be read."""
    ref = newest.release.ref
    live = newest.release.restores or newest.release.revision
    digest = newest.release.spec.digest if newest.phase == "succeeded" else ""
    passed_over: list[str] = []
    for revision in range(live - 1, host.releases.revisions(ref)[0] - 1, -1):
        try:
            found = host.releases.get(ref, revision)
        except (DamagedError, NewerFormatError) as error:
            passed_over.append(f"release {revision} cannot be read: {error.problems[0].what}")
            continue
        if _was_live(found) and found.release.spec.digest != digest:
            return found, tuple(passed_over)
    raise RefusedError(
        f"there is no release to go back to: none with another Spec succeeded before release {live}",
        where=str(ref),
        hint="see `kusion release list`",
        details=passed_over,
    )


def _was_live(entry: History) -> bool:
    return entry.phase == "succeeded" and entry.release.kind != "destroy"


def _check(host: Host, restored: History) -> None:
    """Raise RefusedError for a release that cannot be restored, with the one that is probably meant."""
    release = restored.release
    where = str(release.ref)
    if release.kind == "destroy":
        raise RefusedError(f"release {release.revision} destroyed the stack", where=where, hint="use `kusion destroy`")
    if restored.phase == "succeeded":
        return
    readable = (each for each in host.releases.history(release.ref) if isinstance(each, History))
    candidates = [each for each in readable if _was_live(each)]
    same = [each for each in candidates if each.release.spec.digest == release.spec.digest]
    older = [each for each in candidates if each.release.revision < release.revision]
    ended = {"failed": "failed", "abandoned": "was abandoned"}.get(restored.phase)
    what = f"{ended}, so its Spec was never live as a whole" if ended else "has not ended"
    if same:
        hint = f"release {same[-1].release.revision} succeeded with the same Spec"
    elif older:
        hint = f"the newest one before it that succeeded is release {older[-1].release.revision}"
    else:
        hint = "none before it succeeded"
    raise RefusedError(f"release {release.revision} {what}", where=where, hint=hint)
