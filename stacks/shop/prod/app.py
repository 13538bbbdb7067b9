from ..base import Shop


class Production(Shop):
    orders = Shop.orders.override(version="17")
    workload = Shop.workload.override(
        replicas=6,
        containers={"web": {"env": {"LOG_LEVEL": "warning"}, "resources": {"cpu": "250m-1", "memory": "256Mi"}}},
    )
