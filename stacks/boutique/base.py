"""What the services of the shop have in common, and the shop.

After https://github.com/GoogleCloudPlatform/microservices-demo, release v0.10.2.
"""

from kusion_dsl import AppConfiguration, option
from kusion_network import Network, Port
from kusion_service import Container, ExecProbe, HttpProbe, Service, TcpProbe

REGISTRY = "us-central1-docker.pkg.dev/google-samples/microservices-demo"
TAG = option("tag", default="v0.10.2", help="The release of the shop.")

Probe = ExecProbe | HttpProbe | TcpProbe


def service(
    image: str,
    *,
    env: dict[str, str],
    probe: Probe | None,
    resources: dict[str, str] | None = None,
    replicas: int = 1,
) -> Service:
    """A service of the shop: one container, the same probe for readiness and liveness."""
    return Service(
        containers={
            "server": Container(
                image=f"{REGISTRY}/{image}:{TAG}",
                env={"DISABLE_PROFILER": "1", **env},
                resources=resources or {"cpu": "100m-200m", "memory": "64Mi-128Mi"},
                readiness_probe=probe,
                liveness_probe=probe,
            ),
        },
        replicas=replicas,
    )


class Boutique(AppConfiguration, abstract=True):
    """One of the services; what is set here, all have."""


class RedisCart(Boutique):
    workload = Service(
        containers={
            "redis": Container(
                image="redis:8.2-alpine",
                resources={"cpu": "70m-125m", "memory": "200Mi-256Mi"},
                readiness_probe=TcpProbe(port=6379),
            ),
        },
        replicas=1,
    )
    network = Network(ports=[Port(port=6379)])


class Adservice(Boutique):
    network = Network(ports=[Port(port=9555)])
    workload = service(
        "adservice",
        env={"PORT": "9555"},
        probe=TcpProbe(port=9555, initial_delay_seconds=20),
        resources={"cpu": "200m-300m", "memory": "180Mi-300Mi"},
    )


class Cartservice(Boutique):
    network = Network(ports=[Port(port=7070)])
    workload = service(
        "cartservice",
        env={"REDIS_ADDR": f"{RedisCart.network.host}:6379"},
        probe=TcpProbe(port=7070, initial_delay_seconds=15),
        resources={"cpu": "200m-300m", "memory": "64Mi-128Mi"},
    )


class Currencyservice(Boutique):
    network = Network(ports=[Port(port=7000)])
    workload = service("currencyservice", env={"PORT": "7000"}, probe=TcpProbe(port=7000))


class Emailservice(Boutique):
    network = Network(ports=[Port(port=5000, target_port=8080)])
    workload = service("emailservice", env={"PORT": "8080"}, probe=TcpProbe(port=8080))


class Paymentservice(Boutique):
    network = Network(ports=[Port(port=50051)])
    workload = service("paymentservice", env={"PORT": "50051"}, probe=TcpProbe(port=50051))


class Productcatalogservice(Boutique):
    network = Network(ports=[Port(port=3550)])
    workload = service("productcatalogservice", env={"PORT": "3550"}, probe=TcpProbe(port=3550))


class Shippingservice(Boutique):
    network = Network(ports=[Port(port=50051)])
    workload = service("shippingservice", env={"PORT": "50051"}, probe=TcpProbe(port=50051))


class Recommendationservice(Boutique):
    network = Network(ports=[Port(port=8080)])
    workload = service(
        "recommendationservice",
        env={"PORT": "8080", "PRODUCT_CATALOG_SERVICE_ADDR": f"{Productcatalogservice.network.host}:3550"},
        probe=TcpProbe(port=8080),
        resources={"cpu": "100m-200m", "memory": "220Mi-450Mi"},
    )


class Checkoutservice(Boutique):
    network = Network(ports=[Port(port=5050)])
    workload = service(
        "checkoutservice",
        env={
            "PORT": "5050",
            "PRODUCT_CATALOG_SERVICE_ADDR": f"{Productcatalogservice.network.host}:3550",
            "SHIPPING_SERVICE_ADDR": f"{Shippingservice.network.host}:50051",
            "PAYMENT_SERVICE_ADDR": f"{Paymentservice.network.host}:50051",
            "EMAIL_SERVICE_ADDR": f"{Emailservice.network.host}:5000",
            "CURRENCY_SERVICE_ADDR": f"{Currencyservice.network.host}:7000",
            "CART_SERVICE_ADDR": f"{Cartservice.network.host}:7070",
        },
        probe=TcpProbe(port=5050),
    )


class Frontend(Boutique):
    network = Network(ports=[Port(port=80, target_port=8080, public=True)])
    workload = service(
        "frontend",
        env={
            "PORT": "8080",
            "PRODUCT_CATALOG_SERVICE_ADDR": f"{Productcatalogservice.network.host}:3550",
            "CURRENCY_SERVICE_ADDR": f"{Currencyservice.network.host}:7000",
            "CART_SERVICE_ADDR": f"{Cartservice.network.host}:7070",
            "RECOMMENDATION_SERVICE_ADDR": f"{Recommendationservice.network.host}:8080",
            "SHIPPING_SERVICE_ADDR": f"{Shippingservice.network.host}:50051",
            "CHECKOUT_SERVICE_ADDR": f"{Checkoutservice.network.host}:5050",
            "AD_SERVICE_ADDR": f"{Adservice.network.host}:9555",
            "ENABLE_PROFILER": "0",
        },
        probe=HttpProbe(path="/_healthz", port=8080, headers={"Cookie": "shop_session-id=x-probe"}),
    )


class Loadgenerator(Boutique):
    workload = service(
        "loadgenerator",
        env={"FRONTEND_ADDR": f"{Frontend.network.host}:80", "USERS": "10", "RATE": "1"},
        probe=None,
        resources={"cpu": "300m-500m", "memory": "256Mi-512Mi"},
    )
