"""What developers write about a job, and what the platform decides about it."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from kusion_dsl.module import PlatformConfig, dev_overrides
from kusion_job.schedule import checked, checked_time_zone
from kusion_workload import PodWorkload

_SCHEDULED = ("time_zone", "concurrency_policy", "successful_jobs_history_limit", "failed_jobs_history_limit")

Count = Annotated[int, Field(ge=0)]
"""How many, possibly none."""

Seconds = Annotated[int, Field(ge=1)]
"""A time in seconds."""


class Job(PodWorkload):
    """Something that runs to its end: once, or again and again by a schedule."""

    schedule: Annotated[str, AfterValidator(checked)] = ""
    """When it is run, as in cron: minute, hour, day of the month, month, day of the week (``0 3 * * *``), or a name
    like ``@daily``; in ``time_zone``. Empty: once, when it is applied."""
    time_zone: Annotated[str, AfterValidator(checked_time_zone)] | None = None
    """The time zone of the schedule, by its name in the IANA database: ``Europe/Berlin``; by default that of the
    cluster's control plane. With a schedule."""
    concurrency_policy: Literal["Allow", "Forbid", "Replace"] | None = None
    """What happens when a run is due and the one before it goes on: ``Allow`` both, which Kubernetes does unless told
    otherwise; ``Forbid`` the new one; ``Replace`` the old one. With a schedule."""
    successful_jobs_history_limit: Annotated[Count | None, dev_overrides] = None
    """How many runs that succeeded are kept to be looked at; 3 in Kubernetes. With a schedule."""
    failed_jobs_history_limit: Annotated[Count | None, dev_overrides] = None
    """How many runs that failed are kept to be looked at; 1 in Kubernetes. With a schedule."""
    suspend: bool | None = None
    """Whether nothing is started for now; what a Job without a schedule has running is stopped."""
    restart_policy: Literal["Never", "OnFailure"] = "Never"
    """What happens when a container fails: another pod is made, or it is started again in its pod (``OnFailure``)."""
    backoff_limit: Annotated[Count | None, dev_overrides] = None
    """How many times a run is tried again before it has failed; 6 in Kubernetes."""
    active_deadline_seconds: Annotated[Seconds | None, dev_overrides] = None
    """Seconds after which a run is stopped and has failed."""
    completions: Annotated[int, Field(ge=1)] | None = None
    """How many pods must succeed; 1 in Kubernetes."""
    parallelism: Count | None = None
    """How many pods run at a time; 1 in Kubernetes."""
    ttl_seconds_after_finished: Annotated[Count | None, dev_overrides] = None
    """Seconds after which Kubernetes removes a run that has ended. A Job without a schedule that was removed is made
    anew, and so runs again, by the next apply."""

    @model_validator(mode="after")
    def _scheduled_fields_fit(self) -> Self:
        given = next((name for name in _SCHEDULED if getattr(self, name) is not None), None)
        if given is not None and not self.schedule:
            raise ValueError(f"{given} goes with a schedule, and there is none")
        return self


class JobPlatform(PlatformConfig):
    """What the platform decides about jobs, beside ``labels`` and ``annotations``."""

    replicas: Annotated[int, Field(ge=0)] | None = None
    """Without effect, since a job has none; taken because the ancestor's workspaces say it."""
