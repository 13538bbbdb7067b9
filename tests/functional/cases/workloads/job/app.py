from kusion_dsl import AppConfiguration
from kusion_job import Job, ServiceAccount

from ..base import AFFINITY, CONTAINERS, INIT_CONTAINERS, SECRETS, SECURITY, TOLERATIONS, VOLUMES


class Report(AppConfiguration):
    """The same pod, in a job."""

    workload = Job(
        containers=CONTAINERS,
        init_containers=INIT_CONTAINERS,
        volumes=VOLUMES,
        secrets=SECRETS,
        labels={"team": "shop"},
        annotations={"acme.example/owner": "shop@acme.example"},
        security=SECURITY,
        service_account=ServiceAccount(
            annotations={"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/shop"}
        ),
        automount_service_account_token=False,
        image_pull_secrets=["ghcr"],
        node_selector={"kubernetes.io/arch": "arm64"},
        tolerations=TOLERATIONS,
        affinity=AFFINITY,
        termination_grace_period_seconds=60,
    )
