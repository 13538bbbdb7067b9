from kusion_dsl import AppConfiguration
from kusion_opsrule import OpsRule
from kusion_service import Container, Service


class Nginx(AppConfiguration):
    """The developer knows: no more than three out of ten."""

    workload = Service(containers={"nginx": Container(image="nginx:1.29.3")}, replicas=10)
    ops_rule = OpsRule(max_unavailable="30%")


class Echo(AppConfiguration):
    """The platform knows, where the developer says nothing."""

    workload = Service(containers={"echo": Container(image="cilium/echoserver:1.10.3")}, replicas=5)
    ops_rule = OpsRule()
