"""Whatever happens to a stack, in whatever order: no record is lost or changed, and an apply makes what is wanted."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.crash.machine import Runs

TestRuns = Runs.TestCase
TestRuns.settings = settings(
    max_examples=100,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
