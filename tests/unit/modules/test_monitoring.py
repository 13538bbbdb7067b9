"""How Prometheus finds metrics."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.errors import AppError, CompileError, WorkspaceError
from kusion_job import Job
from kusion_monitoring import Prometheus
from kusion_network import Network, Port
from kusion_postgres import Postgres
from kusion_service import Container, Service

Manifests = Callable[..., dict[str, Any]]
WORKLOAD = Service(containers={"web": Container(image="x")})
DEPLOYMENT = "apps/v1:Deployment:shop:shop-dev-shop"
PRIVATE = "v1:Service:shop:shop-dev-shop-private"
SERVICE_MONITOR = "monitoring.coreos.com/v1:ServiceMonitor:shop:shop-dev-shop-service-monitor"
POD_MONITOR = "monitoring.coreos.com/v1:PodMonitor:shop:shop-dev-shop-pod-monitor"
SELECTOR = {"kusion_monitoring_appname": "shop"}


def policy(**fields: object) -> Mapping[str, Mapping[str, Any]]:
    return {"monitoring": fields}


def selected(monitor: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a monitor finds an object with ``labels``."""
    return bool(monitor["spec"]["selector"]["matchLabels"].items() <= labels.items())


def test_without_the_operator_the_pods_say_where_their_metrics_are(manifests: Manifests) -> None:
    found = manifests(WORKLOAD, monitoring=Prometheus(path="/stats", port="9090"), network=Network(ports=[Port()]))
    annotations = {
        "prometheus.io/scrape": "true",
        "prometheus.io/path": "/stats",
        "prometheus.io/port": "9090",
        "prometheus.io/scheme": "http",
    }
    assert found[DEPLOYMENT]["metadata"]["annotations"] == annotations
    assert found[DEPLOYMENT]["spec"]["template"]["metadata"]["annotations"] == annotations
    assert "annotations" not in found[PRIVATE]["metadata"], "pods and their Service, and all would be scraped twice"
    assert "ServiceMonitor" not in str(found)


def test_what_is_not_given_is_left_to_prometheus(manifests: Manifests) -> None:
    found = manifests(WORKLOAD, policies=policy(scheme="https"), monitoring=Prometheus())
    assert found[DEPLOYMENT]["spec"]["template"]["metadata"]["annotations"] == {
        "prometheus.io/scrape": "true",
        "prometheus.io/scheme": "https",
    }


def test_a_service_monitor_finds_the_services_of_the_workload(manifests: Manifests) -> None:
    found = manifests(
        WORKLOAD,
        policies=policy(operatorMode=True, interval="1m", timeout="5s", scheme="https"),
        monitoring=Prometheus(path="/stats", port="web"),
        network=Network(ports=[Port(), Port(port=81, public=True)]),
        postgres=Postgres(version="16"),
    )
    assert found[SERVICE_MONITOR] == {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {"name": "shop-dev-shop-service-monitor", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": SELECTOR},
            "endpoints": [
                {
                    "bearerTokenSecret": {"key": ""},
                    "interval": "1m",
                    "scrapeTimeout": "5s",
                    "path": "/stats",
                    "port": "web",
                    "scheme": "https",
                }
            ],
        },
    }
    services = {id: each for id, each in found.items() if each.get("kind") == "Service"}
    monitored = [id for id, each in services.items() if selected(found[SERVICE_MONITOR], each["metadata"]["labels"])]
    assert sorted(monitored) == [PRIVATE, PRIVATE.replace("private", "public")]
    assert len(services) == 3, "the database's Service leads elsewhere"
    assert "annotations" not in found[DEPLOYMENT]["metadata"]
    assert found[DEPLOYMENT]["metadata"]["labels"].items() >= SELECTOR.items()
    assert "kusion_monitoring_appname" not in found[DEPLOYMENT]["spec"]["selector"]["matchLabels"]


def test_a_pod_monitor_finds_the_pods(manifests: Manifests) -> None:
    found = manifests(
        WORKLOAD,
        policies=policy(operatorMode=True, monitorType="Pod"),
        monitoring=Prometheus(path="/metrics", port="web"),
        network=Network(ports=[Port()]),
    )
    endpoint = {"path": "/metrics", "port": "web", "scheme": "http", "interval": "30s", "scrapeTimeout": "15s"}
    assert found[POD_MONITOR]["spec"] == {
        "selector": {"matchLabels": SELECTOR},
        "podMetricsEndpoints": [{"bearerTokenSecret": {"key": ""}, **endpoint}],
    }
    assert selected(found[POD_MONITOR], found[DEPLOYMENT]["spec"]["template"]["metadata"]["labels"])
    assert "kusion_monitoring_appname" not in found[PRIVATE]["metadata"]["labels"]


