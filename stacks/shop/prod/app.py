from kusion_dsl import Secret

from ..base import Shop


class Production(Shop):
    workload = Shop.workload.override(
        replicas=6,
        containers={"web": {"env": {"STRIPE_KEY": Secret("stripe", key="api-key")}}},
    )
