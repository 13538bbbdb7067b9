from ..base import Quickstart


class Development(Quickstart):
    workload = Quickstart.workload.override(replicas=2)
