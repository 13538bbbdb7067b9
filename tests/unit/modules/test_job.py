"""What runs to its end."""

from collections.abc import Callable
from typing import Any

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.errors import AppError, WorkspaceError
from kusion_job import Container, ExecHook, ExecProbe, FileSpec, Job, Lifecycle, SecretSpec
from kusion_network import Network, Port
from kusion_postgres import Postgres

Manifests = Callable[..., dict[str, Any]]
APP_LABELS = {"app.kubernetes.io/name": "shop", "app.kubernetes.io/part-of": "shop"}
JOB = Job(containers={"main": Container(image="busybox", command=["true"])})
ONCE = "batch/v1:Job:shop:shop-dev-shop"
AGAIN = "batch/v1:CronJob:shop:shop-dev-shop"


def test_without_a_schedule_it_runs_once(manifests: Manifests) -> None:
    workload = JOB.override(labels={"team": "shop"}, annotations={"note": "a"})
    metadata = {"labels": {**APP_LABELS, "team": "shop"}, "annotations": {"note": "a"}}
    container = {"name": "main", "image": "busybox", "command": ["true"]}
    assert manifests(workload)[ONCE] == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "shop-dev-shop", "namespace": "shop", **metadata},
        "spec": {"template": {"metadata": metadata, "spec": {"containers": [container], "restartPolicy": "Never"}}},
    }


def test_with_a_schedule_it_runs_again_and_again(manifests: Manifests) -> None:
    found = manifests(JOB.override(schedule="0 3 * * *"))
    assert ONCE not in found
    assert found[AGAIN]["metadata"] == {"name": "shop-dev-shop", "namespace": "shop", "labels": APP_LABELS}
    assert found[AGAIN]["spec"] == {
        "schedule": "0 3 * * *",
        "jobTemplate": {"spec": manifests(JOB)[ONCE]["spec"]},
    }


def test_it_is_the_workload(compile_apps: Callable[..., Compiled]) -> None:
    spec = compile_apps(AppConfiguration(name="shop", workload=JOB)).spec
    assert [resource.id for resource in spec.resources if resource.workload] == [ONCE]


def test_probes_and_hooks_are_a_containers_whatever_starts_it(manifests: Manifests) -> None:
    container = Container(
        image="busybox",
        liveness_probe=ExecProbe(command=["true"]),
        readiness_probe=ExecProbe(command=["true"]),
        startup_probe=ExecProbe(command=["true"], failure_threshold=30),
        lifecycle=Lifecycle(pre_stop=ExecHook(command=["sync"])),
    )
    made = manifests(Job(containers={"main": container}))[ONCE]["spec"]["template"]["spec"]["containers"][0]
    assert made["livenessProbe"] == made["readinessProbe"] == {"exec": {"command": ["true"]}}
    assert made["startupProbe"] == {"exec": {"command": ["true"]}, "failureThreshold": 30}
    assert made["lifecycle"] == {"preStop": {"exec": {"command": ["sync"]}}}


@pytest.mark.parametrize("schedule", ["", "@daily"])
def test_accessories_reach_its_pods(manifests: Manifests, schedule: str) -> None:
    found = manifests(JOB.override(schedule=schedule), postgres=Postgres(version="16"))
    spec = found[AGAIN]["spec"]["jobTemplate"]["spec"] if schedule else found[ONCE]["spec"]
    names = [entry["name"] for entry in spec["template"]["spec"]["containers"][0]["env"]]
    assert sorted(names) == [f"KUSION_DB_{what}_SHOP_DEV_SHOP_POSTGRES" for what in ("HOST", "PASSWORD", "USERNAME")]


def test_a_cron_job_comes_after_what_its_pods_use(compile_apps: Callable[..., Compiled]) -> None:
    container = Container(image="x", files={"/etc/app/config": FileSpec(content="a")})
    app = AppConfiguration(name="shop", workload=Job(containers={"main": container}, schedule="@hourly"))
    config_map = "v1:ConfigMap:shop:shop-dev-shop-main-0"
    assert config_map in compile_apps(app).spec[AGAIN].depends_on


