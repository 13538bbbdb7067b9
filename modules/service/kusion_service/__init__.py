"""Long-running services: the workload module ``service``."""

from kusion_service.claims import VolumeClaim
from kusion_service.rollout import RollingUpdate
from kusion_service.scaling import Autoscale, DisruptionBudget
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
    "Autoscale",
    "Container",
    "DisruptionBudget",
    "ExecHook",
    "ExecProbe",
    "FileSpec",
    "HttpHook",
    "HttpProbe",
    "LabelSelector",
    "LabelSelectorRequirement",
    "Lifecycle",
    "RollingUpdate",
    "SecretSpec",
    "Service",
    "ServicePlatform",
    "TcpProbe",
    "TopologySpreadConstraint",
    "VolumeClaim",
]
