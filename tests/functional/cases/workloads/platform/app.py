from kusion_dsl import AppConfiguration
from kusion_job import Container as JobContainer
from kusion_job import Job
from kusion_service import Container, Service


class Shop(AppConfiguration):
    """A Deployment, of which the platform decides everything but what runs."""

    workload = Service(containers={"web": Container(image="web:1", requests={"cpu": "250m"})})


class Ledger(AppConfiguration):
    """A CollaSet, since the platform says so."""

    workload = Service(containers={"ledger": Container(image="ledger:1")})


class Cleanup(AppConfiguration):
    """A job, of which the platform decides when it is over."""

    workload = Job(containers={"cleanup": JobContainer(image="cleanup:1")}, schedule="@daily")
