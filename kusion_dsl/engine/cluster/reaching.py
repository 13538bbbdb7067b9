"""The cluster of a run: found, asked which one it is, and held against the one that the stack is in."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from kusion_dsl.engine.checkpoint import Checkpoint
from kusion_dsl.engine.cluster.connection import Connection
from kusion_dsl.engine.cluster.identification import identify
from kusion_dsl.engine.cluster.kubeconfig import Surroundings, access_of
from kusion_dsl.engine.cluster.live import LiveObjects
from kusion_dsl.engine.run import Run
from kusion_dsl.errors import RefusedError
from kusion_dsl.model.spec import KUBERNETES

_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


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
    identifier = _identifier(run, checkpoint.cluster if checkpoint else "", connection)
    return Cluster(identifier, access.kubeconfig, LiveObjects(connection))


def _identifier(run: Run, known: str, connection: Connection) -> str:
    """Which cluster it is: ``known`` where the stack is in one, under whatever name that was when it came there.

    The provider would replace everything where the name changed. A workspace that gives the cluster of a stack its
    first or another name is believed only if that is the cluster.
    """
    given = run.target.identifier
    if given and known in ("", given):
        return given
    found = identify(connection)
    if known in ("", found):
        return found
    called = f", and the workspace calls it '{given}'" if given else ""
    same = "" if _UID.fullmatch(known) else f"if it is that cluster, say so: context.target.identifier: {known}; "
    raise RefusedError(
        "this stack is in another cluster than the one that the kubeconfig leads to",
        where=str(run.ref),
        details=[f"the stack is in {known}", f"{connection.source} is {found}{called}"],
        hint=f"nothing was changed; {same}choose the kubeconfig or the context of its cluster, or destroy the stack there "
        "first; if that cluster is gone, `kusion destroy --forget` forgets what the stack had there",
    )
