"""What we count on from the plugin ``kubernetes``: the same for the stand-in and, with ``PROVIDER=real``, the real one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.parts import ROOT
from tests.cluster.plugin import Object, Plugin, RefusedError, State, started
from tests.cluster.standin.installation import install

MANAGER = {"pulumi.com/patchFieldManager": "kusion"}
MUTABLE = {"enableConfigMapMutable": "true", "enableSecretMutable": "true"}
UPSERTS = {"upsertExistingObjects": "true"}

Start = Callable[..., AbstractContextManager[Plugin]]


@pytest.fixture
def start(control_plane: ControlPlane, tmp_path: Path) -> Start:
    """Starts a plugin with settings, as in ``with start(upsertExistingObjects="true") as plugin``."""
    executable = install(tmp_path / "pulumi")

    def start(**settings: str) -> AbstractContextManager[Plugin]:
        return started(executable, control_plane.kubeconfig, tmp_path, settings)

    return start


@pytest.fixture
def plugin(start: Start) -> Iterator[Plugin]:
    """A plugin as we configure it."""
    with start(clusterIdentifier="here", **MUTABLE) as running:
        yield running


@pytest.fixture
def space(control_plane: ControlPlane) -> Iterator[str]:
    """A namespace of the test's own."""
    name = f"plugin-{uuid.uuid4().hex[:8]}"
    control_plane.kubectl("create", "namespace", name)
    yield name
    control_plane.kubectl("delete", "namespace", name, "--wait=false")


def config_map(space: str, name: str = "settings", **data: str) -> Object:
    """A ConfigMap under our manager."""
    metadata = {"name": name, "namespace": space, "annotations": dict(MANAGER)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def deployment(space: str, replicas: int = 1, image: str = "nginx:1", **pod: Any) -> Object:
    """A Deployment under our manager; ``pod`` is added to the pods' spec."""
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}], **pod}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": space, "annotations": dict(MANAGER)},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def of_kind(kind: str, space: str, **spec: Any) -> Object:
    """An object of the group that its kind is in; workloads have a pod like :func:`deployment`'s."""
    versions = {"Job": "batch/v1", "StatefulSet": "apps/v1", "Ingress": "networking.k8s.io/v1"}
    metadata = {"name": "web", "namespace": space, "annotations": dict(MANAGER)}
    return {"apiVersion": versions.get(kind, "v1"), "kind": kind, "metadata": metadata, "spec": spec}


def annotated(obj: Object, **annotations: str) -> Object:
    """An object with annotations ``pulumi.com/...`` more."""
    added = {f"pulumi.com/{name}": value for name, value in annotations.items()}
    metadata = {**obj["metadata"], "annotations": {**obj["metadata"]["annotations"], **added}}
    return {**obj, "metadata": metadata}


def live(plane: ControlPlane, obj: Object) -> Any:
    """An object as the cluster has it."""
    metadata = obj["metadata"]
    arguments = ["get", obj["kind"].lower(), metadata["name"], "-n", metadata["namespace"], "--show-managed-fields"]
    return json.loads(plane.kubectl(*arguments, "-o", "json"))


def managers(plane: ControlPlane, obj: Object) -> set[tuple[str, str]]:
    """Who has fields of an object's, those of its status left out."""
    entries = live(plane, obj)["metadata"]["managedFields"]
    return {(each["manager"], each["operation"]) for each in entries if not each.get("subresource")}


def patch(plane: ControlPlane, obj: Object, change: Object, manager: str) -> None:
    """Change an object as somebody else."""
    metadata, text = obj["metadata"], json.dumps(change)
    where = [obj["kind"].lower(), metadata["name"], "-n", metadata["namespace"]]
    plane.kubectl("patch", *where, "--type=merge", "-p", text, f"--field-manager={manager}")


def test_the_first_update_takes_over_what_an_object_was_created_with(
    plugin: Plugin, control_plane: ControlPlane, space: str
) -> None:
    state = plugin.create(config_map(space, a="1"))
    created = managers(control_plane, state.inputs)

    plugin.update(state, config_map(space, a="2"))

    assert created == {("pulumi-kubernetes", "Update")}
    assert managers(control_plane, state.inputs) == {("kusion", "Apply")}
    assert live(control_plane, state.inputs)["data"] == {"a": "2"}
    assert state.id == f"{space}/settings"


def test_an_object_that_is_there_is_refused_and_a_preview_says_nothing(
    plugin: Plugin, control_plane: ControlPlane, space: str
) -> None:
    control_plane.kubectl("create", "configmap", "settings", "-n", space, "--from-literal=a=theirs")

    plugin.create(config_map(space, a="1"), preview=True)
    with pytest.raises(RefusedError, match='configmaps "settings" already exists') as refused:
        plugin.create(config_map(space, a="1"))

    assert refused.value.state is None
    assert live(control_plane, config_map(space))["data"] == {"a": "theirs"}


