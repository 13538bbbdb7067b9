from kusion_dsl import AppConfiguration, patch
from kusion_network import Network, Port
from kusion_service import Container, Service


class Web(AppConfiguration):
    labels = {"team": "web"}
    annotations = {"acme.example/owner": "web@acme.example"}

    workload = Service(containers={"web": Container(image="web:1")})
    network = Network(ports=[Port(port=80), Port(port=443, public=True)])
    patches = [
        patch(kind="Service", name="amendments-dev-*", merge={"metadata": {"labels": {"scraped": "yes"}}}),
        patch(name="*-public", merge={"spec": {"externalTrafficPolicy": "Local"}}),
        patch(accessory="workload", json_patch=[{"op": "add", "path": "/spec/paused", "value": False}]),
    ]


class MailWorker(AppConfiguration):
    workload = Service(containers={"mail": Container(image="mail:1")})
    network = Network(ports=[Port(port=25)])
