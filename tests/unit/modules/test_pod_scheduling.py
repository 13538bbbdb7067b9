"""Where pods run, how their images get there, and how they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.errors import AppError
from kusion_dsl.testing import compile_app
from kusion_service import (
    Affinity,
    Container,
    Neighbours,
    NodePreference,
    NodeRequirement,
    SecretSpec,
    Service,
    Toleration,
)

DEPLOYMENT = "apps/v1:Deployment:test:test-dev-shop"
OWN = {"labelSelector": {"matchLabels": {"app.kubernetes.io/name": "shop", "app.kubernetes.io/part-of": "test"}}}


def pod(workspace: str = "", **fields: Any) -> dict[str, Any]:
    """The pod of a service, checked against Kubernetes' own schemas."""
    app = AppConfiguration(name="shop", workload=Service(containers={"web": Container(image="shop:1")}, **fields))
    made = compile_app(app, workspace=workspace).spec[DEPLOYMENT].to_json()["attributes"]["spec"]["template"]["spec"]
    assert isinstance(made, dict)
    return made


def refusal(build: Callable[[], object]) -> str:
    """What the author is told, without the file and line."""
    with pytest.raises(AppError) as caught:
        build()
    return "\n".join(caught.value.problems[0].details)


def test_without_these_fields_a_pod_is_its_containers() -> None:
    assert pod() == {"containers": [{"name": "web", "image": "shop:1"}]}


def test_nodes_are_selected_by_labels() -> None:
    assert pod(node_selector={"kubernetes.io/arch": "arm64"})["nodeSelector"] == {"kubernetes.io/arch": "arm64"}


@pytest.mark.parametrize(
    ("toleration", "manifest"),
    [
        (Toleration(), {"operator": "Exists"}),
        (Toleration(key="spot"), {"key": "spot", "operator": "Exists"}),
        (
            Toleration(key="pool", value="shop", effect="NoSchedule"),
            {"key": "pool", "operator": "Equal", "value": "shop", "effect": "NoSchedule"},
        ),
        (
            Toleration(key="node.kubernetes.io/unreachable", effect="NoExecute", seconds=30),
            {
                "key": "node.kubernetes.io/unreachable",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 30,
            },
        ),
    ],
)
def test_tolerations(toleration: Toleration, manifest: dict[str, Any]) -> None:
    assert pod(tolerations=[toleration])["tolerations"] == [manifest]


def test_affinity_to_nodes() -> None:
    affinity = Affinity(
        nodes=[
            NodeRequirement(key="zone", operator="In", values=["a", "b"]),
            NodeRequirement(key="gpu", operator="Exists"),
        ],
        preferred_nodes=[NodePreference(nodes=[NodeRequirement(key="cores", operator="Gt", values=["8"])], weight=5)],
    )
    assert pod(affinity=affinity)["affinity"] == {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {
                        "matchExpressions": [
                            {"key": "zone", "operator": "In", "values": ["a", "b"]},
                            {"key": "gpu", "operator": "Exists"},
                        ]
                    }
                ]
            },
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 5,
                    "preference": {"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["8"]}]},
                }
            ],
        }
    }


def test_affinity_to_pods() -> None:
    affinity = Affinity(
        near=[Neighbours(labels={"app": "cache"}, topology_key="topology.kubernetes.io/zone", required=True)],
        apart=[Neighbours(), Neighbours(labels={"app": "batch"}, weight=1)],
    )
    assert pod(affinity=affinity)["affinity"] == {
        "podAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"labelSelector": {"matchLabels": {"app": "cache"}}, "topologyKey": "topology.kubernetes.io/zone"}
            ]
        },
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 100, "podAffinityTerm": {**OWN, "topologyKey": "kubernetes.io/hostname"}},
                {
                    "weight": 1,
                    "podAffinityTerm": {
                        "labelSelector": {"matchLabels": {"app": "batch"}},
                        "topologyKey": "kubernetes.io/hostname",
                    },
                },
            ]
        },
    }


def test_an_affinity_that_says_nothing_is_none() -> None:
    assert "affinity" not in pod(affinity=Affinity())


def test_images_are_got_with_secrets_that_come_first() -> None:
    workload = Service(
        containers={"web": Container(image="shop:1")},
        image_pull_secrets=["registry"],
        secrets={"registry": SecretSpec(type="token")},
    )
    made = compile_app(AppConfiguration(name="shop", workload=workload)).spec[DEPLOYMENT]
    assert made.attributes["spec"]["template"]["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    assert "v1:Secret:test:registry" in made.depends_on


@pytest.mark.parametrize("seconds", [0, 90])
def test_how_long_containers_have_to_stop(seconds: int) -> None:
    assert pod(termination_grace_period_seconds=seconds)["terminationGracePeriodSeconds"] == seconds


def test_the_platform_says_where_pods_run() -> None:
    workspace = """
    modules:
      service:
        configs:
          default:
            imagePullSecrets: [registry, mirror]
            nodeSelector: {pool: apps, arch: amd64}
            tolerations: [{key: pool, value: apps}, {key: spot, effect: NoExecute, seconds: 60}]
    """
    made = pod(
        workspace,
        image_pull_secrets=["own", "registry"],
        node_selector={"arch": "arm64"},
        tolerations=[Toleration(key="pool", value="apps")],
    )
    assert [each["name"] for each in made["imagePullSecrets"]] == ["own", "registry", "mirror"]
    assert made["nodeSelector"] == {"pool": "apps", "arch": "arm64"}
    assert made["tolerations"] == [
        {"key": "pool", "operator": "Equal", "value": "apps"},
        {"key": "spot", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60},
    ]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: pod(node_selector={"a b": "c"}), "node_selector"),
        (lambda: pod(image_pull_secrets=["Registry"]), "image_pull_secrets[0]: 'Registry' is no name"),
        (lambda: pod(termination_grace_period_seconds=-1), "termination_grace_period_seconds: "),
        (lambda: Toleration(value="a"), "a value is that of a key"),
        (lambda: Toleration(key="a", seconds=1), "seconds go with the effect NoExecute only"),
        (lambda: Toleration(key="a", value="#"), "value: '#' is no value of a label"),
        (lambda: NodeRequirement(key="a", operator="In"), "values go with the operators"),
        (lambda: NodeRequirement(key="a", operator="Exists", values=["b"]), "values go with the operators"),
        (lambda: NodeRequirement(key="a", operator="Gt", values=["b"]), "Gt compares with one whole number"),
        (lambda: NodeRequirement(key="a", operator="Lt", values=["1", "2"]), "Lt compares with one whole number"),
        (lambda: NodePreference(nodes=[]), "nodes: "),
        (lambda: Neighbours(weight=101), "weight: "),
        (lambda: Neighbours(weight=0), "weight: "),
    ],
)
def test_what_is_not_valid_is_refused_where_it_is_written(build: Callable[[], object], message: str) -> None:
    assert message in refusal(build)
