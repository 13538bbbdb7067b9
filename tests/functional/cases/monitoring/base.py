"""A web shop with metrics."""

from kusion_dsl import AppConfiguration
from kusion_monitoring import Prometheus
from kusion_network import Network, Port
from kusion_service import Container, Service


class Shop(AppConfiguration):
    workload = Service(containers={"web": Container(image="shop:1", ports={"http": 8080, "metrics": 9090})})
    network = Network(ports=[Port(port=80, target_port=8080)])
    monitoring = Prometheus(path="/metrics", port="9090")
