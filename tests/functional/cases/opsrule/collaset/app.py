from kusion_dsl import AppConfiguration
from kusion_opsrule import OpsRule
from kusion_service import Container, Service


class Shop(AppConfiguration):
    """The developer says how many pods may be missing."""

    workload = Service(containers={"web": Container(image="shop:1")}, replicas=4)
    ops_rule = OpsRule(max_unavailable=1)


class Ledger(AppConfiguration):
    """The platform does."""

    workload = Service(containers={"ledger": Container(image="ledger:1")}, replicas=4)
    ops_rule = OpsRule()
