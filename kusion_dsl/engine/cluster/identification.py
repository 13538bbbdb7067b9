"""Which cluster a kubeconfig leads to: asked for, as an address or a path may lead to another one tomorrow.

A cluster is the uid of its Namespace ``kube-system``, by which others tell clusters apart, too: it lives as long as the
cluster, whatever becomes of addresses, certificates and credentials
(https://opentelemetry.io/docs/specs/semconv/resource/k8s/#cluster).
"""

from __future__ import annotations

from kusion_dsl.engine.cluster.connection import Connection
from kusion_dsl.errors import EngineError

_PATH = "/api/v1/namespaces/kube-system"


def identify(connection: Connection) -> str:
    """The uid of the cluster. Raises EngineError where it cannot be reached, or does not tell."""
    answer = connection.ask(_PATH)
    if answer.code == 403:
        raise EngineError(
            "these credentials may not read the Namespace kube-system, whose uid tells which cluster it is",
            where=connection.source,
            hint="allow them to get it, or say which cluster it is: context.target.identifier of the workspace",
        )
    if answer.code != 200:
        what = f"the cluster does not tell which one it is: it answers {answer.code}"
        raise EngineError(what, where=connection.source, details=[answer.message] if answer.message else ())
    uid = ((answer.document or {}).get("metadata") or {}).get("uid")
    if not uid:
        raise EngineError("what answers is no API server: it knows no Namespace kube-system", where=connection.source)
    return str(uid)
