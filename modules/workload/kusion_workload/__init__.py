"""What workload modules share: containers, files, volumes, probes, Secrets, and the pods made of them."""

from kusion_workload.container import Container, EnvFrom, FileSpec, InitContainer, Sidecar
from kusion_workload.pod import Pod, pod_of
from kusion_workload.ports import ContainerPort
from kusion_workload.probes import ExecHook, ExecProbe, HttpHook, HttpProbe, Lifecycle, TcpProbe
from kusion_workload.scheduling import Affinity, Neighbours, NodePreference, NodeRequirement, Toleration
from kusion_workload.schema import PodWorkload, WorkloadLabels
from kusion_workload.secrets import SecretSpec
from kusion_workload.security import RESTRICTED, SecurityContext
from kusion_workload.service_account import ServiceAccount
from kusion_workload.storage import Claim, ConfigMapVolume, EmptyDir, ExistingClaim, Mount, SecretVolume

__all__ = [
    "RESTRICTED",
    "Affinity",
    "Claim",
    "ConfigMapVolume",
    "Container",
    "ContainerPort",
    "EmptyDir",
    "EnvFrom",
    "ExecHook",
    "ExecProbe",
    "ExistingClaim",
    "FileSpec",
    "HttpHook",
    "HttpProbe",
    "InitContainer",
    "Lifecycle",
    "Mount",
    "Neighbours",
    "NodePreference",
    "NodeRequirement",
    "Pod",
    "PodWorkload",
    "SecretSpec",
    "SecretVolume",
    "SecurityContext",
    "ServiceAccount",
    "Sidecar",
    "TcpProbe",
    "Toleration",
    "WorkloadLabels",
    "pod_of",
]
