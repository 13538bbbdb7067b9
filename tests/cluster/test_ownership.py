"""Fields that somebody else has a right to: an autoscaler's, a webhook's, another manager's."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.cluster.machine import ClusterMachine
from tests.cluster.test_drift import CONTAINER, STACK, deployment, kubectl, patch, settles, told
from tests.cluster.webhook import mutation

LABELLED = """\
patches:
- kind: Deployment
  merge: {metadata: {labels: {team: ours}%s}}
"""
FORCED = LABELLED % ', annotations: {pulumi.com/patchForce: "true"}'
TEAM = ("Deployment", "metadata.labels.team")
PATIENCE = 60.0  # seconds that the autoscaler has; it looks every 15


@pytest.fixture
def applied(machine: ClusterMachine) -> Iterator[ClusterMachine]:
    """A machine whose stack has come up."""
    machine.apply(STACK)
    yield machine
    machine.destroy(STACK)
    assert machine.namespaces() == set()


def _wait_for_replicas(machine: ClusterMachine, number: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while deployment(machine)["spec"]["replicas"] != number:
        assert time.monotonic() < deadline, f"the autoscaler does not scale to {number}"
        time.sleep(0.5)


def _remove_autoscaler(machine: ClusterMachine) -> None:
    """Somebody else's object would keep the Namespace from going."""
    [namespace] = machine.namespaces()
    machine.plane.kubectl("delete", "hpa", "web", "-n", namespace)


def _notes(machine: ClusterMachine) -> list[str]:
    return [each["note"] for each in machine.preview(STACK)["changes"] if each["note"]]


def test_replicas_are_left_to_an_autoscaler_as_long_as_there_is_one(applied: ClusterMachine) -> None:
    kubectl(applied, "autoscale", "--name=web", "--min=3", "--max=6")
    _wait_for_replicas(applied, 3)
    left = "spec.replicas is left to the HorizontalPodAutoscaler web: 3 instead of 2"

    assert (told(applied), _notes(applied)) == ({}, [left])
    assert applied.kusion("drift", "-w", applied.directory(STACK)).code == 0
    mark, namespaces = applied.mark(), applied.namespaces()
    assert "Nothing to do" in applied.apply(STACK).out
    assert applied.writes(mark, namespaces) == []

    applied.edit("quickstart/base.py", 'env={"GREETING"', 'env={"MORE": "1", "GREETING"')
    assert [path for _, path in told(applied)] == [f"{CONTAINER}.env[MORE]"]
    settles(applied)
    assert deployment(applied)["spec"]["replicas"] == 3
    assert _notes(applied) == [left]

    _remove_autoscaler(applied)
    assert told(applied) == {("Deployment", "spec.replicas"): ("drift", "kube-controller-manager")}
    settles(applied)
    assert deployment(applied)["spec"]["replicas"] == 2


def test_replicas_that_the_author_changes_are_left_to_an_autoscaler_too(applied: ClusterMachine) -> None:
    kubectl(applied, "autoscale", "--name=web", "--min=1", "--max=6")
    applied.edit("quickstart/dev/app.py", "replicas=2", "replicas=4")

    assert told(applied) == {}
    assert _notes(applied) == ["spec.replicas is left to the HorizontalPodAutoscaler web: 2 instead of 4"]
    settles(applied)
    assert deployment(applied)["spec"]["replicas"] == 2
    _remove_autoscaler(applied)


def test_replicas_stay_what_they_are_when_the_author_lets_an_autoscaler_decide(applied: ClusterMachine) -> None:
    """Given up by everybody they would be one, until the autoscaler has looked."""
    app = "quickstart/dev/app.py"
    applied.edit(app, "from ..base", "from kusion_service import Autoscale\n\nfrom ..base")
    applied.edit(app, "replicas=2", "autoscale=Autoscale(max=6, cpu=70)")

    assert told(applied) == {("HorizontalPodAutoscaler", "create"): ("", "")}
    settles(applied)
    assert deployment(applied)["spec"]["replicas"] == 2
    assert _notes(applied) == []


