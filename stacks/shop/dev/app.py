from ..base import Shop


class Development(Shop):
    workload = Shop.workload.override(replicas=1)
