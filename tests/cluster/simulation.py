"""What the nodes of a control plane do, who have no containers: stages of kwok, and what containers have said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

PASSWORD = "correct-horse-battery"
"""What every container says that it knows: a log has whatever somebody wrote into it."""

LOG = ("starting", f"cannot log in with {PASSWORD}", "giving up")
"""The lines that every container has said, this time and the time before."""

_OURS = Path(__file__).parent / "objects" / "stages.yaml"
_FORM = "2025-01-01T00:00:00.000000000Z stdout F {line}\n"
"""https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md"""
_LOGS = """\
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterLogs
metadata: {{name: logs}}
spec: {{logs: [{{logsFile: '{path}', previousLogsFile: '{path}'}}]}}
"""


def arguments(directory: Path, port: int, stages: Sequence[Path]) -> Sequence[str]:
    """kwok's arguments for a control plane in ``directory``: it follows ``stages`` and ours, and has logs at ``port``.

    Logs are asked for as from any node, over TLS; the API server's own certificate does for that.
    """
    certificates = directory / "certificates"
    log, config = directory / "containers.log", directory / "logs.yaml"
    log.write_text("".join(_FORM.format(line=line) for line in LOG), encoding="utf-8")
    config.write_text(_LOGS.format(path=log), encoding="utf-8")
    return [
        "--manage-all-nodes=true",
        "--cidr=10.1.0.0/16",
        "--node-ip=127.0.0.1",
        f"--node-port={port}",
        f"--server-address=127.0.0.1:{port}",
        f"--tls-cert-file={certificates / 'apiserver.crt'}",
        f"--tls-private-key-file={certificates / 'apiserver.key'}",
        *(f"--config={path}" for path in (*stages, _OURS, config)),
    ]
