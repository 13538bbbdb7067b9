from kusion_dsl import AppConfiguration
from kusion_monitoring import Prometheus
from kusion_network import Network, Port
from kusion_opsrule import OpsRule
from kusion_service import Container, HttpProbe, Service


class Helloworld(AppConfiguration):
    workload = Service(
        containers={
            "helloworld": Container(
                image="gcr.io/google-samples/gb-frontend:v4",
                env={"env1": "VALUE", "env2": "VALUE2"},
                resources={"cpu": "500m", "memory": "512M"},
                readiness_probe=HttpProbe(path="/", port=80, initial_delay_seconds=10),
            ),
        },
        replicas=2,
    )
    network = Network(ports=[Port(port=8080, target_port=80)])
    monitoring = Prometheus(path="/metrics", port="80")
    ops_rule = OpsRule(max_unavailable="30%")