def test_a_pod_monitor_finds_the_pods_of_a_cron_job(manifests: Manifests) -> None:
    workload = Job(containers={"main": Container(image="x")}, schedule="@daily")
    found = manifests(workload, policies=policy(operatorMode=True, monitorType="Pod"), monitoring=Prometheus())
    template = found["batch/v1:CronJob:shop:shop-dev-shop"]["spec"]["jobTemplate"]["spec"]["template"]
    assert selected(found[POD_MONITOR], template["metadata"]["labels"])


@pytest.mark.parametrize("kind", ["Service", "Pod"])
def test_a_number_is_a_port_of_the_containers(manifests: Manifests, kind: str) -> None:
    found = manifests(
        WORKLOAD,
        policies=policy(operatorMode=True, monitorType=kind),
        monitoring=Prometheus(port="9090"),
        network=Network(ports=[Port()]),
    )
    spec = (found.get(SERVICE_MONITOR) or found[POD_MONITOR])["spec"]
    [endpoint] = spec.get("endpoints") or spec["podMetricsEndpoints"]
    assert endpoint["targetPort"] == 9090
    assert "port" not in endpoint


def test_a_service_monitor_that_would_find_nothing_is_warned_of(compile_apps: Callable[..., Compiled]) -> None:
    app = AppConfiguration(name="shop", workload=WORKLOAD, accessories={"monitoring": Prometheus()})
    [warning] = compile_apps(app, monitoring={"operatorMode": True}).warnings
    assert "labels the Services that lead to apps/v1:Deployment:shop:shop-dev-shop, and there are none" in str(warning)
    assert compile_apps(app, monitoring={"operatorMode": True, "monitorType": "Pod"}).warnings == ()


def test_an_author_who_sets_an_annotation_wins(manifests: Manifests) -> None:
    workload = WORKLOAD.override(annotations={"prometheus.io/scrape": "false"})
    annotations = manifests(workload, monitoring=Prometheus())[DEPLOYMENT]["metadata"]["annotations"]
    assert annotations["prometheus.io/scrape"] == "false"


def test_two_that_disagree_about_the_same_pods_are_refused(manifests: Manifests) -> None:
    with pytest.raises(CompileError, match=r"annotation 'prometheus.io/port' to different values"):
        manifests(WORKLOAD, one=Prometheus(port="1"), two=Prometheus(port="2"))


def test_two_monitors_have_names_of_their_own(manifests: Manifests) -> None:
    found = manifests(
        WORKLOAD, policies=policy(operatorMode=True), monitoring=Prometheus(port="a"), slow=Prometheus(port="b")
    )
    assert {SERVICE_MONITOR, SERVICE_MONITOR.replace("-service-", "-slow-service-")} <= set(found)


def test_there_must_be_a_workload(manifests: Manifests) -> None:
    with pytest.raises(CompileError, match="there is no workload whose metrics"):
        manifests(monitoring=Prometheus())


@pytest.mark.parametrize("duration", ["30s", "1m30s", "2h", "1500ms", "1h0m1s1ms"])
def test_durations(manifests: Manifests, duration: str) -> None:
    found = manifests(
        WORKLOAD,
        policies=policy(operatorMode=True, interval="3h", timeout=duration),
        monitoring=Prometheus(),
        network=Network(ports=[Port()]),
    )
    assert found[SERVICE_MONITOR]["spec"]["endpoints"][0]["scrapeTimeout"] == duration


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"interval": "15s", "timeout": "30s"}, "timeout: the timeout, 30s, cannot be greater than the interval, 15s"),
        ({"interval": "10s"}, "timeout: the timeout, 15s, cannot be greater than the interval, 10s"),
        ({"timeout": "31000ms"}, "cannot be greater than the interval, 30s"),
        ({"interval": "1.5m"}, "interval: '1.5m' is no duration"),
        ({"interval": "1d"}, "is no duration"),
        ({"interval": "0s"}, "is no duration"),
        ({"interval": ""}, "is no duration"),
        ({"interval": "1s1m"}, "is no duration"),
        ({"interval": 30}, "interval: Input should be a valid string"),
        ({"monitorType": "Node"}, "monitorType: Input should be 'Service' or 'Pod'"),
        ({"scheme": "ftp"}, "scheme: Input should be 'http' or 'https'"),
        ({"port": "web"}, "port: unknown field"),
    ],
)
def test_what_the_platform_sets_is_checked(manifests: Manifests, fields: dict[str, object], message: str) -> None:
    with pytest.raises(WorkspaceError) as caught:
        manifests(WORKLOAD, policies=policy(**fields), monitoring=Prometheus())
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"path": "metrics"}, "path: must begin with '/'"),
        ({"port": "Web_1"}, "port: 'Web_1' is not a DNS label"),
        ({"port": "0"}, "port: '0' is no number of a port"),
        ({"port": "65536"}, "port: '65536' is no number of a port"),
    ],
)
def test_what_is_not_valid_is_refused_where_it_is_written(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(AppError) as caught:
        Prometheus(**fields)
    assert message in str(caught.value)
