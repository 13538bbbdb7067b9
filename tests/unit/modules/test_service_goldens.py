"""Golden files of services: every field of theirs, the platform's side, sizes by stack, and patches."""

from __future__ import annotations

import pytest

from kusion_dsl import AppConfiguration, patch
from kusion_dsl.testing import compile_app
from kusion_dsl.testing.golden import Golden
from kusion_service import (
    Autoscale,
    Claim,
    Container,
    DisruptionBudget,
    LabelSelector,
    LabelSelectorRequirement,
    Service,
    TopologySpreadConstraint,
    UpdateStrategy,
)

WEB = Container(image="web:1", requests={"cpu": "250m"})
WORKSPACE = """
modules:
  service:
    configs:
      default: {replicas: 3, disruptionBudget: {minAvailable: "50%"}, revisionHistoryLimit: 2, labels: {tier: gold}}
      production: {stackSelector: [prod], autoscale: {min: 3, max: 9, cpu: 60, memory: 75}, annotations: {size: large}}
      worker: {appSelector: ["*-worker"], autoscale: null, replicas: 1, updateStrategy: {type: Recreate}}
      exact: {projectSelector: [test], appSelector: [exact], progressDeadlineSeconds: 120, minReadySeconds: 4}
patches:
- {kind: Namespace, merge: {metadata: {labels: {enforce: restricted}}}}
- {kind: Deployment, stackSelector: [prod], merge: {spec: {template: {spec: {priorityClassName: high}}}}}
"""


class Web(AppConfiguration):
    workload = Service(
        containers={"web": WEB},
        autoscale=Autoscale(min=2, max=10, cpu=70, memory=80),
        disruption_budget=DisruptionBudget(max_unavailable=1),
        update_strategy=UpdateStrategy(max_surge="25%", max_unavailable=0),
        min_ready_seconds=10,
        revision_history_limit=5,
        progress_deadline_seconds=300,
        topology_spread_constraints={
            "zones": TopologySpreadConstraint(
                max_skew=1,
                topology_key="topology.kubernetes.io/zone",
                when_unsatisfiable="DoNotSchedule",
                label_selector=LabelSelector(
                    match_labels={"app.kubernetes.io/name": "web"},
                    match_expressions=[LabelSelectorRequirement(key="tier", operator="In", values=["gold"])],
                ),
                match_label_keys=["pod-template-hash"],
                min_domains=2,
                node_affinity_policy="Honor",
                node_taints_policy="Ignore",
            )
        },
    )
    patches = (
        patch(kind="Deployment", accessory="workload", merge={"spec": {"paused": False}}),
        patch(name="*-web", kind="Horizontal*", json_patch=[{"op": "add", "path": "/spec/behavior", "value": {}}]),
    )


class Database(AppConfiguration):
    workload = Service(
        kind="StatefulSet",
        containers={"db": Container(image="db:1", mounts={"/data": "data"})},
        volumes={"data": Claim(size="10Gi", storage_class="fast", access_modes=("ReadWriteOncePod",))},
        replicas=3,
        disruption_budget=DisruptionBudget(min_available=2),
        update_strategy=UpdateStrategy(partition=1),
    )


class Agent(AppConfiguration):
    workload = Service(
        kind="DaemonSet",
        containers={"agent": Container(image="agent:1")},
        update_strategy=UpdateStrategy(type="OnDelete"),
    )


class MailWorker(AppConfiguration):
    workload = Service(containers={"mail": Container(image="mail:1")})


class Exact(AppConfiguration):
    workload = Service(containers={"exact": Container(image="exact:1")})


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_services(stack: str, golden: Golden) -> None:
    golden(compile_app(Web, Database, Agent, MailWorker, Exact, stack=stack, workspace=WORKSPACE), f"services-{stack}")


def test_without_a_workspace(golden: Golden) -> None:
    golden(compile_app(Web, Database, Agent, MailWorker, Exact), "services")
