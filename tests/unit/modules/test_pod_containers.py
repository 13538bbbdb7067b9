"""Init containers, sidecars, named ports and whole Secrets as variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl import AppConfiguration
from kusion_dsl.errors import AppError
from kusion_dsl.testing import compile_app
from kusion_job import Job
from kusion_postgres import Postgres
from kusion_service import (
    Container,
    ContainerPort,
    EnvFrom,
    ExecProbe,
    HttpHook,
    HttpProbe,
    InitContainer,
    Lifecycle,
    SecretSpec,
    Service,
    Sidecar,
    TcpProbe,
)

WEB = Container(image="shop:1")
DEPLOYMENT = "apps/v1:Deployment:test:test-dev-shop"


def pod(workload: Service | Job, **accessories: Any) -> dict[str, Any]:
    """The pod of a workload, as Kubernetes' own schemas allow it."""
    spec = compile_app(AppConfiguration(name="shop", workload=workload, accessories=accessories)).spec
    [found] = [each.to_json()["attributes"] for each in spec.resources if each.workload]
    made = found["spec"]["template"]["spec"]
    assert isinstance(made, dict)
    return made


def refusal(build: Callable[[], object]) -> str:
    """What the author is told, without the file and line."""
    with pytest.raises(AppError) as caught:
        build()
    return "\n".join(caught.value.problems[0].details)


def test_init_containers_are_started_in_the_order_in_which_they_are_written() -> None:
    first = {
        "wait": InitContainer(image="busybox:1", command=["sleep", "1"]),
        "proxy": Sidecar(image="proxy:1", startup_probe=ExecProbe(command=["true"])),
        "migrate": InitContainer(image="shop:1", args=["migrate"]),
    }
    made = pod(Service(containers={"web": WEB}, init_containers=first))
    assert made["initContainers"] == [
        {"name": "wait", "image": "busybox:1", "command": ["sleep", "1"]},
        {
            "name": "proxy",
            "image": "proxy:1",
            "startupProbe": {"exec": {"command": ["true"]}},
            "restartPolicy": "Always",
        },
        {"name": "migrate", "image": "shop:1", "args": ["migrate"]},
    ]
    assert made["containers"] == [{"name": "web", "image": "shop:1"}]


def test_a_job_may_have_sidecars() -> None:
    made = pod(Job(containers={"main": WEB}, init_containers={"proxy": Sidecar(image="proxy:1")}))
    assert made["initContainers"] == [{"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"}]
    assert made["restartPolicy"] == "Never"


def test_one_init_container_changes_alone() -> None:
    base = Service(
        containers={"web": WEB},
        init_containers={"a": InitContainer(image="a:1"), "b": Sidecar(image="b:1"), "c": InitContainer(image="c:1")},
    )
    changed = base.override(init_containers={"b": {"image": "b:2"}, "a": None})
    assert [(each["name"], each["image"], each.get("restartPolicy")) for each in pod(changed)["initContainers"]] == [
        ("b", "b:2", "Always"),
        ("c", "c:1", None),
    ]


def test_secrets_in_the_environment_of_an_init_container_are_lifted() -> None:
    database = Postgres(version="16")
    migrate = InitContainer(image="shop:1", env={"URL": database.url})
    made = pod(Service(containers={"web": WEB}, init_containers={"migrate": migrate}), database=database)
    assert {
        "name": "URL",
        "valueFrom": {"secretKeyRef": {"name": "test-dev-shop-env", "key": "migrate.URL"}},
    } in made["initContainers"][0]["env"]


def test_accessories_reach_init_containers() -> None:
    first = {
        "migrate": InitContainer(image="shop:1", env={"A": "1"}),
        "proxy": Sidecar(image="proxy:1"),
    }
    made = pod(Service(containers={"web": WEB}, init_containers=first), postgres=Postgres(version="16"))
    injected = [entry["name"] for entry in made["containers"][0]["env"]]
    assert len(injected) == 3
    assert [[entry["name"] for entry in each["env"]] for each in made["initContainers"]] == [[*injected, "A"], injected]


def test_an_init_container_has_what_containers_have_but_no_probes() -> None:
    names = set(Container.model_fields) - set(InitContainer.model_fields)
    assert names == {"liveness_probe", "readiness_probe", "startup_probe", "lifecycle"}
    assert "unknown field" in refusal(lambda: InitContainer(image="x", liveness_probe=ExecProbe(command=["true"])))  # type: ignore[call-arg]


def test_names_are_unique_in_a_pod() -> None:
    message = refusal(lambda: Service(containers={"web": WEB}, init_containers={"web": InitContainer(image="x")}))
    assert "init_containers.web has the name of one of the containers" in message
    ported = WEB.override(ports={"http": 8080})
    message = refusal(lambda: Service(containers={"a": ported, "b": ported.override(ports={"http": 9090})}))
    assert "containers.b has a port named 'http', and so has containers.a" in message


