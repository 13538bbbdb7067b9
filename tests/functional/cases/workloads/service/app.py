from kusion_dsl import AppConfiguration
from kusion_service import LabelSelector, LabelSelectorRequirement, Service, ServiceAccount, TopologySpreadConstraint

from ..base import AFFINITY, CONTAINERS, INIT_CONTAINERS, SECRETS, SECURITY, TOLERATIONS, VOLUMES


class Shop(AppConfiguration):
    """A pod with everything, in a service."""

    workload = Service(
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
        topology_spread_constraints={
            "zones": TopologySpreadConstraint(
                max_skew=1,
                topology_key="topology.kubernetes.io/zone",
                when_unsatisfiable="DoNotSchedule",
                label_selector=LabelSelector(
                    match_labels={"app.kubernetes.io/name": "shop"},
                    match_expressions=[LabelSelectorRequirement(key="tier", operator="In", values=["gold"])],
                ),
                match_label_keys=["pod-template-hash"],
                min_domains=2,
                node_affinity_policy="Honor",
                node_taints_policy="Ignore",
            ),
        },
    )
