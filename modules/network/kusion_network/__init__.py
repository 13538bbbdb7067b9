"""How a workload is reached: the accessory module ``network``."""

from kusion_network.ingress import (
    Ingress,
    IngressClass,
    IngressClassParameters,
    IngressPath,
    IngressRule,
    IngressTLS,
    ResourceBackend,
    ServiceBackend,
)
from kusion_network.schema import Network, NetworkPlatform, Port, PublicPorts

__all__ = [
    "Ingress",
    "IngressClass",
    "IngressClassParameters",
    "IngressPath",
    "IngressRule",
    "IngressTLS",
    "Network",
    "NetworkPlatform",
    "Port",
    "PublicPorts",
    "ResourceBackend",
    "ServiceBackend",
]
