"""What is in the cluster before a stack comes: never changed unasked, taken over when asked, and what becomes of it."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest

from tests.cluster.machine import ClusterMachine

STACK = "quickstart/dev"
DEPLOYMENT, NAMESPACE = "apps/v1:Deployment", "v1:Namespace"


def wanted(machine: ClusterMachine, kind: str, stack: str = STACK) -> Any:
    """The one object of a kind that a stack is to have, to be changed by the test."""
    spec = machine.kusion("generate", "-w", machine.directory(stack), "-o", "json").document
    [found] = [each["attributes"] for each in spec["resources"] if each["id"].startswith(f"{kind}:")]
    return copy.deepcopy(found)


def create(machine: ClusterMachine, *objects: Any) -> None:
    """Create objects as somebody with kubectl would."""
    for each in objects:
        machine.plane.kubectl("create", "-f", "-", text=json.dumps(each))


def change(document: Any, kind: str) -> Any:
    """What a preview says of the one resource of a kind."""
    [found] = [each for each in document["changes"] if each["id"].startswith(f"{kind}:")]
    return found


@pytest.fixture
def occupied(machine: ClusterMachine) -> ClusterMachine:
    """A machine whose cluster has the stack's Namespace, and in it the stack's Deployment with one replica."""
    deployment = wanted(machine, DEPLOYMENT)
    deployment["spec"]["replicas"] = 1
    deployment["metadata"]["labels"]["team"] = "others"
    create(machine, wanted(machine, NAMESPACE), deployment)
    return machine


def names(machine: ClusterMachine) -> tuple[str, str]:
    [namespace] = machine.namespaces()
    return f"{namespace}-dev-quickstart", namespace


def test_what_is_there_is_not_taken_over_unasked(occupied: ClusterMachine) -> None:
    name, namespace = names(occupied)
    before, since = occupied.live("deployment", name, namespace), occupied.mark()

    document = occupied.preview(STACK)
    refused = occupied.apply(STACK, code=1)

    found = change(document, DEPLOYMENT)
    assert (found["operation"], found["heldBy"]) == ("adopt", ["kubectl-create"])
    [field] = found["fields"]
    assert (field["path"], field["before"], field["after"]) == ("spec.replicas", 1, 2)
    assert field["origins"][0]["file"].endswith("app.py")
    assert change(document, NAMESPACE)["operation"] == "adopt"
    assert "is there already, managed by kubectl-create" in refused.err and "--adopt" in refused.err
    assert occupied.writes(since, [namespace]) == []
    assert occupied.live("deployment", name, namespace) == before
    assert occupied.releases(STACK) == []
    occupied.plane.kubectl("delete", "namespace", namespace)


def test_what_is_taken_over_is_changed_once_and_goes_with_the_stack(occupied: ClusterMachine) -> None:
    name, namespace = names(occupied)
    before = occupied.live("deployment", name, namespace)

    occupied.apply(STACK, "--adopt")
    after, since = occupied.live("deployment", name, namespace), occupied.mark()
    again = occupied.apply(STACK)
    writes = occupied.writes(since, [namespace])
    results = {each["id"].split(":")[1]: each["operation"] for each in occupied.release(STACK)["results"]}
    occupied.edit("quickstart/dev/app.py", "replicas=2", "replicas=3")
    updated = {each["id"].split(":")[1]: each["operation"] for each in occupied.preview(STACK)["changes"]}
    occupied.apply(STACK)
    occupied.kusion("rollback", "--yes", "-w", occupied.directory(STACK))
    restored = occupied.live("deployment", name, namespace)
    occupied.destroy(STACK)

    assert after["metadata"]["uid"] == before["metadata"]["uid"] == restored["metadata"]["uid"]
    assert (after["spec"]["replicas"], after["metadata"]["labels"]["team"]) == (2, "others")
    assert restored["spec"]["replicas"] == 2
    assert "No changes" in again.out and writes == []
    assert (results["Deployment"], results["Namespace"], results["Service"]) == ("adopt", "adopt", "create")
    assert (updated["Deployment"], updated["Namespace"], updated["Service"]) == ("update", "same", "same")
    assert occupied.plane.kubectl("get", "deployments", "-n", namespace, "-o", "name") == ""
    occupied.plane.kubectl("delete", "namespace", namespace)


def test_a_namespace_that_was_there_before_stays(machine: ClusterMachine) -> None:
    create(machine, wanted(machine, NAMESPACE))
    [namespace] = machine.namespaces()

    machine.apply(STACK)
    machine.apply("quickstart/prod")
    machine.destroy(STACK)
    destroyed = machine.destroy("quickstart/prod")

    assert machine.namespaces() == {namespace}
    assert "was there before" in destroyed.out
    machine.plane.kubectl("delete", "namespace", namespace)


def test_a_namespace_that_holds_what_is_not_ours_stays_and_is_said_to(machine: ClusterMachine) -> None:
    machine.apply(STACK)
    [namespace] = machine.namespaces()
    machine.plane.kubectl("create", "configmap", "theirs", "-n", namespace)

    destroyed = machine.destroy(STACK)

    assert "ConfigMap theirs" in destroyed.out
    assert machine.plane.kubectl("get", "configmap", "theirs", "-n", namespace, "-o", "name")
    machine.plane.kubectl("delete", "namespace", namespace)


def test_an_adoption_that_is_cut_off_is_gone_on_with(occupied: ClusterMachine) -> None:
    name, namespace = names(occupied)
    before = occupied.live("deployment", name, namespace)
    process = occupied.start("apply", "--yes", "--adopt", "-w", occupied.directory(STACK))
    while process.poll() is None and occupied.live("deployment", name, namespace)["spec"]["replicas"] == 1:
        time.sleep(0.05)
    process.kill()
    process.communicate()

    occupied.apply(STACK, "--adopt")
    after = occupied.live("deployment", name, namespace)
    again = occupied.preview(STACK)
    occupied.destroy(STACK)

    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"]["replicas"] == 2
    assert {each["operation"] for each in again["changes"]} == {"same"}
    assert occupied.plane.kubectl("get", "deployments", "-n", namespace, "-o", "name") == ""
    occupied.plane.kubectl("delete", "namespace", namespace)


def test_an_object_that_the_workspace_imports_is_taken_over_and_protected(occupied: ClusterMachine) -> None:
    name, namespace = names(occupied)

    def importing(id: str) -> None:
        entry = f"importedResources: {{'{DEPLOYMENT}:{namespace}:{name}': '{id}'}}"
        occupied.use(rest=f"modules:\n  service:\n    configs:\n      default:\n        {entry}\n")

    importing(f"{namespace}/other")
    refused = occupied.apply(STACK, code=1)
    importing(f"{namespace}/{name}")
    occupied.apply(STACK)
    adopted, since = occupied.live("deployment", name, namespace), occupied.mark()
    again = occupied.apply(STACK)
    writes = occupied.writes(since, [namespace])
    destroyed = occupied.destroy(STACK)

    assert f"an object is what its name says: '{namespace}/{name}'" in refused.err
    assert adopted["spec"]["replicas"] == 2
    assert "No changes" in again.out and writes == []
    assert f"{DEPLOYMENT}:{namespace}:{name}  protected: stays" in destroyed.out
    assert occupied.live("deployment", name, namespace)["metadata"]["uid"] == adopted["metadata"]["uid"]
    occupied.plane.kubectl("delete", "namespace", namespace)