def test_it_declares_secrets(manifests: Manifests) -> None:
    assert "v1:Secret:shop:token" in manifests(JOB.override(secrets={"token": SecretSpec(type="token")}))


def test_it_may_have_ports(manifests: Manifests) -> None:
    found = manifests(JOB.override(labels={"team": "a"}), network=Network(ports=[Port()]))
    assert found["v1:Service:shop:shop-dev-shop-private"]["metadata"]["labels"] == {**APP_LABELS, "team": "a"}


def test_the_platform_adds_labels_and_annotations(manifests: Manifests) -> None:
    policy = {"labels": {"tier": "gold", "team": "x"}, "annotations": {"owner": "web"}, "replicas": 3}
    found = manifests(JOB.override(labels={"team": "shop"}), policies={"job": policy})
    metadata = found[ONCE]["spec"]["template"]["metadata"]
    assert metadata == {
        "labels": {**APP_LABELS, "tier": "gold", "team": "shop"},
        "annotations": {"owner": "web"},
    }
    assert found[ONCE]["metadata"] == {"name": "shop-dev-shop", "namespace": "shop", **metadata}
    assert "replicas" not in str(found[ONCE])


def test_the_platform_is_told_what_it_cannot_set(manifests: Manifests) -> None:
    with pytest.raises(WorkspaceError, match="replicas: Input should be greater than or equal to 0"):
        manifests(JOB, policies={"job": {"replicas": -1}})
    with pytest.raises(WorkspaceError, match="schedule: unknown field"):
        manifests(JOB, policies={"job": {"schedule": "@daily"}})


def test_names_leave_room_for_those_of_the_runs(compile_apps: Callable[..., Compiled]) -> None:
    def name(workload: Job) -> str:
        spec = compile_apps(AppConfiguration(name="a" * 60, workload=workload)).spec
        [found] = [resource for resource in spec.resources if resource.workload]
        return str(found.attributes["metadata"]["name"])

    assert len(name(JOB)) == 63
    assert len(name(JOB.override(schedule="@daily"))) == 52


@pytest.mark.parametrize(
    "schedule",
    [
        "* * * * *",
        "*/5 0-6,12 1,15 jan-mar MON-fri",
        "0 9 ? * 1-5/2",
        "7/15 * * * *",
        "@hourly",
        "@midnight",
        "@every 1h30m",
        "@every 1.5h",
    ],
)
def test_schedules(schedule: str) -> None:
    assert JOB.override(schedule=schedule).schedule == schedule


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("daily", "'daily' has 1 fields"),
        ("0 3 * *", "has 4 fields"),
        ("0 0 3 * * *", "has 6 fields"),
        ("60 * * * *", "'60' is no minute: it is 0 to 59"),
        ("* 24 * * *", "'24' is no hour"),
        ("* * 0 * *", "'0' is no day of the month: it is 1 to 31"),
        ("* * * 13 *", "'13' is no month"),
        ("* * * may2 *", "'may2' is no month"),
        ("* * * * 7", "'7' is no day of the week: it is 0 to 6, or sun/mon/"),
        ("5-1 * * * *", "'5-1' begins after its end"),
        ("*/0 * * * *", "the step of '*/0' is 0"),
        ("*-5 * * * *", "'*-5' is no minute"),
        ("1, * * * *", "'' is no minute"),
        ("@weekday", "'@weekday' is no name of a schedule"),
        ("@every soon", "is no name of a schedule"),
        ("TZ=UTC 0 3 * * *", "no time zone"),
        ("CRON_TZ=UTC 0 3 * * *", "no time zone"),
    ],
)
def test_what_is_no_schedule_is_refused_where_it_is_written(schedule: str, message: str) -> None:
    with pytest.raises(AppError) as caught:
        Job(containers={"main": Container(image="x")}, schedule=schedule)
    assert message in str(caught.value)
