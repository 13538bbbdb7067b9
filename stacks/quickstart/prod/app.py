from ..base import Quickstart


class Production(Quickstart):
    workload = Quickstart.workload.override(
        replicas=6,
        containers={"web": {"resources": {"cpu": "500m-1", "memory": "128Mi"}}},
    )
