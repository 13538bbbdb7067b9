"""Preview: what an apply would change, and whose doing each change is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kusion_dsl.engine.run import Run
from kusion_dsl.errors import DamagedError, EngineError, NewerFormatError, RefusedError, SecretError
from kusion_dsl.model.change import Change
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.provenance import Provenance
from kusion_dsl.model.reference import Reference
from kusion_dsl.model.release import History
from kusion_dsl.model.spec import Spec, SpecResource
from kusion_dsl.model.target import Target
from kusion_dsl.operations.adoption import reservation, with_holders
from kusion_dsl.operations.evidence import provenance_here
from kusion_dsl.operations.explanation import explain
from kusion_dsl.operations.failures import located
from kusion_dsl.operations.foreign import ForeignState, foreign_state
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.losses import Loss, losses
from kusion_dsl.operations.origin import Intrusion, intrusion
from kusion_dsl.operations.proposal import Proposal
from kusion_dsl.secrets.resolver import resolver
from kusion_dsl.storage.applied import possibly_live, tells
from kusion_dsl.storage.leases import Lease

SHARED = "shared with another stack on this target: left alone"

Lookup = Callable[[Reference], str]
"""Gives the value of a ``ref://`` reference."""


@dataclass(frozen=True)
class Preview:
    """What would change, against which release, and what should be said beside it.

    ``changes`` has every resource, those that stay the same included. ``live`` tells whether live objects were read.
    ``intrusion`` is there where the newest release came from another checkout, ``foreign`` where a plain ``pulumi``
    changed the state.
    """

    proposal: Proposal
    base: History | None
    changes: tuple[Change, ...]
    live: bool
    warnings: tuple[str, ...] = ()
    intrusion: Intrusion | None = None
    foreign: ForeignState | None = None

    @property
    def effective(self) -> tuple[Change, ...]:
        """The changes that are ones."""
        return tuple(change for change in self.changes if change.operation != "same")

    @property
    def adopted(self) -> frozenset[str]:
        """The ids of what would be taken over."""
        return frozenset(change.id for change in self.changes if change.operation == "adopt")

    @property
    def retained(self) -> frozenset[str]:
        """The ids of what would be forgotten, and not deleted, as it is no longer in the Spec."""
        return frozenset(
            change.id for change in self.changes if change.operation == "same" and change.id not in self.proposal.spec
        )

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What applying would lose, or could not bring back."""
        return losses(self.changes, restoring=self.proposal.restores > 0)

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

    Raises RefusedError where the stack lives on another target, StorageError, SecretError, and EngineError: what a
    provider refuses already now stands at the line that put it there.
    """
    base = host.releases.newest(proposal.ref)
    check_target(base, proposal.target)
    if not live and settled(base, proposal.spec):
        changes = tuple(Change(each.id, each.type, "same") for each in proposal.spec.resources)
        return Preview(proposal, base, changes, live)
    run = run_of(host, proposal, refresh=live)
    try:
        steps = host.engine().preview(run)
    except EngineError as error:
        raise EngineError.of(located(error.problems, proposal.provenance)) from None
    refused = [step.refused for step in steps if step.refused is not None]
    if refused:
        raise EngineError.of(located(refused, proposal.provenance))
    before, damage = last_applied(host, proposal.ref)
    changes = explain(steps, before, proposal.spec, proposal.provenance, _former(host, base, proposal))
    changes = with_holders(host, proposal, changes)
    kept = tuple(_kept(change) if change.id in run.retain else change for change in changes)
    intruding = None if proposal.named else intrusion(host, base, proposal.directory, kept)
    foreign = foreign_state(run.state)
    warnings = (*proposal.warnings, *damage, *(str(each) for each in (intruding, foreign) if each))
    shown = Preview(proposal, base, kept, live, warnings, intruding, foreign)
    told = reservation(shown)
    return replace(shown, warnings=(*warnings, told)) if told else shown


def last_applied(host: Host, ref: StackRef) -> tuple[Mapping[str, SpecResource], tuple[str, ...]]:
    """What was last applied, resource by resource; nothing, and a warning, where an old release that tells is damaged.

    What a resource is compared with is then what Pulumi's state has of it.
    """
    try:
        return host.releases.last_applied(ref), ()
    except (DamagedError, NewerFormatError) as error:
        [problem] = error.problems
        return {}, (f"{problem.where}: {problem.what}; what was applied before is told as Pulumi's state has it",)


