"""Jobs, which run to their end: the workload module ``job``."""

from kusion_job.schema import Job, JobPlatform
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
    "Job",
    "JobPlatform",
    "Lifecycle",
    "SecretSpec",
    "TcpProbe",
]
