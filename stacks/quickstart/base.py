from kusion_dsl import AppConfiguration, option
from kusion_network import Network, Port
from kusion_service import Container, HttpProbe, Service


class Quickstart(AppConfiguration):
    """A web server that says hello."""

    workload = Service(
        containers={
            "web": Container(
                image=f"nginx:{option('tag', default='1.29.3', help='Which nginx.')}",
                env={"GREETING": "Hello from kusion"},
                resources={"cpu": "250m", "memory": "64Mi"},
                readiness_probe=HttpProbe(path="/", port=80),
            ),
        },
    )
    network = Network(ports=[Port(port=8080, target_port=80)])