def test_an_upsert_takes_what_is_there_unless_a_field_is_anothers(
    start: Start, control_plane: ControlPlane, space: str
) -> None:
    control_plane.kubectl("create", "configmap", "settings", "-n", space, "--from-literal=a=theirs")
    with start(**UPSERTS) as plugin:
        previewed = plugin.create(config_map(space, a="1"), preview=True)
        with pytest.raises(RefusedError) as refused:
            plugin.create(config_map(space, a="1"))
        plugin.create(annotated(config_map(space, a="1"), patchForce="true"))

    assert previewed.outputs["data"] == {"a": "1"}, "a preview tells of no conflict"
    assert 'managed by field manager "kusion" had an apply conflict' in str(refused.value)
    assert 'conflict with "kubectl-create" using v1: .data.a' in str(refused.value)
    assert refused.value.state is None
    assert ("kusion", "Apply") in managers(control_plane, config_map(space))
    assert live(control_plane, config_map(space))["data"] == {"a": "1"}


def test_an_update_takes_back_what_kubectl_took_and_not_what_others_took(
    plugin: Plugin, control_plane: ControlPlane, space: str
) -> None:
    state = plugin.update(plugin.create(config_map(space, a="1", b="1")), config_map(space, a="2", b="2"))
    patch(control_plane, state.inputs, {"data": {"a": "edited"}}, "kubectl-edit")
    state = plugin.update(state, config_map(space, a="3", b="2"))
    taken_back = live(control_plane, state.inputs)["data"]

    patch(control_plane, state.inputs, {"data": {"b": "theirs"}}, "operator")
    wanted = config_map(space, a="3", b="3")
    for preview in (True, False):
        with pytest.raises(RefusedError) as refused:
            plugin.update(state, wanted, preview=preview)

    assert taken_back == {"a": "3", "b": "2"}
    assert f'"{space}/settings" failed to fully initialize or become live: server-side apply' in str(refused.value)
    assert 'conflict with "operator" using v1: .data.b' in str(refused.value)
    assert refused.value.state is not None and refused.value.state.outputs["data"] == {"a": "3", "b": "theirs"}


def test_a_preview_of_the_first_update_tells_of_no_conflict(
    plugin: Plugin, control_plane: ControlPlane, space: str
) -> None:
    state = plugin.create(config_map(space, a="1"))
    patch(control_plane, state.inputs, {"data": {"a": "theirs"}}, "operator")

    previewed = plugin.update(state, config_map(space, a="2"), preview=True)
    with pytest.raises(RefusedError, match='conflict with "operator"'):
        plugin.update(state, config_map(space, a="2"))

    assert previewed.outputs["data"] == {"a": "2"}


@pytest.mark.parametrize("manager", ["autoscaler", "kubectl-scale"])
def test_an_ignored_field_is_left_to_who_took_it(
    plugin: Plugin, control_plane: ControlPlane, space: str, manager: str
) -> None:
    state = plugin.update(plugin.create(deployment(space)), deployment(space, image="nginx:2"))
    arguments = ["web", "-n", space, "--subresource=scale", "--type=merge", f"--field-manager={manager}"]
    control_plane.kubectl("patch", "deployment", *arguments, "-p", '{"spec": {"replicas": 2}}')

    plugin.update(state, deployment(space, image="nginx:3"), ignored=("spec.replicas",))

    found = live(control_plane, state.inputs)
    assert found["spec"]["replicas"] == 2
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:3"


def test_an_ignored_field_that_nobody_took_stays_as_it_is(
    plugin: Plugin, control_plane: ControlPlane, space: str
) -> None:
    state = plugin.update(plugin.create(config_map(space, a="1", b="1")), config_map(space, a="2", b="1"))

    plugin.update(state, config_map(space, a="other", b="2"), ignored=("data.a",))

    assert live(control_plane, state.inputs)["data"] == {"a": "2", "b": "2"}
    assert managers(control_plane, state.inputs) == {("kusion", "Apply")}


def test_what_is_forbidden_or_lacks_its_namespace_or_kind_passes_a_preview(
    plugin: Plugin, control_plane: ControlPlane, space: str
) -> None:
    control_plane.kubectl("create", "quota", "none", "-n", space, "--hard=count/configmaps=0")
    unknown = {**config_map(space), "apiVersion": "example.com/v1", "kind": "Unknown"}
    for obj in (config_map(space, a="1"), config_map("nowhere", a="1"), unknown):
        assert plugin.create(obj, preview=True).id == ""

    with pytest.raises(RefusedError, match="exceeded quota"):
        plugin.create(config_map(space, a="1"))


