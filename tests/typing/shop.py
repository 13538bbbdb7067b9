"""An application as its author writes it; type checkers must accept all of it."""

from kusion_dsl import AppConfiguration, Secret, option, patch, secret_ref
from kusion_network import Ingress, IngressPath, IngressRule, Network, Port, ServiceBackend
from kusion_postgres import Postgres
from kusion_service import Container, FileSpec, HttpProbe, SecretSpec, Service


class Shop(AppConfiguration):
    """The web shop."""

    database = Postgres(version="16")
    workload = Service(
        containers={
            "web": Container(
                image=f"ghcr.io/acme/shop:{option('tag', default='1.4.2')}",
                env={"DATABASE_URL": database.url, "STRIPE_KEY": Secret("stripe", key="api-key")},
                readiness_probe=HttpProbe(path="/healthz", port=8080),
            ),
        },
        replicas=2,
    )
    ingress = Network(ports=[Port(port=80, target_port=8080, public=True)])


class Production(Shop):
    workload = Shop.workload.override(replicas=6)
    patches = [patch(kind="Deployment", merge={"spec": {"paused": True, "template": {"spec": {"hostNetwork": True}}}})]


class Canary(Production):
    patches = [
        *Production.patches,
        patch(
            name="*-private",
            json_patch=[{"op": "remove", "path": "/spec/type"}, {"op": "add", "path": "/a", "value": 1}],
        ),
    ]


SHARED = {"HOST": Shop.database.host, "PORT": Shop.database.port}
FILES = {"/etc/tls.crt": FileSpec(content_from=secret_ref("tls", key="tls.crt"), mode="0400")}


class Reports(AppConfiguration, abstract=True):
    workload = Service(
        containers={"reports": Container(image="reports", env=SHARED, files=FILES, resources={"cpu": "500m-1"})},
        secrets={"tls": SecretSpec(type="certificate", data={"tls.crt": Secret("crt"), "tls.key": Secret("key")})},
    )
    network = Network(
        ports=[Port()],
        ingress=Ingress(rules=[IngressRule(paths=[IngressPath(path="/", backend=ServiceBackend(port=80))])]),
    )