def test_ports_have_names_and_stand_in_order_of_them() -> None:
    ports = {"http": 8080, "dns": ContainerPort(port=53, protocol="UDP"), "dns-tcp": ContainerPort(port=53)}
    assert pod(Service(containers={"web": WEB.override(ports=ports)}))["containers"][0]["ports"] == [
        {"name": "dns", "containerPort": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
        {"name": "http", "containerPort": 8080, "protocol": "TCP"},
    ]


def test_probes_and_hooks_know_ports_by_name() -> None:
    container = Container(
        image="shop:1",
        ports={"http": 8080, "admin": 9090},
        readiness_probe=HttpProbe(path="/", port="http"),
        liveness_probe=TcpProbe(port="admin"),
        lifecycle=Lifecycle(pre_stop=HttpHook(path="/stop", port="admin")),
    )
    [made] = pod(Service(containers={"web": container}))["containers"]
    assert made["readinessProbe"]["httpGet"]["port"] == "http"
    assert made["livenessProbe"]["tcpSocket"]["port"] == "admin"
    assert made["lifecycle"]["preStop"]["httpGet"]["port"] == "admin"


@pytest.mark.parametrize(
    "fields",
    [
        {"readiness_probe": HttpProbe(port="htp")},
        {"startup_probe": TcpProbe(port="htp")},
        {"liveness_probe": HttpProbe(port="htp")},
        {"lifecycle": Lifecycle(post_start=HttpHook(port="htp"))},
        {"lifecycle": Lifecycle(pre_stop=HttpHook(port="htp"))},
    ],
)
def test_a_port_that_the_container_does_not_have_is_refused(fields: Mapping[str, Any]) -> None:
    assert "no port named 'htp'; its ports are http" in refusal(
        lambda: Container(image="x", ports={"http": 80}, **fields)
    )
    assert "no port named 'htp'; name it in ports=" in refusal(lambda: Container(image="x", **fields))


@pytest.mark.parametrize("name", ["", "HTTP", "80", "a_b", "-http", "http-", "a--b", "a" * 16, "a\n"])
def test_names_of_ports_are_those_of_services(name: str) -> None:
    assert "is no name of a port" in refusal(lambda: Container(image="x", ports={name: 80}))
    if name != "80":
        assert "port: " in refusal(lambda: HttpProbe(port=name))


@given(st.from_regex(r"[a-z0-9-]{1,16}", fullmatch=True))
def test_names_of_ports_are_taken_exactly_where_kubernetes_takes_them(name: str) -> None:
    """``IsValidPortName`` in apimachinery/pkg/util/validation, condition by condition."""
    valid = len(name) <= 15 and any(each.isalpha() for each in name) and "--" not in name and name.strip("-") == name
    try:
        Container(image="x", ports={name: 80})
    except AppError:
        assert not valid
    else:
        assert valid


def test_a_number_written_as_text_is_that_number() -> None:
    assert HttpProbe(port="8080").port == 8080


@pytest.mark.parametrize("port", ["0", "65536"])
def test_numbers_of_ports_have_their_bounds_as_text_too(port: str) -> None:
    assert "port: Input should be from 1 to 65535" in refusal(lambda: TcpProbe(port=port))


def test_ports_of_a_container_differ() -> None:
    assert "ports: 'b' has the number and protocol of another port" in refusal(
        lambda: Container(image="x", ports={"a": 80, "b": ContainerPort(port=80)})
    )


def test_whole_secrets_and_config_maps_are_variables() -> None:
    container = WEB.override(
        env={"A": "1"},
        env_from=[EnvFrom(secret="git", prefix="GIT_"), EnvFrom(config_map="settings", optional=True)],
    )
    app = AppConfiguration(
        name="shop", workload=Service(containers={"web": container}, secrets={"git": SecretSpec(type="token")})
    )
    made = compile_app(app).spec[DEPLOYMENT]
    assert made.attributes["spec"]["template"]["spec"]["containers"][0]["envFrom"] == [
        {"prefix": "GIT_", "secretRef": {"name": "git"}},
        {"configMapRef": {"name": "settings", "optional": True}},
    ]
    assert "v1:Secret:test:git" in made.depends_on


@pytest.mark.parametrize("fields", [{}, {"secret": "a", "config_map": "b"}])
def test_variables_come_from_one_place(fields: Mapping[str, str]) -> None:
    assert "either a secret or a config_map" in refusal(lambda: EnvFrom(**fields))  # type: ignore[arg-type]


def test_what_is_not_valid_in_a_source_of_variables_is_refused() -> None:
    assert "prefix: a variable is named by" in refusal(lambda: EnvFrom(secret="a", prefix="1 "))
    assert "secret: 'A' is no name" in refusal(lambda: EnvFrom(secret="A"))
