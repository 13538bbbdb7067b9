"""Long-running services: the workload module ``service``."""

from kusion_service.container import Container, FileSpec
from kusion_service.probes import ExecHook, ExecProbe, HttpHook, HttpProbe, Lifecycle, TcpProbe
from kusion_service.schema import Service, ServicePlatform
from kusion_service.secrets import SecretSpec
from kusion_service.topology import LabelSelector, LabelSelectorRequirement, TopologySpreadConstraint

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
