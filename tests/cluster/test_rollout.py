"""What comes up is waited for, and why something does not is told."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.machine import ClusterMachine
from tests.cluster.simulation import LOG, PASSWORD
from tests.integration.cli.machine import PATIENCE

STACK = "quickstart/dev"
LABELLED = """\
patches:
- kind: Deployment
  merge: {{spec: {{template: {{metadata: {{labels: {{testbed: {label}}}}}}}}}}}
"""
TROUBLED = {
    "troubled/project.yaml": "name: troubled-{suffix}\n",
    "troubled/dev/stack.yaml": "name: dev\n",
    "troubled/dev/app.py": """\
from kusion_dsl import AppConfiguration, Secret
from kusion_job import Job
from kusion_service import Container, Service


def service(name: str) -> AppConfiguration:
    containers = {"web": Container(image="nginx:1", env={"PASSWORD": Secret("PASSWORD")})}
    return AppConfiguration(name=name, workload=Service(containers=containers, replicas=2))


image, config, crash, probe, place = map(service, ("image", "config", "crash", "probe", "place"))
migrate = AppConfiguration(name="migrate", workload=Job(containers={"main": Container(image="busybox:1")}, backoff_limit=0))
""",
}
TROUBLES = """\
secretStore: {provider: {env: {}}}
patches:
- {kind: Deployment, appSelector: [image], merge: {spec: {template: {metadata: {labels: {testbed: image}}}}}}
- {kind: Deployment, appSelector: [config], merge: {spec: {template: {metadata: {labels: {testbed: config}}}}}}
- {kind: Deployment, appSelector: [crash], merge: {spec: {template: {metadata: {labels: {testbed: crash}}}}}}
- {kind: Deployment, appSelector: [probe], merge: {spec: {template: {metadata: {labels: {testbed: probe}}}}}}
- {kind: Deployment, appSelector: [place], merge: {spec: {template: {spec: {nodeSelector: {disk: none}}}}}}
- {kind: Job, merge: {spec: {template: {metadata: {labels: {testbed: exit}}}}}}
"""
REASONS = {
    "image": 'container web: ImagePullBackOff: Back-off pulling image "nginx:1"',
    "config": 'container web: CreateContainerConfigError: secret "missing" not found',
    "crash": "container web: CrashLoopBackOff: it ended with exit code 3",
    "probe": "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503",
    "place": "Unschedulable: 0/3 nodes are available",
    "migrate": "container main: it ended with exit code 2",
}


@pytest.fixture
def labelled(machine: ClusterMachine) -> Iterator[ClusterMachine]:
    """A machine on which the pods of the Deployment never find their image."""
    machine.use(rest=LABELLED.format(label="image"))
    yield machine
    machine.use()
    machine.destroy(STACK)


def _states(machine: ClusterMachine) -> dict[str, Any]:
    listed = machine.kusion("resource", "list", "--live", "-w", machine.directory(STACK), "-o", "json").document
    return {each["id"].split(":")[-3]: each["state"] for each in listed["resources"]}


def test_each_reason_is_told_while_it_is_waited_for_and_stands_in_the_release(machine: ClusterMachine) -> None:
    machine.write({name: text.replace("{suffix}", machine.suffix) for name, text in TROUBLED.items()})
    machine.environment["PASSWORD"] = PASSWORD
    machine.use(rest=TROUBLES)

    failed = machine.apply("troubled/dev", "--timeout", "30s", code=1)

    results = machine.release("troubled/dev")["results"]
    messages = {each["id"].rpartition("-")[2]: each["message"] for each in results if each["status"] == "unready"}
    assert messages.keys() == REASONS.keys()
    told, _, ended = failed.err.partition("error: ")
    for app, reason in REASONS.items():
        assert reason in messages[app], messages[app]
        lines = [line for line in told.splitlines() if f"-{app}: " in line]
        assert app == "migrate" or any(line.startswith("not ready") and reason in line for line in lines), lines
        assert reason in ended
    assert "2 pods: " in messages["crash"] and "0 of 2 pods are ready" in messages["crash"]
    assert "the job failed: " in messages["migrate"], "which ends the waiting for it at once"
    for line in LOG:
        assert f"  | {line.replace(PASSWORD, '[secret]')}" in messages["crash"].splitlines()
    assert "stacks/troubled/dev/app.py:8: apps/v1:Deployment:" in ended, "the author's line"
    assert PASSWORD not in failed.said + json.dumps(machine.release("troubled/dev"))
    machine.destroy("troubled/dev")


def test_a_quota_is_told(machine: ClusterMachine) -> None:
    namespace = f"quickstart-{machine.suffix}"
    machine.plane.kubectl("create", "namespace", namespace)
    machine.plane.kubectl("create", "quota", "small", "-n", namespace, "--hard=pods=1")

    failed = machine.apply(STACK, "--timeout", "20s", code=1)

    assert "1 of 2 pods are ready" in failed.err
    assert "FailedCreate: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1" in failed.err
    machine.destroy(STACK)
    machine.plane.kubectl("delete", "namespace", namespace, "--ignore-not-found")


def test_without_waiting_it_is_told_that_nobody_did_and_what_becomes_of_it(labelled: ClusterMachine) -> None:
    applied = labelled.apply(STACK, "--no-wait")
    stuck = _states(labelled)
    labelled.use()
    labelled.apply(STACK)
    ready = _states(labelled)
    [namespace] = labelled.namespaces()
    since = labelled.mark()
    again = labelled.apply(STACK, "--no-wait")

    assert "nobody waited until 2 objects had come up" in applied.err
    assert labelled.release(STACK, "1")["message"] in applied.err
    assert stuck["Deployment"]["text"] == "0 of 2 pods are ready"
    assert ready["Deployment"] == {"status": "ready", "text": "2 of 2 pods are ready", "troubles": []}
    assert "No changes" in again.out and labelled.writes(since, [namespace]) == [], "with or without waiting"


def test_the_state_of_a_resource_is_shown(labelled: ClusterMachine) -> None:
    labelled.apply(STACK, "--timeout", "20s", code=1)
    shown = labelled.kusion("resource", "show", "Deployment", "--live", "-w", labelled.directory(STACK))
    document = labelled.kusion(
        "resource", "show", "Deployment", "--live", "-w", labelled.directory(STACK), "-o", "json"
    ).document["resource"]

    state = document["state"]
    assert (document["status"], state["status"]) == ("unready", "degraded")
    assert [each["what"] for each in state["troubles"]] == [
        'container web: ImagePullBackOff: Back-off pulling image "nginx:1.29.3"'
    ]
    assert [each["ready"] for each in state["pods"]] == [False, False]
    assert {each["type"]: each["status"] for each in state["conditions"]}["Available"] == "False"
    assert "ScalingReplicaSet" in {each["reason"] for each in state["events"]}
    assert "now       degraded: 0 of 2 pods are ready" in shown.out
    assert "    2 pods: container web: ImagePullBackOff" in shown.out


def test_a_health_policy_is_waited_for(machine: ClusterMachine) -> None:
    rule = "assert res.status.readyReplicas == res.spec.replicas"
    block = f"{{type: CollaSet, healthPolicy: {{health.kcl: '{rule}'}}}}"
    machine.use(rest=f"modules: {{service: {{configs: {{default: {block}}}}}}}\n")
    failed = machine.apply(STACK, "--timeout", "3s", code=1)
    [namespace] = machine.namespaces()
    status = json.dumps({"status": {"readyReplicas": 2}})  # what its controller would say
    name = f"{namespace}-dev-quickstart"
    machine.plane.kubectl("patch", "collaset", name, "-n", namespace, "--type=merge", "-p", status)
    since = machine.mark()

    machine.apply(STACK)

    assert f"its health policy does not hold: {rule.removeprefix('assert ')}" in failed.err
    assert machine.writes(since, [namespace]) == [], "it was only waited for"
    machine.destroy(STACK)


def test_the_workspace_says_how_long(machine: ClusterMachine) -> None:
    machine.use("{kind: cluster, kubeconfig: KUBECONFIG, timeout: 4s}", LABELLED.format(label="image"))
    failed = machine.apply(STACK, code=1)
    assert "it has not come up within 4s" in failed.err
    machine.use()
    machine.destroy(STACK)


def test_at_a_terminal_the_last_lines_say_what_is_waited_for(labelled: ClusterMachine) -> None:
    ours, theirs = pty.openpty()
    process = labelled.start(
        "apply", "--yes", "-w", labelled.directory(STACK), "--timeout", "20s", stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    try:
        shown = _read(ours, process)
    finally:
        process.kill()
        os.close(ours)

    assert process.wait(PATIENCE) == 1
    assert "waiting until everything has come up" in shown
    assert "0 of 2 pods are ready" in shown and "ImagePullBackOff" in shown


def _read(terminal: int, process: subprocess.Popen[str]) -> str:
    """What a process writes to a terminal, to its end."""
    said = b""
    while select.select([terminal], [], [], PATIENCE)[0]:
        try:
            some = os.read(terminal, 65536)
        except OSError:  # Linux's way to say that nobody has the other end any more
            break
        if not some:
            break
        said += some
    return said.decode(errors="replace")
