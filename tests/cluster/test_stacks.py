"""The stacks of the repository, and their lives in a cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cluster.machine import ClusterMachine
from tests.integration.cli.machine import REPOSITORY

CLOUD = {"wordpress/cloud"}
"""Stacks with resources of a cloud; the other stacks of their projects are here."""


def stacks_of(project: str) -> list[str]:
    """The stacks of a project that have everything in the cluster."""
    found = sorted(path.parent for path in Path(REPOSITORY, "stacks", project).glob("*/stack.yaml"))
    return [f"{project}/{path.name}" for path in found if f"{project}/{path.name}" not in CLOUD]


PROJECTS = sorted(path.parent.name for path in Path(REPOSITORY, "stacks").glob("*/project.yaml"))


@pytest.mark.parametrize("project", PROJECTS)
def test_a_project_comes_up_stays_as_it_is_and_leaves_nothing(machine: ClusterMachine, project: str) -> None:
    stacks = stacks_of(project)
    for stack in stacks:
        machine.apply(stack)
    [namespace] = machine.namespaces()
    since = machine.mark()

    again = [machine.apply(stack) for stack in stacks]

    assert machine.writes(since, [namespace]) == []
    assert all("No changes" in done.out for done in again), [done.out for done in again]
    for stack in stacks[:-1]:
        machine.destroy(stack)
        assert machine.namespaces() == {namespace}, "the others live in it"
    machine.destroy(stacks[-1])
    assert machine.namespaces() == set()
    volumes = json.loads(machine.plane.kubectl("get", "pv", "-o", "json"))["items"]
    bound = [each["spec"]["claimRef"]["namespace"] for each in volumes if each["status"]["phase"] == "Bound"]
    assert namespace not in bound


def test_a_stack_is_changed_and_rolled_back(machine: ClusterMachine) -> None:
    machine.apply("quickstart/dev")
    [namespace] = machine.namespaces()
    name = f"{namespace}-dev-quickstart"
    machine.edit("quickstart/dev/app.py", "replicas=2", "replicas=3")

    machine.apply("quickstart/dev")
    changed = machine.live("deployment", name, namespace)
    machine.kusion("rollback", "--yes", "-w", machine.directory("quickstart/dev"))
    restored = machine.live("deployment", name, namespace)

    assert (changed["spec"]["replicas"], changed["status"]["readyReplicas"]) == (3, 3)
    assert (restored["spec"]["replicas"], restored["status"]["replicas"]) == (2, 2)
    assert [each["revision"] for each in machine.releases("quickstart/dev")] == [3, 2, 1]
    machine.destroy("quickstart/dev")


def test_an_immutable_field_replaces_the_object(machine: ClusterMachine) -> None:
    machine.apply("quickstart/dev")
    [namespace] = machine.namespaces()
    name = f"{namespace}-dev-quickstart"
    before = machine.live("deployment", name, namespace)["metadata"]["uid"]
    patch = "patches:\n- kind: Deployment\n  merge:\n    spec:\n      selector: {matchLabels: {tier: web}}\n"
    patch += "      template: {metadata: {labels: {tier: web}}}\n"

    machine.use(rest=patch)
    document = machine.preview("quickstart/dev")
    machine.apply("quickstart/dev")

    operations = {each["id"].split(":")[1]: each["operation"] for each in document["changes"]}
    assert operations["Deployment"] == "replace"
    after = machine.live("deployment", name, namespace)
    assert after["metadata"]["uid"] != before and after["spec"]["selector"]["matchLabels"]["tier"] == "web"
    machine.destroy("quickstart/dev")
