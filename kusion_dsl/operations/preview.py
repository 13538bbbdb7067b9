"""Preview: what an apply would change, and whose doing each change is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from kusion_dsl.engine.run import Run
from kusion_dsl.errors import RefusedError, SecretError
from kusion_dsl.model.change import Change
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.reference import Reference
from kusion_dsl.model.release import History
from kusion_dsl.model.spec import Spec
from kusion_dsl.model.target import Target
from kusion_dsl.operations.explanation import explain
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.proposal import Proposal
from kusion_dsl.secrets.resolver import resolver
from kusion_dsl.storage.applied import tells

SHARED = "shared with another stack on this target: left alone"

Lookup = Callable[[Reference], str]
"""Gives the value of a ``ref://`` reference."""


@dataclass(frozen=True)
class Preview:
    """What would change, against which release, and what should be said beside it.

    ``changes`` has every resource, those that stay the same included. ``live`` tells whether live objects were read.
    """

    proposal: Proposal
    base: History | None
    changes: tuple[Change, ...]
    live: bool
    warnings: tuple[str, ...] = ()

    @property
    def effective(self) -> tuple[Change, ...]:
        """The changes that are ones."""
        return tuple(change for change in self.changes if change.operation != "same")

    @property
    def is_noop(self) -> bool:
        """Whether applying would do nothing that is worth a release."""
        return not self.effective and settled(self.base, self.proposal.spec)


def settled(base: History | None, spec: Spec) -> bool:
    """Whether the newest release succeeded with this very Spec."""
    if base is None:
        return not spec.resources
    return base.phase == "succeeded" and base.release.spec.digest == spec.digest


def preview(host: Host, proposal: Proposal, *, live: bool = True) -> Preview:
    """Compare what was applied, what is wanted and (with ``live``) what is there. Changes nothing anywhere.

    Raises RefusedError where the stack lives on another target, EngineError, StorageError, SecretError.
    """
    base = host.releases.newest(proposal.ref)
    check_target(base, proposal.target)
    if not live and settled(base, proposal.spec):
        changes = tuple(Change(each.id, each.type, "same") for each in proposal.spec.resources)
        return Preview(proposal, base, changes, live)
    run = run_of(host, proposal, refresh=live)
    steps = host.engine().preview(run)
    before = host.releases.last_applied(proposal.ref)
    changes = explain(steps, before, proposal.spec, proposal.provenance)
    kept = tuple(_kept(change) if change.id in run.retain else change for change in changes)
    warnings = origin_warnings(host, base, proposal.directory)
    return Preview(proposal, base, kept, live, (*proposal.warnings, *warnings))


def _kept(change: Change) -> Change:
    return replace(change, operation="same", note=SHARED) if change.operation == "delete" else change


def check_target(base: History | None, target: Target) -> None:
    """Raise RefusedError where a stack that has resources would move to another target."""
    if base is None or not has_resources(base) or base.release.target.identity == target.identity:
        return
    raise RefusedError(
        f"this stack lives on {describe(base.release.target)}, not on {describe(target)}",
        where=str(base.release.ref),
        hint="destroy it first, or choose the target that it lives on",
    )


def describe(target: Target) -> str:
    """A target for people."""
    return f"the manifests in {target.directory}" if target.kind == "manifests" else "a cluster"


def has_resources(history: History) -> bool:
    """Whether anything exists, or may exist, after a release."""
    return not tells(history) or bool(history.phases[-1].resources)


def run_of(host: Host, proposal: Proposal, *, refresh: bool) -> Run:
    """The engine's run that makes a proposal so. Raises SecretError for a secret without a value: before it begins."""
    secret = secrets_of(host, proposal.spec, proposal.directory)
    try:
        for resource in proposal.spec.resources:
            for reference in resource.references():
                if reference.is_secret:
                    secret(reference)
    except SecretError as error:
        raise error.at(f"workspace {proposal.ref.workspace}") from None
    retain = shared_elsewhere(host, proposal.ref, proposal.target)
    return engine_run(host, proposal, secret, refresh=refresh, retain=retain)


def secrets_of(host: Host, spec: Spec, directory: Path) -> Lookup:
    """The values of a Spec's own secret store; paths in its settings are relative to ``directory``, the project's."""
    return resolver(spec.secret_store, directory, host.environment, host.mask)


def engine_run(host: Host, proposal: Proposal, secret: Lookup, *, refresh: bool, retain: frozenset[str]) -> Run:
    """A run of the engine on this host's backend."""
    return Run(
        ref=proposal.ref,
        spec=proposal.spec,
        target=proposal.target,
        directory=proposal.directory,
        backend=host.backend_url,
        passphrase_file=host.home.passphrase_file(host.backend_url, host.environment),
        secret=secret,
        refresh=refresh,
        retain=retain,
        mask=host.mask,
    )


def shared_elsewhere(host: Host, ref: StackRef, target: Target) -> frozenset[str]:
    """The ids of Namespaces that another stack on the same target has too: they stay when this one goes."""
    shared: set[str] = set()
    for other in host.releases.live_on(target, besides=ref):
        shared.update(id for id in other.resources if id.startswith("v1:Namespace:"))
    return frozenset(shared)


def origin_warnings(host: Host, base: History | None, directory: Path) -> tuple[str, ...]:
    """A warning where the newest release was made from another checkout than the one that ``directory`` is in."""
    if base is None:
        return ()
    known, here = base.release.source.origin, host.revision_of(directory).origin
    if known == here:
        return ()
    return (f"release {base.release.revision} of {base.release.ref} came from {known}, this comes from {here}",)
