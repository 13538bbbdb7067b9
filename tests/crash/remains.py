"""What there is after a run, but for what differs between any two: numbers, times, processes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kusion_dsl.model.release import History
from kusion_dsl.storage.leases import Leases
from kusion_dsl.storage.releases import Releases
from kusion_dsl.storage.states import States
from kusion_dsl.storage.store import Store
from kusion_dsl.storage.verification import verify
from tests.crash.disk_engine import DiskEngine
from tests.functional.commandline import DEV


@dataclass(frozen=True)
class Remains:
    """What a run left of the stack.

    - ``objects``: what is live; ``creations``: how often each object was created
    - ``state``: what the engine knows of it
    - ``release``: what the newest release says
    - ``wrong``: whatever must never be there when a run has ended
    """

    objects: Mapping[str, Any]
    creations: Mapping[str, int]
    state: Any
    release: Mapping[str, Any]
    wrong: tuple[str, ...]


def remains(store: Store, engine: DiskEngine) -> Remains:
    """What there is in a backend, and on the target of the stack's newest release."""
    newest = Releases(store).newest(DEV)
    assert newest is not None
    cloud = engine.cloud(newest.release.target.identity)
    return Remains(
        objects=cloud.objects,
        creations=dict(cloud.creations),
        state=sorted(json.loads(States(store).seen(DEV).read().folded or b"[]"), key=lambda each: str(each["id"])),
        release={
            "kind": newest.release.kind,
            "phase": newest.phase,
            "restores": newest.release.restores,
            "spec": newest.release.spec.digest,
            "resources": list(newest.phases[-1].resources),
        },
        wrong=tuple(faults(store, Leases(store))),
    )


def faults(store: Store, leases: Leases) -> list[str]:
    """What is wrong with what the runs of a stack have left, now that none runs."""
    found = [str(fault) for fault in verify(store, DEV).faults]
    found += _faults_of_history([each for each in Releases(store).history(DEV) if isinstance(each, History)])
    holder = leases.holder(DEV)
    if holder is not None:
        found.append(f"the lease is held by {holder}")
    rest = States(store).seen(DEV).read()
    if rest.is_foreign or rest.is_unfinished or rest.published != rest.folded:
        found.append("the state is unfinished")
    return [*found, *store.list(".pulumi/locks/")]


def _faults_of_history(entries: list[History]) -> list[str]:
    revisions = [each.release.revision for each in entries]
    found = [] if revisions == list(range(1, len(entries) + 1)) else [f"the revisions are {revisions}"]
    found += [f"release {each.release.revision} has no end" for each in entries if not each.final]
    leases = [phase.lease for each in entries for phase in each.phases]
    if any(later < earlier for earlier, later in pairwise(leases)):
        found.append(f"a release was written by an older lease: {leases}")
    return found
