"""What a Service becomes."""

from collections.abc import Callable
from typing import Any

import pytest

from kusion_dsl import AppConfiguration, Secret, secret_ref
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.errors import AppError, CompileError, WorkspaceError
from kusion_service import (
    Container,
    ExecHook,
    ExecProbe,
    FileSpec,
    HttpHook,
    HttpProbe,
    LabelSelector,
    LabelSelectorRequirement,
    Lifecycle,
    SecretSpec,
    Service,
    TcpProbe,
    TopologySpreadConstraint,
)

Manifests = Callable[..., dict[str, Any]]
DEPLOYMENT = "apps/v1:Deployment:shop:shop-dev-shop"
APP_LABELS = {"app.kubernetes.io/name": "shop", "app.kubernetes.io/part-of": "shop"}


def service(**container: Any) -> Service:
    return Service(containers={"web": Container(image="shop:1", **container)})


@pytest.fixture
def container(manifests: Manifests) -> Callable[..., dict[str, Any]]:
    """The manifest of a container with these fields."""

    def container(**fields: Any) -> dict[str, Any]:
        found: dict[str, Any] = manifests(service(**fields))[DEPLOYMENT]["spec"]["template"]["spec"]["containers"][0]
        return found

    return container


def test_is_a_deployment_whose_pods_its_labels_select(manifests: Manifests) -> None:
    deployment = manifests(Service(containers={"web": Container(image="shop:1")}, replicas=2))[DEPLOYMENT]
    assert deployment == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop-dev-shop", "namespace": "shop", "labels": APP_LABELS},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": APP_LABELS},
            "template": {
                "metadata": {"labels": APP_LABELS},
                "spec": {"containers": [{"name": "web", "image": "shop:1"}]},
            },
        },
    }


def test_is_marked_as_the_workload_also_beside_config_maps(compile_apps: Callable[..., Compiled]) -> None:
    app = AppConfiguration(name="shop", workload=service(files={"/etc/a": FileSpec(content="x")}))
    spec = compile_apps(app).spec
    assert [resource.id for resource in spec.resources if resource.workload] == [DEPLOYMENT]