def test_what_is_not_valid_fails_a_preview(plugin: Plugin, space: str) -> None:
    with pytest.raises(RefusedError, match=r"spec\.replicas: Invalid value: -1"):
        plugin.create(deployment(space, replicas=-1), preview=True)


@pytest.mark.parametrize(("settings", "replaces"), [(MUTABLE, []), ({}, ["data.a"])], ids=["mutable", "as it comes"])
def test_data_replace_a_config_map_unless_we_say_no(
    start: Start, space: str, settings: dict[str, str], replaces: list[str]
) -> None:
    with start(**settings) as plugin:
        diff = plugin.diff(plugin.create(config_map(space, a="1")), config_map(space, a="2"))

    assert [each.lstrip(".") for each in diff.replaces] == replaces
    assert diff.deleteBeforeReplace == bool(replaces)


def test_reading_what_has_not_come_up_tells_so_and_importing_it_does_not(plugin: Plugin, space: str) -> None:
    obj = deployment(space, nodeSelector={"is": "nowhere"})
    state = plugin.create(annotated(obj, skipAwait="true"))

    quiet = plugin.read(state, obj)
    with pytest.raises(RefusedError) as refused:
        plugin.read(State(state.id, obj, state.outputs), obj)
    imported = plugin.read(State(state.id, {}, {}), obj)

    assert quiet is not None and quiet.inputs["spec"] == obj["spec"]
    assert refused.value.reasons[0] == "Resource 'web' was created but failed to initialize"
    assert refused.value.reasons[1:] != [] and refused.value.state is not None
    assert refused.value.state.inputs["spec"] == obj["spec"]
    assert imported is not None and "status" not in imported.inputs and "status" in imported.outputs
    assert imported.inputs["metadata"].keys() == {"annotations", "name", "namespace"}
    assert imported.inputs["spec"]["strategy"]["type"] == "RollingUpdate", "defaults stay"


def test_what_is_gone_is_read_as_nothing_and_not_updated(
    plugin: Plugin, control_plane: ControlPlane, space: str
) -> None:
    state = plugin.create(config_map(space, a="1"))
    control_plane.kubectl("delete", "configmap", "settings", "-n", space)

    assert plugin.read(state, state.inputs) is None
    with pytest.raises(RefusedError, match=r'^update of resource ".*" failed: .*"settings" not found') as refused:
        plugin.update(state, config_map(space, a="2"))
    assert refused.value.state is None
    plugin.delete(state)


def test_what_does_not_come_up_exists_and_says_why(plugin: Plugin, space: str) -> None:
    with pytest.raises(RefusedError) as refused:
        plugin.create(deployment(space, nodeSelector={"is": "nowhere"}), timeout=4)

    assert "'web' timed out waiting to be Ready" in str(refused.value)
    assert any("Minimum number of" in each for each in refused.value.reasons)
    assert refused.value.state is not None and refused.value.state.id == f"{space}/web"
    waiting = [each for each in plugin.told if each.text.startswith("Waiting for app ReplicaSet")]
    assert {(each.severity, each.passing) for each in waiting} == {("info", True)}
    assert "Waiting for app ReplicaSet to be available (0/1 Pods available)" in plugin.said


def test_what_comes_up_is_told(plugin: Plugin, space: str) -> None:
    state = plugin.create(deployment(space))

    assert state.outputs["status"]["readyReplicas"] == 1
    assert plugin.said[-1] == "" and any("Deployment initialization complete" in each for each in plugin.said)


def test_a_stateful_set_a_job_and_a_claim_are_waited_for(plugin: Plugin, space: str) -> None:
    pod = deployment(space)["spec"]
    run_once = {"spec": {**pod["template"]["spec"], "restartPolicy": "Never"}}
    resources = {"requests": {"storage": "1Gi"}}

    stateful = plugin.create(of_kind("StatefulSet", space, serviceName="web", **pod))
    job = plugin.create(of_kind("Job", space, template=run_once))
    claim = plugin.create(of_kind("PersistentVolumeClaim", space, accessModes=["ReadWriteOnce"], resources=resources))

    assert stateful.outputs["status"]["readyReplicas"] == 1
    assert any(each.startswith("[1/2] Waiting for StatefulSet to create Pods (0/") for each in plugin.said)
    assert job.outputs["status"]["succeeded"] == 1
    assert any(each.startswith(f'Waiting for Job "{space}/web" to ') for each in plugin.said)
    assert claim.outputs["status"]["phase"] == "Bound"


