"""What is not valid is refused where it is written, in plain words."""

from collections.abc import Callable
from typing import Any

import pytest

from kusion_dsl import secret_ref
from kusion_dsl.errors import AppError
from kusion_postgres import Postgres
from kusion_service import (
    Container,
    ExecProbe,
    HttpProbe,
    LabelSelector,
    LabelSelectorRequirement,
    Service,
    TcpProbe,
    TopologySpreadConstraint,
)


def refusal(build: Callable[[], object]) -> str:
    """What the author is told, without the file and line."""
    with pytest.raises(AppError) as caught:
        build()
    return "\n".join(caught.value.problems[0].details)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"image": ""}, "image: an image has a name"),
        ({"image": "a b"}, "image: an image has a name without white space"),
        ({"image": "Shop:1"}, "image: 'Shop:1' is no name of an image: write it in lower case, like ghcr.io/acme/shop"),
        ({"image": "http://acme.example/shop"}, "image: 'http://acme.example/shop' is no name of an image"),
        ({"image": "a//b"}, "image: 'a//b' is no name of an image"),
        ({"image": "shop:1:2"}, "image: '1:2' is no tag of an image"),
        ({"image": "shop:"}, "image: '' is no tag of an image"),
        ({"image": f"shop:{'1' * 129}"}, "is no tag of an image: use at most 128 letters"),
        ({"image": "a" * 256}, "is no name of an image"),
        ({"image": "shop@sha256:1"}, "image: 'sha256:1' is no digest of an image"),
        ({}, "image: is required"),
        ({"image": "x", "imgae": "y"}, "imgae: unknown field, did you mean 'image'?"),
        ({"image": "x", "env": {"1BAD": "x"}}, 'env["1BAD"]: a variable is named by letters'),
        ({"image": "x", "env": {"A": 1}}, "env.A: Input should be a valid string"),
        ({"image": "x", "env": {"A": "secret://git/key"}}, "env.A: names a Kubernetes Secret by secret_ref"),
        ({"image": "x", "env": {"A": "ref://git/key"}}, "env.A: names a value of the secret store by Secret("),
        ({"image": "x", "working_dir": "srv"}, "working_dir: 'srv' is no absolute path"),
        ({"image": "x", "resources": {"cpu": "fast"}}, "resources.cpu: 'fast' is no quantity"),
        ({"image": "x", "resources": {"cpu": "2-1"}}, "resources.cpu: the request 2 is more than the limit 1"),
        ({"image": "x", "resources": {"c p u": "1"}}, "'c p u' is no name of a resource"),
        ({"image": "x", "requests": {"cpu": "1-2"}}, "requests.cpu: '1-2' is no quantity"),
        (
            {"image": "x", "resources": {"cpu": "1"}, "requests": {"cpu": "1500m"}},
            "requests: the request of cpu, 1500m, is more than its limit, 1",
        ),
        (
            {"image": "x", "resources": {"cpu": "1-2"}, "requests": {"cpu": "1"}},
            "requests: cpu has a request in resources (1-2) already",
        ),
        (
            {"image": "x", "liveness_probe": TcpProbe(port=80, success_threshold=2)},
            "liveness_probe: success_threshold can only be 1",
        ),
        (
            {"image": "x", "readiness_probe": TcpProbe(port=80, termination_grace_period_seconds=2)},
            "readiness_probe: a readiness probe stops nothing",
        ),
    ],
)
def test_container(fields: dict[str, Any], message: str) -> None:
    assert message in refusal(lambda: Container(**fields))


@pytest.mark.parametrize(
    "image",
    [
        "redis",
        "nginx:v1",
        "registry.acme.example:5000/acme/shop__web.x-1:1.4.2_a",
        "REGISTRY.acme.example/shop:A",
        "[fd00::1]:5000/shop",
        "localhost:5000/shop:1",
        f"ghcr.io/acme/shop:1.4.2@sha256:{'0a' * 32}",
        f"shop@sha512:{'f' * 128}",
    ],
)
def test_images(image: str) -> None:
    assert Container(image=image).image == image


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"containers": {}}, "containers: "),
        ({"containers": {"My_Web": Container(image="x")}}, "containers.My_Web: 'My_Web' is not a DNS label"),
        ({"containers": {"a" * 64: Container(image="x")}}, "has 64 characters, at most 63 fit"),
        ({"containers": {"web": Container(image="x")}, "replicas": -1}, "replicas: Input should be greater"),
        ({"containers": {"web": Container(image="x")}, "labels": {"a b": "c"}}, 'labels["a b"]: '),
        ({"containers": {"web": Container(image="x")}, "labels": {"a": "#"}}, "labels.a: '#' is no value of a label"),
        ({"containers": {"web": Container(image="x")}, "labels": {"/a": "b"}}, "must be a lower-case DNS name"),
        ({"containers": {"web": Container(image="x")}, "annotations": {"x" * 64: "b"}}, "no name of a label or an"),
    ],
)
def test_service(fields: dict[str, Any], message: str) -> None:
    assert message in refusal(lambda: Service(**fields))


@pytest.mark.parametrize("port", [0, 65536, -1])
def test_ports_of_probes_are_from_1_to_65535(port: int) -> None:
    assert "port: Input should be" in refusal(lambda: HttpProbe(port=port))
    assert "port: Input should be" in refusal(lambda: TcpProbe(port=port))


def test_probes() -> None:
    assert "path: must begin with '/'" in refusal(lambda: HttpProbe(path="healthz", port=80))
    assert "is no name of an HTTP header" in refusal(lambda: HttpProbe(port=80, headers={"X Y": "1"}))
    assert "command: " in refusal(lambda: ExecProbe(command=[]))
    assert "period_seconds: " in refusal(lambda: ExecProbe(command=["true"], period_seconds=0))
    assert "initial_delay_seconds: " in refusal(lambda: ExecProbe(command=["true"], initial_delay_seconds=-1))


def test_topology_spread_constraints() -> None:
    assert "values go with the operators" in refusal(lambda: LabelSelectorRequirement(key="a", operator="In"))
    assert "values go with the operators" in refusal(
        lambda: LabelSelectorRequirement(key="a", operator="Exists", values=["b"])
    )
    assert "match_label_keys needs a label_selector" in refusal(
        lambda: TopologySpreadConstraint(
            max_skew=1, topology_key="zone", when_unsatisfiable="DoNotSchedule", match_label_keys=["a"]
        )
    )
    assert "max_skew: " in refusal(
        lambda: TopologySpreadConstraint(max_skew=0, topology_key="zone", when_unsatisfiable="DoNotSchedule")
    )
    assert "match_labels.a: '#' is no value" in refusal(lambda: LabelSelector(match_labels={"a": "#"}))


def test_values_that_are_known_later_are_accepted_where_their_text_would_not_be() -> None:
    database = Postgres(version="16")
    token = secret_ref("a", key="b")
    container = Container(image=f"{database.host}/x", env={"A": database.url, "B": token}, working_dir=database.host)
    assert container.env == {"A": database.url, "B": token}
    assert container.working_dir == database.host
