from kusion_dsl import AppConfiguration
from kusion_network import Network, Port
from kusion_service import Container, Service


class Shop(AppConfiguration):
    """Reached from outside through a load balancer of the cloud, and at another port from inside."""

    workload = Service(containers={"web": Container(image="shop:1", ports={"https": 8443})})
    network = Network(ports=[Port(port=443, target_port="https", public=True), Port(port=9090)])
