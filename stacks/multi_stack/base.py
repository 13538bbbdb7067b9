from kusion_dsl import AppConfiguration
from kusion_network import Network, Port
from kusion_service import Container, Service


class Echoserver(AppConfiguration):
    workload = Service(
        containers={
            "server": Container(image="cilium/echoserver:1.10.3", resources={"cpu": "250m", "memory": "256Mi"}),
        },
        replicas=1,
    )
    network = Network(ports=[Port(port=80)])
