"""How the runs of a job are tried, counted and kept."""

from __future__ import annotations

from typing import Any

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.errors import AppError
from kusion_dsl.testing import compile_app
from kusion_job import Container, Job

ONCE = "batch/v1:Job:test:test-dev-shop"
AGAIN = "batch/v1:CronJob:test:test-dev-shop"
JOB = Job(containers={"main": Container(image="cleanup:1")})
RUN: dict[str, Any] = {
    "backoff_limit": 0,
    "active_deadline_seconds": 600,
    "completions": 5,
    "parallelism": 2,
    "ttl_seconds_after_finished": 0,
    "restart_policy": "OnFailure",
}
RUN_MADE = {
    "backoffLimit": 0,
    "activeDeadlineSeconds": 600,
    "completions": 5,
    "parallelism": 2,
    "ttlSecondsAfterFinished": 0,
}
SCHEDULED: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "concurrency_policy": "Forbid",
    "successful_jobs_history_limit": 0,
    "failed_jobs_history_limit": 5,
}


def spec(job: Job, workspace: str = "") -> dict[str, Any]:
    """The ``spec`` of a job, checked against Kubernetes' own schemas."""
    made = compile_app(AppConfiguration(name="shop", workload=job), workspace=workspace).spec
    found = made[AGAIN if job.schedule else ONCE].to_json()["attributes"]["spec"]
    assert isinstance(found, dict)
    return found


def test_a_run() -> None:
    made = spec(JOB.override(**RUN))
    assert made.pop("template")["spec"]["restartPolicy"] == "OnFailure"
    assert made == RUN_MADE


def test_the_runs_of_a_schedule() -> None:
    made = spec(JOB.override(schedule="0 3 * * *", suspend=True, **RUN, **SCHEDULED))
    run = made.pop("jobTemplate")["spec"]
    assert run.pop("template")["spec"]["restartPolicy"] == "OnFailure"
    assert run == RUN_MADE
    assert made == {
        "schedule": "0 3 * * *",
        "timeZone": "Europe/Berlin",
        "concurrencyPolicy": "Forbid",
        "suspend": True,
        "successfulJobsHistoryLimit": 0,
        "failedJobsHistoryLimit": 5,
    }


@pytest.mark.parametrize("suspend", [True, False])
def test_a_job_without_a_schedule_can_be_suspended(suspend: bool) -> None:
    assert spec(JOB.override(suspend=suspend))["suspend"] is suspend


@pytest.mark.parametrize("field", SCHEDULED)
def test_what_goes_with_a_schedule_is_refused_without_one(field: str) -> None:
    with pytest.raises(AppError) as caught:
        JOB.override(**{field: SCHEDULED[field]})
    assert f"{field} goes with a schedule, and there is none" in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"backoff_limit": -1}, "backoff_limit: "),
        ({"active_deadline_seconds": 0}, "active_deadline_seconds: "),
        ({"completions": 0}, "completions: "),
        ({"parallelism": -1}, "parallelism: "),
        ({"ttl_seconds_after_finished": -1}, "ttl_seconds_after_finished: "),
        ({"restart_policy": "Always"}, "restart_policy: "),
        ({"concurrency_policy": "Queue"}, "concurrency_policy: "),
        ({"time_zone": ""}, "time_zone: '' is no name of a time zone"),
        ({"time_zone": "Local"}, "time_zone: 'Local' is no name of a time zone"),
        ({"time_zone": "Europe/"}, "time_zone: 'Europe/' is no name"),
        ({"time_zone": "Europe/../Berlin"}, "time_zone: 'Europe/../Berlin' is no name"),
        ({"time_zone": "/Berlin"}, "time_zone: '/Berlin' is no name"),
    ],
)
def test_what_is_not_valid_is_refused_where_it_is_written(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(AppError) as caught:
        JOB.override(schedule="@daily", **fields)
    assert message in str(caught.value)


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "America/Port-au-Prince"])
def test_time_zones(zone: str) -> None:
    assert spec(JOB.override(schedule="@daily", time_zone=zone))["timeZone"] == zone


PLATFORM = """
modules:
  job:
    configs:
      default:
        backoffLimit: 2
        activeDeadlineSeconds: 60
        ttlSecondsAfterFinished: 3600
        successfulJobsHistoryLimit: 1
        failedJobsHistoryLimit: 2
"""


def test_the_platform_has_defaults_for_all_jobs() -> None:
    made = spec(JOB.override(backoff_limit=1), PLATFORM)
    made.pop("template")
    assert made == {"backoffLimit": 1, "activeDeadlineSeconds": 60, "ttlSecondsAfterFinished": 3600}
    made = spec(JOB.override(schedule="@daily", failed_jobs_history_limit=9), PLATFORM)
    assert (made["successfulJobsHistoryLimit"], made["failedJobsHistoryLimit"]) == (1, 9)
