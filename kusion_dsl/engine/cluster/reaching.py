"""The cluster of a run: found, asked which one it is, and held against the one that the stack is in."""

from __future__ import annotations

import os
from typing import NamedTuple

from kusion_dsl.engine.checkpoint import Checkpoint
from kusion_dsl.engine.cluster.connection import Connection
from kusion_dsl.engine.cluster.identification import identify
from kusion_dsl.engine.cluster.kubeconfig import Surroundings, access_of
from kusion_dsl.engine.cluster.live import LiveObjects
from kusion_dsl.engine.run import Run
from kusion_dsl.errors import RefusedError
from kusion_dsl.model.spec import KUBERNETES


class Cluster(NamedTuple):
    """Which cluster, a kubeconfig for it, and what is there; all empty for a run that has to do with none."""

    identifier: str = ""
    kubeconfig: str = ""
    live: LiveObjects | None = None


def cluster_of(run: Run, checkpoint: Checkpoint | None) -> Cluster:
    """The cluster of a run, whose state is ``checkpoint``.

    Raises RefusedError where what the stack has is in another cluster, EngineError where it cannot be reached, and what
    ``run.secret`` raises.
    """
    packages = {resource.package for resource in run.spec.resources} | (checkpoint.packages if checkpoint else set())
    if run.target.kind != "cluster" or KUBERNETES not in packages:
        return Cluster()
    access = access_of(run.target, Surroundings(run.directory, os.environ), run.secret)
    run.mask.add(*access.secrets)
    connection = Connection(access)
    identifier = run.target.identifier or identify(connection)
    known = checkpoint.cluster if checkpoint else ""
    if known and known != identifier:
        raise RefusedError(
            "this stack is in another cluster than the one that the kubeconfig leads to",
            where=str(run.ref),
            details=[f"the stack is in {known}", f"{access.source} leads to {identifier}"],
            hint="nothing was changed; choose the kubeconfig or the context of its cluster, or destroy it there first",
        )
    return Cluster(identifier, access.kubeconfig, LiveObjects(connection))
