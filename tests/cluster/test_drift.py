"""What others change in the cluster: each change told once and as what it is, or rightly not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.machine import ClusterMachine

STACK = "quickstart/dev"
FORCED = """\
patches:
- kind: Deployment
  merge: {metadata: {annotations: {pulumi.com/patchForce: "true"}}}
"""


@pytest.fixture
def applied(machine: ClusterMachine) -> Iterator[ClusterMachine]:
    """A machine whose stack has come up."""
    machine.apply(STACK)
    yield machine
    machine.destroy(STACK)


def _name(machine: ClusterMachine) -> tuple[str, str]:
    [namespace] = machine.namespaces()
    return f"{namespace}-dev-quickstart", namespace


def _patch(machine: ClusterMachine, patch: Any, kind: str = "strategic", manager: str = "somebody") -> None:
    name, namespace = _name(machine)
    text = json.dumps(patch)
    machine.plane.kubectl(
        "patch", "deployment", name, "-n", namespace, "--type", kind, "-p", text, "--field-manager", manager
    )


def _told(machine: ClusterMachine) -> list[tuple[str, str, str, str]]:
    changes = [each for each in machine.preview(STACK)["changes"] if each["operation"] != "same"]
    return [
        (each["id"].split(":")[1], each["operation"], field["path"], field["cause"])
        for each in changes
        for field in each["fields"] or [{"path": "", "cause": ""}]
    ]


def _container(**fields: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "web", **fields}]}}}}


OURS = pytest.mark.parametrize(
    ("patch", "path"),
    [
        ({"spec": {"replicas": 5}}, "spec.replicas"),
        (_container(image="nginx:0"), "spec.template.spec.containers[web].image"),
    ],
    ids=["scaled", "image"],
)


@OURS
def test_our_field_that_somebody_took_is_a_conflict_that_says_whose_it_is(
    applied: ClusterMachine, patch: Any, path: str
) -> None:
    _patch(applied, patch, manager="autoscaler")

    for command in (["preview"], ["apply", "--yes"]):
        refused = applied.kusion(*command, "-w", applied.directory(STACK), code=1)
        assert 'conflict with "autoscaler"' in refused.err
        assert path.rpartition(".")[2] in refused.err


@OURS
def test_an_object_that_is_forced_takes_its_fields_back(machine: ClusterMachine, patch: Any, path: str) -> None:
    machine.use(rest=FORCED)
    machine.apply(STACK)
    _patch(machine, patch)

    told = _told(machine)
    machine.apply(STACK)

    assert told == [("Deployment", "update", path, "drift")]
    assert _told(machine) == []
    machine.destroy(STACK)


def test_a_label_of_ours_that_was_removed_is_told(applied: ClusterMachine) -> None:
    _patch(applied, {"metadata": {"labels": {"app.kubernetes.io/name": None}}})

    assert _told(applied) == [("Deployment", "update", 'metadata.labels["app.kubernetes.io/name"]', "drift")]


@pytest.mark.parametrize(
    "patch",
    [
        {"metadata": {"labels": {"team": "other"}}},
        {"metadata": {"annotations": {"team": "other"}}},
        _container(terminationMessagePolicy="FallbackToLogsOnError"),
    ],
    ids=["label added", "annotation added", "defaulted field"],
)
def test_what_is_not_ours_is_not_told(applied: ClusterMachine, patch: Any) -> None:
    _patch(applied, patch)

    assert _told(applied) == []


def test_a_deleted_object_is_made_again(applied: ClusterMachine) -> None:
    name, namespace = _name(applied)
    applied.plane.kubectl("delete", "service", f"{name}-private", "-n", namespace)

    assert [each[:2] for each in _told(applied)] == [("Service", "create")]
    applied.apply(STACK)
    assert _told(applied) == []
