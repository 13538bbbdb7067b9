"""What workload modules share: containers, files, probes, Secrets, and the pods made of them."""

from kusion_workload.container import Container, FileSpec
from kusion_workload.pod import Pod, pod_of
from kusion_workload.probes import ExecHook, ExecProbe, HttpHook, HttpProbe, Lifecycle, TcpProbe
from kusion_workload.schema import PodWorkload, WorkloadLabels
from kusion_workload.secrets import SecretSpec

__all__ = [
    "Container",
    "ExecHook",
    "ExecProbe",
    "FileSpec",
    "HttpHook",
    "HttpProbe",
    "Lifecycle",
    "Pod",
    "PodWorkload",
    "SecretSpec",
    "TcpProbe",
    "WorkloadLabels",
    "pod_of",
]
