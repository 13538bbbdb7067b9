from kusion_dsl import AppConfiguration
from kusion_monitoring import Prometheus
from kusion_network import Network, Port
from kusion_service import Container, Service


class SampleApp(AppConfiguration):
    workload = Service(
        containers={
            "web": Container(image="quay.io/brancz/prometheus-example-app:v0.3.0", ports={"web": 8080}),
        },
    )
    network = Network(ports=[Port(port=8080)])
    monitoring = Prometheus(path="/metrics", port="8080")
