from kusion_dsl import AppConfiguration
from kusion_job import Container, Job


class Cleanup(AppConfiguration):
    """Every night, never two at a time; what has run is kept for a day."""

    workload = Job(
        containers={"cleanup": Container(image="cleanup:1")},
        schedule="0 3 * * *",
        time_zone="Europe/Berlin",
        concurrency_policy="Forbid",
        successful_jobs_history_limit=1,
        failed_jobs_history_limit=2,
        ttl_seconds_after_finished=86400,
    )


class Import(AppConfiguration):
    """Once, by four pods of which two work at a time; not started yet."""

    workload = Job(
        containers={"import": Container(image="import:1")},
        suspend=True,
        restart_policy="OnFailure",
        backoff_limit=3,
        active_deadline_seconds=3600,
        completions=4,
        parallelism=2,
    )
