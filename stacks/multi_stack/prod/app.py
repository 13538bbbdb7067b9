from ..base import Echoserver


class Production(Echoserver):
    workload = Echoserver.workload.override(
        replicas=2,
        containers={"server": {"resources": {"cpu": "500m", "memory": "512Mi"}}},
    )