def _former(host: Host, base: History | None, proposal: Proposal) -> Provenance:
    """Who had put there what was applied last, in files as they are named in the proposal's own provenance."""
    if base is None:
        return Provenance()
    stored = base.release.provenance
    return provenance_here(host, stored, proposal.directory) if proposal.kind == "apply" else stored


def _kept(change: Change) -> Change:
    return replace(change, operation="same", note=SHARED) if change.operation == "delete" else change


def check_target(base: History | None, target: Target) -> None:
    """Raise RefusedError where a stack that has resources would move to another target."""
    if base is None or not has_resources(base) or base.release.target.may_be(target):
        return
    raise RefusedError(
        f"this stack lives on {describe(base.release.target)}, not on {describe(target)}",
        where=str(base.release.ref),
        hint="destroy it first, or choose the target that it lives on",
    )


def describe(target: Target) -> str:
    """A target for people."""
    if target.kind == "manifests":
        return f"the manifests in {target.directory}"
    return f"the cluster {target.identifier}" if target.identifier else "a cluster"


def has_resources(history: History) -> bool:
    """Whether anything exists, or may exist, after a release."""
    return not tells(history) or bool(history.phases[-1].resources)


def run_of(host: Host, proposal: Proposal, lease: Lease | None = None, *, refresh: bool) -> Run:
    """The engine's run that makes a proposal so; without the ``lease`` it can only be previewed.

    Raises SecretError for a secret without a value: before it begins.
    """
    secret = found_secrets(host, proposal)
    leaving = _may_lose_a_namespace(host, proposal)
    retain = shared_elsewhere(host, proposal.ref, proposal.target) if leaving else frozenset()
    return engine_run(host, proposal, secret, lease, refresh=refresh, retain=retain)


def _may_lose_a_namespace(host: Host, proposal: Proposal) -> bool:
    """Whether a Namespace may go; only then it matters, and is looked up, whether other stacks have it too."""
    try:
        existing = possibly_live(host.releases.newest_first(proposal.ref))
    except (DamagedError, NewerFormatError):  # an old release is needed to know, and cannot be read
        return True
    return any(_is_namespace(id) and id not in proposal.spec for id in existing)


def found_secrets(host: Host, proposal: Proposal) -> Lookup:
    """:func:`secrets_of` a proposal's Spec. Raises SecretError where one that it uses has no value."""
    secret = secrets_of(host, proposal.spec, proposal.directory)
    try:
        for resource in proposal.spec.resources:
            for reference in resource.references():
                if reference.is_secret:
                    secret(reference)
    except SecretError as error:
        raise error.at(f"workspace {proposal.ref.workspace}") from None
    return secret


def secrets_of(host: Host, spec: Spec, directory: Path) -> Lookup:
    """The values of a Spec's own secret store; paths in its settings are relative to ``directory``, the project's."""
    return resolver(spec.secret_store, directory, host.environment, host.mask)


def engine_run(
    host: Host, proposal: Proposal, secret: Lookup, lease: Lease | None = None, *, refresh: bool, retain: frozenset[str]
) -> Run:
    """A run of the engine on this host's backend; without the ``lease`` of the stack it can only be previewed."""
    return Run(
        ref=proposal.ref,
        spec=proposal.spec,
        target=proposal.target,
        directory=proposal.directory,
        backend=host.backend_url,
        passphrase_file=host.home.passphrase_file(host.backend_url, host.environment),
        state=host.states.held(lease, host.actor) if lease else host.states.seen(proposal.ref),
        secret=secret,
        refresh=refresh,
        retain=retain,
        mask=host.mask,
        patience=proposal.patience,
    )


def shared_elsewhere(host: Host, ref: StackRef, target: Target) -> frozenset[str]:
    """The ids of Namespaces that another stack on the same target has too: they stay when this one goes."""
    shared: set[str] = set()
    for other in host.releases.live_on(target, besides=ref):
        shared.update(id for id in other.resources if _is_namespace(id))
    return frozenset(shared)


def _is_namespace(id: str) -> bool:
    return id.startswith("v1:Namespace:")
