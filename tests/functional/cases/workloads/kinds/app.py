from kusion_dsl import AppConfiguration
from kusion_service import Autoscale, Claim, Container, DisruptionBudget, Service, UpdateStrategy


class Web(AppConfiguration):
    """A Deployment that grows with its load."""

    workload = Service(
        containers={"web": Container(image="web:1", requests={"cpu": "250m", "memory": "128Mi"})},
        autoscale=Autoscale(min=2, max=10, cpu=70, memory=80),
        disruption_budget=DisruptionBudget(max_unavailable=1),
        update_strategy=UpdateStrategy(max_surge="25%", max_unavailable=0),
        min_ready_seconds=10,
        revision_history_limit=5,
        progress_deadline_seconds=300,
    )


class Database(AppConfiguration):
    """A StatefulSet: three pods with a disk each, of which the last is replaced first, and alone."""

    workload = Service(
        kind="StatefulSet",
        containers={"db": Container(image="db:1", mounts={"/data": "data"})},
        volumes={"data": Claim(size="10Gi")},
        replicas=3,
        disruption_budget=DisruptionBudget(min_available="60%"),
        update_strategy=UpdateStrategy(partition=2),
    )


class Agent(AppConfiguration):
    """A DaemonSet whose pods are replaced when somebody deletes them."""

    workload = Service(
        kind="DaemonSet",
        containers={"agent": Container(image="agent:1")},
        update_strategy=UpdateStrategy(type="OnDelete"),
    )
