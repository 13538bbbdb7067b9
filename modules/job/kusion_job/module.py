"""A job as a Kubernetes Job or CronJob."""

from __future__ import annotations

from typing import Any

from kusion_dsl.module import Context, Generated, Resource, module
from kusion_job.schema import Job, JobPlatform
from kusion_workload import Pod, pod_of

_LONGEST_CRON_JOB = 52  # its Jobs' names have 11 characters more: Kubernetes' ValidateCronJobName


@module
def job(job: Job, platform: JobPlatform, ctx: Context) -> Generated:
    """A Job, or a CronJob where there is a schedule, the Secrets that it declares, and ConfigMaps for its files."""
    pod = pod_of(job, ctx)
    yield from pod.resources
    if job.schedule:
        name = ctx.name(longest=_LONGEST_CRON_JOB)
        yield _workload("CronJob", ctx.metadata(name, **pod.metadata), _scheduled(job, pod))
    else:
        yield _workload("Job", ctx.metadata(ctx.name(), **pod.metadata), {"suspend": job.suspend, **_run(job, pod)})


def _scheduled(job: Job, pod: Pod) -> dict[str, Any]:
    """The ``spec`` of a CronJob; parts that are not set are None."""
    return {
        "schedule": job.schedule,
        "timeZone": job.time_zone,
        "concurrencyPolicy": job.concurrency_policy,
        "suspend": job.suspend,
        "successfulJobsHistoryLimit": job.successful_jobs_history_limit,
        "failedJobsHistoryLimit": job.failed_jobs_history_limit,
        "jobTemplate": {"spec": _run(job, pod)},
    }


def _run(job: Job, pod: Pod) -> dict[str, Any]:
    """The ``spec`` of one run; parts that are not set are None."""
    return {
        "backoffLimit": job.backoff_limit,
        "activeDeadlineSeconds": job.active_deadline_seconds,
        "completions": job.completions,
        "parallelism": job.parallelism,
        "ttlSecondsAfterFinished": job.ttl_seconds_after_finished,
        "template": pod.template(restartPolicy=job.restart_policy),
    }


def _workload(kind: str, metadata: dict[str, Any], spec: dict[str, Any]) -> Resource:
    manifest = {"apiVersion": "batch/v1", "kind": kind, "metadata": metadata, "spec": spec}
    return Resource.manifest(manifest, workload=True)
