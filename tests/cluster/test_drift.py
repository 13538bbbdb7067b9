"""What others change in the cluster: each change told once and as what it is, or rightly not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.machine import ClusterMachine

STACK = "quickstart/dev"
NAME_LABEL = 'metadata.labels["app.kubernetes.io/name"]'
CONTAINER = "spec.template.spec.containers[web]"

Told = dict[tuple[str, str], tuple[str, str]]
"""By kind and field: the cause, and who else wrote it."""


@pytest.fixture
def applied(machine: ClusterMachine) -> Iterator[ClusterMachine]:
    """A machine whose stack has come up."""
    machine.apply(STACK)
    yield machine
    machine.destroy(STACK)
    assert machine.namespaces() == set()


def kubectl(machine: ClusterMachine, *arguments: str, kind: str = "deployment") -> None:
    """Run a command of kubectl on the Deployment, or the Service."""
    [namespace] = machine.namespaces()
    name = f"{namespace}-dev-quickstart" + ("-private" if kind == "service" else "")
    verbs = 2 if arguments[0] == "set" else 1
    machine.plane.kubectl(*arguments[:verbs], kind, name, *arguments[verbs:], "-n", namespace)


def patch(machine: ClusterMachine, value: Any, manager: str = "somebody") -> None:
    """Change the Deployment as ``manager``."""
    kubectl(machine, "patch", "-p", json.dumps(value), "--field-manager", manager)


def container(**fields: Any) -> dict[str, Any]:
    """A patch of the container."""
    return {"spec": {"template": {"spec": {"containers": [{"name": "web", **fields}]}}}}


def deployment(machine: ClusterMachine) -> Any:
    """The Deployment as it is."""
    [namespace] = machine.namespaces()
    return machine.live("deployment", f"{namespace}-dev-quickstart", namespace)


def told(machine: ClusterMachine, *arguments: str) -> Told:
    """What a preview tells of each field; each is told once."""
    found = [
        ((change["id"].split(":")[1], field["path"]), (field["cause"], field.get("by", {}).get("manager", "")))
        for change in machine.preview(STACK, *arguments)["changes"]
        if change["operation"] != "same"
        for field in change["fields"] or [{"path": change["operation"], "cause": ""}]
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


def settles(machine: ClusterMachine) -> None:
    """Apply, twice: the second time nothing is told, and nothing written."""
    machine.apply(STACK)
    assert told(machine) == {}
    mark, namespaces = machine.mark(), machine.namespaces()
    machine.apply(STACK)
    assert machine.writes(mark, namespaces) == []


def test_what_was_ours_is_told_with_who_took_it_and_reverted(applied: ClusterMachine) -> None:
    kubectl(applied, "scale", "--replicas=5")
    kubectl(applied, "set", "image", "web=nginx:0")
    kubectl(applied, "label", "app.kubernetes.io/name-")
    kubectl(applied, "label", "app.kubernetes.io/part-of=other", "--overwrite")
    patch(applied, container(env=[{"name": "GREETING", "value": "Hi"}]), "operator")
    kubectl(applied, "annotate", "pulumi.com/patchFieldManager-", kind="service")

    assert told(applied) == {
        ("Deployment", "spec.replicas"): ("drift", "kubectl"),
        ("Deployment", f"{CONTAINER}.image"): ("drift", "kubectl-set"),
        ("Deployment", NAME_LABEL): ("drift", ""),
        ("Deployment", 'metadata.labels["app.kubernetes.io/part-of"]'): ("drift", "kubectl-label"),
        ("Deployment", f"{CONTAINER}.env[GREETING].value"): ("drift", "operator"),
        ("Service", 'metadata.annotations["pulumi.com/patchFieldManager"]'): ("drift", ""),
    }
    drifted = applied.kusion("drift", "-w", applied.directory(STACK), code=3).out
    assert "spec.replicas: 2 -> 5  by kubectl  " in drifted and 'image: "nginx:1.29.3" -> "nginx:0"' in drifted

    settles(applied)
    live = deployment(applied)
    [web] = live["spec"]["template"]["spec"]["containers"]
    assert live["spec"]["replicas"] == 2
    assert web["image"] == "nginx:1.29.3"
    assert web["env"] == [{"name": "GREETING", "value": "Hello from kusion"}]
    assert live["metadata"]["labels"] == live["spec"]["selector"]["matchLabels"]


def test_what_is_not_ours_is_not_told_and_stays(applied: ClusterMachine) -> None:
    """Labels, annotations and variables of others, defaults that they set, the status, and what controllers note."""
    patch(applied, {"metadata": {"labels": {"team": "other"}, "annotations": {"note": "x"}}})
    patch(applied, container(env=[{"name": "DEBUG", "value": "1"}], terminationMessagePolicy="FallbackToLogsOnError"))
    patch(applied, container(image="nginx:1.29.3"), "another")  # nothing to it, but that another wants it, too

    assert "deployment.kubernetes.io/revision" in deployment(applied)["metadata"]["annotations"]
    assert told(applied) == {}
    mark, namespaces = applied.mark(), applied.namespaces()
    assert "Nothing to do" in applied.apply(STACK).out
    assert applied.writes(mark, namespaces) == []

    applied.edit("quickstart/dev/app.py", "replicas=2", "replicas=3")
    assert told(applied) == {("Deployment", "spec.replicas"): ("yours", "")}
    applied.apply(STACK)
    live = deployment(applied)
    [web] = live["spec"]["template"]["spec"]["containers"]
    assert live["spec"]["replicas"] == 3
    assert live["metadata"]["labels"]["team"] == "other" and live["metadata"]["annotations"]["note"] == "x"
    assert {each["name"] for each in web["env"]} == {"GREETING", "DEBUG"}
    assert web["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_what_kubectl_added_goes_with_the_next_update_which_says_so(applied: ClusterMachine) -> None:
    kubectl(applied, "set", "env", "DEBUG=1")
    kubectl(applied, "label", "team=other")
    assert told(applied) == {}

    applied.edit("quickstart/dev/app.py", "replicas=2", "replicas=3")
    assert told(applied) == {
        ("Deployment", "spec.replicas"): ("yours", ""),
        ("Deployment", f"{CONTAINER}.env[DEBUG]"): ("drift", "kubectl-set"),
        ("Deployment", "metadata.labels.team"): ("drift", "kubectl-label"),
    }
    settles(applied)
    live = deployment(applied)
    assert "team" not in live["metadata"]["labels"]
    assert [each["name"] for each in live["spec"]["template"]["spec"]["containers"][0]["env"]] == ["GREETING"]


def test_a_deleted_object_is_made_again(applied: ClusterMachine) -> None:
    kubectl(applied, "delete", kind="service")

    assert told(applied) == {("Service", "create"): ("", "")}
    settles(applied)


def test_a_deleted_namespace_is_made_again_with_all_that_was_in_it(applied: ClusterMachine) -> None:
    [namespace] = applied.namespaces()
    applied.plane.kubectl("delete", "namespace", namespace)

    assert told(applied) == {(kind, "create"): ("", "") for kind in ("Namespace", "Deployment", "Service")}
    settles(applied)
    assert deployment(applied)["spec"]["replicas"] == 2
