"""A service and a job with most of what a pod can have, as they are made of a few lines."""

from __future__ import annotations

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.model.load_session import LoadSession, load_session
from kusion_dsl.testing import compile_app
from kusion_dsl.testing.golden import Golden
from kusion_job import Job
from kusion_postgres import Postgres
from kusion_service import (
    RESTRICTED,
    Affinity,
    Claim,
    ConfigMapVolume,
    Container,
    ContainerPort,
    EmptyDir,
    EnvFrom,
    FileSpec,
    HttpHook,
    HttpProbe,
    InitContainer,
    Lifecycle,
    Mount,
    Neighbours,
    NodeRequirement,
    SecretSpec,
    SecretVolume,
    SecurityContext,
    Service,
    ServiceAccount,
    Sidecar,
    TcpProbe,
    Toleration,
)


class Shop(AppConfiguration):
    database = Postgres(version="16")
    workload = Service(
        containers={
            "web": Container(
                image="ghcr.io/acme/shop:1.4.2",
                ports={"http": 8080},
                env={"DATABASE_URL": database.url},
                env_from=[EnvFrom(secret="keys"), EnvFrom(config_map="flags", prefix="FLAG_", optional=True)],
                files={"/etc/shop/config.yaml": FileSpec(content="currency: EUR\n")},
                mounts={
                    "/tmp": "tmp",
                    "/data": "data",
                    "/data/old": Mount(volume="data", sub_path="old", read_only=True),
                },
                readiness_probe=HttpProbe(path="/healthz", port="http"),
            ),
        },
        init_containers={
            "proxy": Sidecar(
                image="proxy:2",
                ports={"dns": ContainerPort(port=53, protocol="UDP")},
                mounts={"/etc/proxy": "routes", "/etc/tls": "tls"},
                security=SecurityContext(add_capabilities=["NET_BIND_SERVICE"]),
                startup_probe=TcpProbe(port=8000),
            ),
            "migrate": InitContainer(image="ghcr.io/acme/shop:1.4.2", args=["migrate"], env={"URL": database.url}),
        },
        volumes={
            "tmp": EmptyDir(size="64Mi"),
            "data": Claim(size="10Gi", retain=True),
            "routes": ConfigMapVolume(data={"default": "db:5432"}),
            "tls": SecretVolume(name="keys", mode="0400"),
        },
        secrets={"keys": SecretSpec(type="token")},
        security=RESTRICTED.override(run_as_user=1000, fs_group=1000),
        service_account=ServiceAccount(annotations={"acme.example/role": "shop"}),
        automount_service_account_token=False,
        image_pull_secrets=["ghcr"],
        node_selector={"kubernetes.io/arch": "arm64"},
        tolerations=[Toleration(key="spot", effect="NoSchedule")],
        affinity=Affinity(apart=[Neighbours()]),
        termination_grace_period_seconds=60,
    )


class Cleanup(AppConfiguration):
    workload = Job(
        containers={"main": Container(image="ghcr.io/acme/cleanup:1.0", mounts={"/work": "work"})},
        init_containers={"proxy": Sidecar(image="proxy:2")},
        volumes={"work": EmptyDir()},
        security="restricted",
        schedule="0 3 * * *",
        time_zone="Europe/Berlin",
        concurrency_policy="Forbid",
        successful_jobs_history_limit=1,
        failed_jobs_history_limit=2,
        restart_policy="OnFailure",
        backoff_limit=3,
        active_deadline_seconds=3600,
        completions=2,
        parallelism=2,
        ttl_seconds_after_finished=86400,
        suspend=False,
    )


@pytest.mark.parametrize("app", [Shop, Cleanup], ids=["pod-of-a-service", "pod-of-a-job"])
def test_pods(app: type[AppConfiguration], golden: Golden, request: pytest.FixtureRequest) -> None:
    golden(compile_app(app), name=request.node.callspec.id)


def test_parts_that_are_not_valid_are_each_told_once_while_a_file_is_loaded() -> None:
    with load_session(LoadSession()) as session:
        Service(
            containers={
                "web": Container(
                    image="x",
                    ports={"http": ContainerPort(port=0)},
                    env_from=[EnvFrom()],
                    files={"/a/b": FileSpec()},
                    mounts={"/c": Mount(volume="D")},
                    security=SecurityContext(run_as_user=-1),
                    lifecycle=Lifecycle(pre_stop=HttpHook(port="-")),
                ),
            },
            init_containers={"first": InitContainer(image=""), "beside": Sidecar(image="")},
            volumes={"data": Claim(size="x"), "settings": ConfigMapVolume()},
            security=SecurityContext(run_as_user=0, run_as_non_root=True),
            tolerations=[Toleration(value="a")],
            affinity=Affinity(nodes=[NodeRequirement(key="a", operator="In")], apart=[Neighbours(weight=0)]),
        )
    assert [found.component for found in session.invalid] == [
        "ContainerPort",
        "EnvFrom",
        "FileSpec",
        "Mount",
        "SecurityContext",
        "HttpHook",
        "InitContainer",
        "Sidecar",
        "Claim",
        "ConfigMapVolume",
        "SecurityContext",
        "Toleration",
        "NodeRequirement",
        "Neighbours",
    ]
