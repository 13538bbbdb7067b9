"""Everything whose order Python does not promise, or takes from somewhere else."""

from kusion_dsl import AppConfiguration, Secret, option
from kusion_network import Network, Port
from kusion_postgres import Postgres
from kusion_service import Container, Service

REGIONS = {"eu-central-1", "us-east-1", "ap-south-1", "sa-east-1", "af-south-1"}
FEATURES = frozenset({"search", "cart", "größe", "checkout", "\N{SNOWMAN}"})
TAG = option("tag", default="1.0.0", help="The image tag to run.")


VARIABLES = {
    **{f"REGION_{region.upper().replace('-', '_')}": region for region in REGIONS},
    **{f"FEATURE_{len(feature)}_{feature[0].encode().hex()}": feature for feature in FEATURES},
}


class Shop(AppConfiguration):
    database = Postgres(version="16")
    cache = Postgres(version="17")
    workload = Service(
        containers={
            **{name: Container(image=f"ghcr.io/acme/{name}:{TAG}", env=VARIABLES) for name in {"worker", "metrics"}},
            "web": Container(
                image=f"ghcr.io/acme/web:{TAG}",
                env={
                    **VARIABLES,
                    "DATABASE": database.url,
                    "TOKENS": f"{Secret('stripe', key='api-key')}:{cache.password}",
                },
            ),
        },
        labels={f"region-{region}": "on" for region in REGIONS},
        replicas=option("replicas", default=2),
    )
    network = Network(ports=[Port(port=port) for port in sorted({8080, 9090, 80})])


workers = AppConfiguration(
    name="workers",
    workload=Service(containers={"run": Container(image=f"ghcr.io/acme/run:{TAG}", args=sorted(REGIONS))}),
    accessories={name: Postgres(version="15") for name in {"queue", "results", "archive"}},
)