def test_the_platform_makes_it_a_collaset(manifests: Manifests) -> None:
    found = manifests(service(), policies={"service": {"type": "CollaSet"}})
    collaset = found["apps.kusionstack.io/v1alpha1:CollaSet:shop:shop-dev-shop"]
    assert collaset["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:1"


def test_the_platform_cannot_make_it_something_else(manifests: Manifests) -> None:
    with pytest.raises(WorkspaceError, match="type: Input should be 'Deployment' or 'CollaSet'"):
        manifests(service(), policies={"service": {"type": "StatefulSet"}})


def test_developers_do_not_choose_the_kind() -> None:
    with pytest.raises(AppError, match="type: unknown field"):
        Service(containers={"web": Container(image="x")}, type="CollaSet")  # type: ignore[call-arg]


def test_the_developer_wins_over_the_platform_key_by_key(manifests: Manifests) -> None:
    workload = Service(
        containers={"web": Container(image="x")}, replicas=2, labels={"team": "shop"}, annotations={"a": "dev"}
    )
    policy = {"replicas": 5, "labels": {"team": "platform", "tier": "gold"}, "annotations": {"b": "platform"}}
    deployment = manifests(workload, policies={"service": policy})[DEPLOYMENT]
    assert deployment["spec"]["replicas"] == 2
    for metadata in (deployment["metadata"], deployment["spec"]["template"]["metadata"]):
        assert metadata["labels"] == {**APP_LABELS, "team": "shop", "tier": "gold"}
        assert metadata["annotations"] == {"a": "dev", "b": "platform"}


def test_the_platform_decides_what_the_developer_leaves_open(manifests: Manifests) -> None:
    assert manifests(service(), policies={"service": {"replicas": 5}})[DEPLOYMENT]["spec"]["replicas"] == 5


def test_labels_that_select_pods_are_nobodys_to_set(manifests: Manifests) -> None:
    with pytest.raises(AppError, match="cannot be set"):
        Service(containers={"web": Container(image="x")}, labels={"app.kubernetes.io/name": "other"})
    with pytest.raises(WorkspaceError, match="cannot be set"):
        manifests(service(), policies={"service": {"labels": {"app.kubernetes.io/part-of": "other"}}})


def test_containers_are_in_order_of_their_names(manifests: Manifests) -> None:
    workload = Service(containers={"web": Container(image="w"), "agent": Container(image="a")})
    containers = manifests(workload)[DEPLOYMENT]["spec"]["template"]["spec"]["containers"]
    assert [each["name"] for each in containers] == ["agent", "web"]


def test_a_container_has_what_its_author_says(container: Callable[..., dict[str, Any]]) -> None:
    found = container(command=["run"], args=["--fast"], working_dir="/srv", env={"B": "$(A)", "A": "${HOME}"})
    assert (found["command"], found["args"], found["workingDir"]) == (["run"], ["--fast"], "/srv")
    assert found["env"] == [{"name": "A", "value": "$${HOME}"}, {"name": "B", "value": "$(A)"}]


def test_a_secret_ref_reads_a_kubernetes_secret(container: Callable[..., dict[str, Any]]) -> None:
    found = container(env={"TOKEN": secret_ref("github", key="token")})
    assert found["env"] == [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "github", "key": "token"}}}]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"resources": {"cpu": "0.5", "memory": "1024Mi"}}, {"limits": {"cpu": "500m", "memory": "1Gi"}}),
        ({"resources": {"cpu": "500m-1"}}, {"requests": {"cpu": "500m"}, "limits": {"cpu": "1"}}),
        ({"requests": {"cpu": "250m"}}, {"requests": {"cpu": "250m"}}),
        (
            {"resources": {"cpu": "1-2", "memory": "1Gi"}, "requests": {"memory": "512Mi", "nvidia.com/gpu": "1"}},
            {
                "requests": {"cpu": "1", "memory": "512Mi", "nvidia.com/gpu": "1"},
                "limits": {"cpu": "2", "memory": "1Gi"},
            },
        ),
    ],
)
def test_requests_and_limits(
    container: Callable[..., dict[str, Any]], fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert container(**fields)["resources"] == expected


def test_probes(container: Callable[..., dict[str, Any]]) -> None:
    found = container(
        liveness_probe=ExecProbe(command=["true"], period_seconds=5, termination_grace_period_seconds=30),
        readiness_probe=HttpProbe(path="/healthz", port=8080, headers={"X-Probe": "1"}, success_threshold=2),
        startup_probe=TcpProbe(port=5432, initial_delay_seconds=0, failure_threshold=30, timeout_seconds=2),
    )
    assert found["livenessProbe"] == {
        "exec": {"command": ["true"]},
        "periodSeconds": 5,
        "terminationGracePeriodSeconds": 30,
    }
    headers = [{"name": "X-Probe", "value": "1"}]
    http = {"path": "/healthz", "port": 8080, "scheme": "HTTP", "httpHeaders": headers}
    assert found["readinessProbe"] == {"httpGet": http, "successThreshold": 2}
    assert found["startupProbe"] == {"tcpSocket": {"port": 5432}, "failureThreshold": 30, "timeoutSeconds": 2}


@pytest.mark.parametrize(("scheme", "port"), [("HTTP", 80), ("HTTPS", 443)])
def test_an_http_probe_without_a_port_asks_the_one_of_its_scheme(
    container: Callable[..., dict[str, Any]], scheme: str, port: int
) -> None:
    probe = HttpProbe.model_validate({"scheme": scheme, "host": "other.example"})
    expected = {"port": port, "scheme": scheme, "host": "other.example"}
    assert container(readiness_probe=probe)["readinessProbe"]["httpGet"] == expected


def test_lifecycle(container: Callable[..., dict[str, Any]]) -> None:
    hooks = Lifecycle(post_start=HttpHook(path="/warm", port=8080), pre_stop=ExecHook(command=["sleep", "5"]))
    assert container(lifecycle=hooks)["lifecycle"] == {
        "postStart": {"httpGet": {"path": "/warm", "port": 8080, "scheme": "HTTP"}},
        "preStop": {"exec": {"command": ["sleep", "5"]}},
    }


def test_pods_are_spread(manifests: Manifests) -> None:
    workload = Service(
        containers={"web": Container(image="x")},
        topology_spread_constraints={
            "zones": TopologySpreadConstraint(
                max_skew=1,
                topology_key="topology.kubernetes.io/zone",
                when_unsatisfiable="DoNotSchedule",
                label_selector=LabelSelector(
                    match_labels={"tier": "web"},
                    match_expressions=[LabelSelectorRequirement(key="env", operator="In", values=["prod"])],
                ),
                match_label_keys=["pod-template-hash"],
                min_domains=2,
                node_taints_policy="Honor",
            ),
            "nodes": TopologySpreadConstraint(
                max_skew=2, topology_key="kubernetes.io/hostname", when_unsatisfiable="ScheduleAnyway"
            ),
        },
    )
    assert manifests(workload)[DEPLOYMENT]["spec"]["template"]["spec"]["topologySpreadConstraints"] == [
        {"maxSkew": 2, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"},
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {
                "matchLabels": {"tier": "web"},
                "matchExpressions": [{"key": "env", "operator": "In", "values": ["prod"]}],
            },
            "matchLabelKeys": ["pod-template-hash"],
            "minDomains": 2,
            "nodeTaintsPolicy": "Honor",
        },
    ]


def test_a_secret_in_arguments_is_refused(manifests: Manifests) -> None:
    with pytest.raises(CompileError, match="a secret would be readable"):
        manifests(service(args=[f"--key={Secret('stripe')}"]))


def test_one_variable_of_one_container_changes_alone(manifests: Manifests) -> None:
    base = Service(containers={"web": Container(image="shop:1", env={"A": "1", "B": "2"})}, replicas=2)
    changed = base.override(containers={"web": {"env": {"B": "3", "A": None}}})
    deployment = manifests(changed)[DEPLOYMENT]
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "B", "value": "3"}]


def test_long_names_are_shortened_where_labels_are_needed(compile_apps: Callable[..., Compiled]) -> None:
    app = AppConfiguration(name="a" * 60, workload=service(files={"/etc/a": FileSpec(content="x")}))
    names = {resource.attributes["metadata"]["name"] for resource in compile_apps(app).spec.resources}
    assert max(map(len, names)) <= 63
    assert len(names) == 3


def test_declared_secrets_come_before_the_workload(compile_apps: Callable[..., Compiled]) -> None:
    workload = Service(
        containers={"web": Container(image="x", env={"T": secret_ref("tok", key="token")})},
        secrets={"tok": SecretSpec(type="token", data={"token": Secret("store")})},
    )
    spec = compile_apps(AppConfiguration(name="shop", workload=workload)).spec
    assert "v1:Secret:shop:tok" in spec[DEPLOYMENT].depends_on
