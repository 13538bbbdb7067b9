"""Long-running services: the workload module ``service``."""

from kusion_service.schema import Service, ServicePlatform
from kusion_service.topology import LabelSelector, LabelSelectorRequirement, TopologySpreadConstraint
from kusion_workload import (
    Container,
    ExecHook,
    ExecProbe,
    FileSpec,
    HttpHook,
    HttpProbe,
    Lifecycle,
    SecretSpec,
    TcpProbe,
)

__all__ = [
    "Container",
    "ExecHook",
    "ExecProbe",
    "FileSpec",
    "HttpHook",
    "HttpProbe",
    "LabelSelector",
    "LabelSelectorRequirement",
    "Lifecycle",
    "SecretSpec",
    "Service",
    "ServicePlatform",
    "TcpProbe",
    "TopologySpreadConstraint",
]
