"""The control plane itself: what the tests of the cluster target stand on."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.control_plane import NODES, ControlPlane
from tests.cluster.machine import users_in

PATIENCE = 30.0
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: door}
spec: {type: LoadBalancer, ports: [{port: 80}]}
"""


def eventually(condition: Callable[[], bool]) -> None:
    """Return when something holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """A namespace of the test's own."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    control_plane.kubectl("create", "namespace", name)
    yield name
    control_plane.kubectl("delete", "namespace", name)


def test_nodes_are_ready(control_plane: ControlPlane) -> None:
    nodes = json.loads(control_plane.kubectl("get", "nodes", "-o", "json"))["items"]

    ready = [each for node in nodes for each in node["status"]["conditions"] if each["type"] == "Ready"]
    assert [each["status"] for each in ready] == ["True"] * NODES


def test_a_claim_gets_a_volume_that_goes_with_it(control_plane: ControlPlane, namespace: str) -> None:
    control_plane.kubectl("apply", "-n", namespace, "-f", "-", text=CLAIM)
    control_plane.kubectl("wait", "-n", namespace, "--for=jsonpath={.status.phase}=Bound", "pvc/data")
    volume = control_plane.kubectl("get", "pvc", "data", "-n", namespace, "-o", "jsonpath={.spec.volumeName}")

    control_plane.kubectl("delete", "pvc", "data", "-n", namespace)

    eventually(lambda: volume not in control_plane.kubectl("get", "pv", "-o", "name"))


def test_a_load_balancer_gets_an_address(control_plane: ControlPlane, namespace: str) -> None:
    control_plane.kubectl("apply", "-n", namespace, "-f", "-", text=SERVICE)
    path = "{.status.loadBalancer.ingress[0].ip}"

    eventually(lambda: control_plane.kubectl("get", "svc/door", "-n", namespace, "-o", f"jsonpath={path}") != "")


def test_the_audit_log_tells_who_did_what(control_plane: ControlPlane, namespace: str) -> None:
    control_plane.kubectl("apply", "-n", namespace, "-f", "-", text=CLAIM)
    control_plane.kubectl("wait", "-n", namespace, "--for=jsonpath={.status.phase}=Bound", "pvc/data")

    assert users_in(control_plane, "create", "persistentvolumeclaims", namespace) == {"admin"}
    assert users_in(control_plane, "update", "persistentvolumeclaims", namespace) == {"testbed"}


def test_an_api_server_that_was_killed_has_kept_everything(tmp_path: Path, control_plane: ControlPlane) -> None:
    own = ControlPlane(tmp_path / "plane", control_plane.parts)
    own.start()
    try:
        own.kubectl("create", "namespace", "kept")
        uid = own.kubectl("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}")

        own.restart_api_server()

        assert "kept" in own.kubectl("get", "namespaces", "-o", "name")
        assert own.kubectl("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}") == uid
    finally:
        own.stop()
