from kusion_dsl import AppConfiguration, option
from kusion_network import Network, Port
from kusion_postgres import Postgres
from kusion_service import Container, HttpProbe, Service


class Shop(AppConfiguration):
    """The web shop: orders and the catalogue have a database each."""

    orders = Postgres(version="16")
    catalogue = Postgres(version="17")
    workload = Service(
        containers={
            "web": Container(
                image=f"ghcr.io/acme/shop:{option('tag', default='1.4.2')}",
                env={
                    "DATABASE_URL": orders.url,
                    "CATALOGUE_DSN": f"host={catalogue.host} port={catalogue.port} dbname={catalogue.database}",
                    "CATALOGUE_PASSWORD": catalogue.password,
                },
                readiness_probe=HttpProbe(path="/healthz", port=8080),
            ),
        },
        replicas=2,
    )
    network = Network(ports=[Port(port=80, target_port=8080, public=True)])