def _inject(obj: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """As a mesh and a mirror of images do: a container before ours, an annotation, another image."""
    containers = obj["spec"]["template"]["spec"]["containers"]
    at = "/spec/template/spec/containers"
    changes: list[Mapping[str, Any]] = [
        {"op": "replace", "path": f"{at}/{number}/image", "value": f"mirror.example/{each['image']}"}
        for number, each in enumerate(containers)
        if not each["image"].startswith("mirror.example/")
    ]
    if all(each["name"] != "proxy" for each in containers):
        proxy = {"name": "proxy", "image": "mirror.example/proxy:1"}
        changes.append({"op": "add", "path": f"{at}/0", "value": proxy})
    return [*changes, {"op": "add", "path": "/metadata/annotations/mesh", "value": "injected"}]


def test_what_a_webhook_makes_of_an_object_is_no_change(machine: ClusterMachine) -> None:
    machine.apply(STACK)
    [namespace] = machine.namespaces()
    with mutation(machine.plane, namespace, _inject):
        machine.edit("quickstart/dev/app.py", "replicas=2", "replicas=3")
        machine.apply(STACK)
        containers = deployment(machine)["spec"]["template"]["spec"]["containers"]
        assert [each["image"] for each in containers] == ["mirror.example/proxy:1", "mirror.example/nginx:1.29.3"]
        settles(machine)

        kubectl(machine, "scale", "--replicas=1")
        assert told(machine)["Deployment", "spec.replicas"] == ("drift", "kubectl")
        settles(machine)
        assert deployment(machine)["spec"]["replicas"] == 3
    machine.destroy(STACK)


def test_a_field_of_another_manager_is_not_taken_unless_the_object_says_so(applied: ClusterMachine) -> None:
    patch(applied, {"metadata": {"labels": {"team": "theirs"}}}, "operator")
    applied.use(rest=LABELLED % "")

    assert told(applied) == {TEAM: ("conflict", "operator")}
    mark, namespaces = applied.mark(), applied.namespaces()
    refused = applied.apply(STACK, code=1).err
    assert "metadata.labels.team is managed by operator at 20" in refused and 'where it is "theirs"' in refused
    assert 'pulumi.com/patchForce: "true"' in refused
    assert applied.writes(mark, namespaces) == []
    assert len(applied.releases(STACK)) == 1

    applied.use(rest=FORCED)
    applied.apply(STACK)
    assert deployment(applied)["metadata"]["labels"]["team"] == "ours"
    settles(applied)


def test_what_another_manager_made_so_already_is_no_conflict(applied: ClusterMachine) -> None:
    patch(applied, {"metadata": {"labels": {"team": "ours"}}}, "operator")
    applied.use(rest=LABELLED % "")

    assert TEAM not in told(applied)
    settles(applied)
    assert deployment(applied)["metadata"]["labels"]["team"] == "ours"


def test_a_field_that_both_changed_is_told_as_a_conflict_and_is_ours_after_consent(applied: ClusterMachine) -> None:
    patch(applied, {"spec": {"replicas": 5}}, "operator")
    applied.edit("quickstart/dev/app.py", "replicas=2", "replicas=3")

    assert told(applied) == {("Deployment", "spec.replicas"): ("conflict", "operator")}
    shown = applied.kusion("preview", "-w", applied.directory(STACK)).out
    assert "operator at 20" in shown and "made it 5" in shown
    settles(applied)
    assert deployment(applied)["spec"]["replicas"] == 3


def test_a_run_that_does_not_look_takes_nothing(applied: ClusterMachine) -> None:
    patch(applied, {"spec": {"replicas": 5}}, "operator")
    applied.edit("quickstart/dev/app.py", "replicas=2", "replicas=3")

    refused = applied.apply(STACK, "--no-live", code=1).said
    assert 'conflict with "operator"' in refused
    assert deployment(applied)["spec"]["replicas"] == 5
    settles(applied)
