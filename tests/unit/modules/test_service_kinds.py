"""Services whose pods have names and volumes of their own, or that run on every node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.testing import compile_app
from kusion_network import Network, Port
from kusion_service import Claim, Container, EmptyDir, Service
from tests.unit.modules.test_service_scaling import LABELS, Manifests, service

STATEFUL = "apps/v1:StatefulSet:shop:shop-dev-shop"
HEADLESS = "v1:Service:shop:shop-dev-shop-headless"


def test_a_daemon_set_runs_one_pod_on_every_node(manifests: Manifests) -> None:
    found = manifests(service(kind="DaemonSet"))
    assert found["apps/v1:DaemonSet:shop:shop-dev-shop"] == {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "shop-dev-shop", "namespace": "shop", "labels": LABELS},
        "spec": {
            "selector": {"matchLabels": LABELS},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {"containers": [{"name": "web", "image": "shop:1"}]},
            },
        },
    }
    assert len(found) == 2


def test_a_stateful_set_has_a_headless_service_that_comes_first(compile_apps: Callable[..., Compiled]) -> None:
    spec = compile_apps(AppConfiguration(name="shop", workload=service(kind="StatefulSet", replicas=3))).spec
    assert spec[HEADLESS].attributes == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "shop-dev-shop-headless", "namespace": "shop", "labels": LABELS},
        "spec": {"clusterIP": "None", "selector": LABELS},
    }
    made = spec[STATEFUL]
    assert made.attributes["spec"]["serviceName"] == "shop-dev-shop-headless"
    assert made.attributes["spec"]["replicas"] == 3
    assert "volumeClaimTemplates" not in made.attributes["spec"]
    assert HEADLESS in made.depends_on
    assert made.workload


def test_each_pod_of_a_stateful_set_has_volumes_of_its_own(manifests: Manifests) -> None:
    containers = {"db": Container(image="db:1", mounts={"/data": "data", "/tmp": "tmp"})}
    volumes: dict[str, Any] = {"data": Claim(size="10Gi", storage_class="fast"), "tmp": EmptyDir()}
    found = manifests(Service(containers=containers, kind="StatefulSet", volumes=volumes))
    spec = found[STATEFUL]["spec"]
    assert spec["volumeClaimTemplates"] == [
        {
            "metadata": {"name": "data"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "fast",
                "resources": {"requests": {"storage": "10Gi"}},
            },
        },
    ]
    [db] = spec["template"]["spec"]["containers"]
    assert db["volumeMounts"] == [{"name": "data", "mountPath": "/data"}, {"name": "tmp", "mountPath": "/tmp"}]
    assert spec["template"]["spec"]["volumes"] == [{"name": "tmp", "emptyDir": {}}]
    assert "PersistentVolumeClaim" not in {each["kind"] for each in found.values()}
    shared = manifests(Service(containers=containers, volumes=volumes))
    assert "PersistentVolumeClaim" in {each["kind"] for each in shared.values()}


def test_the_platform_s_type_is_for_services_that_choose_none(manifests: Manifests) -> None:
    found = manifests(service(kind="DaemonSet"), policies={"service": {"type": "CollaSet"}})
    assert "apps/v1:DaemonSet:shop:shop-dev-shop" in found


@pytest.mark.parametrize(("kind", "longest"), [("StatefulSet", 52), ("DaemonSet", 63), (None, 63)])
def test_names_leave_room_for_the_hash_of_a_revision(kind: Any, longest: int) -> None:
    app = AppConfiguration(name="a" * 60, workload=service(kind=kind))
    [workload] = [each for each in compile_app(app).spec.resources if each.workload]
    assert len(workload.attributes["metadata"]["name"]) == longest


def test_two_accessories_of_one_kind_live_beside_each_other(manifests: Manifests) -> None:
    found = manifests(
        service(kind="StatefulSet"),
        network=Network(ports=[Port(port=80)]),
        admin=Network(ports=[Port(port=9000)]),
    )
    services = {each["metadata"]["name"]: each for each in found.values() if each["kind"] == "Service"}
    assert services.keys() == {"shop-dev-shop-headless", "shop-dev-shop-private", "shop-dev-shop-admin-private"}
    assert manifests(service(kind="StatefulSet"), network=Network(ports=[Port(port=80)])).items() <= found.items()
    assert all(each["spec"]["selector"] == LABELS for each in services.values())


def test_public_ports_need_no_cloud(manifests: Manifests) -> None:
    found = manifests(service(), network=Network(ports=[Port(port=80, public=True)]))
    assert found["v1:Service:shop:shop-dev-shop-public"]["spec"]["type"] == "LoadBalancer"
