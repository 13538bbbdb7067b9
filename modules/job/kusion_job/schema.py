"""What developers write about a job, and what the platform decides about it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from kusion_dsl.module import PlatformConfig
from kusion_job.schedule import checked
from kusion_workload import PodWorkload


class Job(PodWorkload):
    """Something that runs to its end: once, or again and again by a schedule.

    A container that fails is not started again in its pod; Kubernetes makes another pod.
    """

    schedule: Annotated[str, AfterValidator(checked)] = ""
    """When it is run, as in cron: minute, hour, day of the month, month, day of the week (``0 3 * * *``), or a name
    like ``@daily``; in the time zone of the cluster's control plane. Empty: once, when it is applied."""


class JobPlatform(PlatformConfig):
    """What the platform decides about jobs, beside ``labels`` and ``annotations``."""

    replicas: Annotated[int, Field(ge=0)] | None = None
    """Without effect, since a job has none; taken because the ancestor's workspaces say it."""
