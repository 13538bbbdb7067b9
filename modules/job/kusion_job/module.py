"""A job as a Kubernetes Job or CronJob."""

from __future__ import annotations

from typing import Any

from kusion_dsl.module import Context, Generated, Resource, module
from kusion_job.schema import Job, JobPlatform
from kusion_workload import pod_of

_LONGEST_CRON_JOB = 52  # its Jobs' names have 11 characters more: Kubernetes' ValidateCronJobName


@module
def job(job: Job, platform: JobPlatform, ctx: Context) -> Generated:
    """A Job, or a CronJob where there is a schedule, the Secrets that it declares, and ConfigMaps for its files."""
    pod = pod_of(job, ctx)
    yield from pod.resources
    once = {"template": pod.template(restartPolicy="Never")}
    if job.schedule:
        name = ctx.name(longest=_LONGEST_CRON_JOB)
        yield _workload(
            "CronJob", ctx.metadata(name, **pod.metadata), {"schedule": job.schedule, "jobTemplate": {"spec": once}}
        )
    else:
        yield _workload("Job", ctx.metadata(ctx.name(), **pod.metadata), once)


def _workload(kind: str, metadata: dict[str, Any], spec: dict[str, Any]) -> Resource:
    manifest = {"apiVersion": "batch/v1", "kind": kind, "metadata": metadata, "spec": spec}
    return Resource.manifest(manifest, workload=True)