def test_a_claim_that_waits_for_its_pod_is_not_waited_for(
    plugin: Plugin, control_plane: ControlPlane, space: str
) -> None:
    storage = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": space}}
    settings = {"provisioner": "example.com/none", "volumeBindingMode": "WaitForFirstConsumer"}
    control_plane.kubectl("create", "-f", "-", text=json.dumps({**storage, **settings}))
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": space}

    claim = plugin.create(of_kind("PersistentVolumeClaim", space, resources={"requests": {"storage": "1Gi"}}, **spec))

    control_plane.kubectl("delete", "storageclass", space)
    assert claim.outputs["status"]["phase"] == "Pending"


def test_a_service_is_waited_for_until_it_has_pods_or_will_have_none_and_an_address(plugin: Plugin, space: str) -> None:
    balancer = of_kind("Service", space, type="LoadBalancer", ports=[{"port": 80}], selector={"app": "nobody"})

    state = plugin.create(balancer)

    assert state.outputs["status"]["loadBalancer"]["ingress"] != []
    assert "[1/3] Finding Pods to direct traffic to" in plugin.said


def test_an_ingress_is_waited_for_until_somebody_gives_it_an_address(plugin: Plugin, space: str) -> None:
    backend = {"service": {"name": "web", "port": {"number": 80}}}

    with pytest.raises(RefusedError, match="'web' timed out waiting to be Ready") as refused:
        plugin.create(of_kind("Ingress", space, defaultBackend=backend), timeout=3)

    assert any("Ingress .status.loadBalancer field was not updated" in each for each in refused.value.reasons)


def test_its_annotation_says_what_is_waited_for(plugin: Plugin, control_plane: ControlPlane, space: str) -> None:
    obj = annotated(config_map(space, a="1"), waitFor="jsonpath={.data.ready}=yes")
    ready = partial(patch, control_plane, obj, {"data": {"ready": "yes"}}, "operator")
    timer = threading.Timer(3, ready)
    timer.start()
    began = time.monotonic()

    state = plugin.create(obj, timeout=60)

    timer.join()
    assert time.monotonic() - began >= 3
    assert state.outputs["data"] == {"a": "1", "ready": "yes"}
    with pytest.raises(RefusedError, match="timed out waiting for the condition"):
        plugin.update(state, annotated(config_map(space, a="1"), waitFor="jsonpath={.data.done}=yes"), timeout=2)


def test_waiting_ends_when_it_is_cancelled(plugin: Plugin, space: str) -> None:
    timer = threading.Timer(4, plugin.cancel)
    timer.start()

    with pytest.raises(RefusedError, match='Resource operation was cancelled for "web"') as refused:
        plugin.create(deployment(space, nodeSelector={"is": "nowhere"}))

    timer.join()
    assert refused.value.state is not None


def test_what_a_finalizer_keeps_is_told_and_stays_in_the_state(
    plugin: Plugin, control_plane: ControlPlane, space: str
) -> None:
    obj = config_map(space, a="1")
    obj["metadata"]["finalizers"] = ["example.com/kept"]
    state = plugin.create(obj)

    with pytest.raises(RefusedError, match="timed out waiting for the condition") as refused:
        plugin.delete(state, timeout=2)

    warned = [each for each in plugin.told if each.severity == "warning"]
    assert [(each.text, each.passing) for each in warned] == [
        ("finalizers might be preventing deletion (example.com/kept)", False)
    ]
    assert refused.value.state is not None and refused.value.state.id == f"{space}/settings"
    patch(control_plane, obj, {"metadata": {"finalizers": None}}, "somebody")


def test_where_the_real_plugin_is_asked_for_and_is_not_at_hand_nothing_runs(tmp_path: Path) -> None:
    environment = {"PATH": os.defpath, "HOME": str(tmp_path), "PROVIDER": "real"}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-n", "0", __file__]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"neither a pulumi-resource-kubernetes on PATH nor {tmp_path}/.pulumi/plugins/" in done.stderr
    assert "pulumi plugin install resource kubernetes" in done.stderr


def test_only_another_identifier_makes_it_another_cluster(plugin: Plugin) -> None:
    assert plugin.replaced_by({"clusterIdentifier": "a"}, {"clusterIdentifier": "b"}) == ["clusterIdentifier"]
    assert plugin.replaced_by({}, {"clusterIdentifier": "b"}) == []
    assert plugin.replaced_by({"clusterIdentifier": "a"}, {"clusterIdentifier": "a", **UPSERTS}) == []
