"""Which cluster a stack is in, and how it is reached."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.machine import ClusterMachine

STACK = "quickstart/dev"
TARGET = "{kind: cluster, kubeconfig: %s}"


def test_another_path_to_the_same_cluster_changes_nothing(machine: ClusterMachine, tmp_path: Path) -> None:
    machine.apply(STACK)
    moved = tmp_path / "moved"
    moved.write_bytes(machine.plane.kubeconfig.read_bytes())
    machine.use(TARGET % moved)

    changes = [each["operation"] for each in machine.preview(STACK)["changes"]]
    machine.destroy(STACK)

    assert set(changes) == {"same"}
    assert machine.namespaces() == set()


@pytest.fixture(scope="module")
def other(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Another cluster."""
    plane = ControlPlane(tmp_path_factory.mktemp("other") / "plane", control_plane.parts)
    plane.start()
    try:
        yield plane
    finally:
        plane.stop()


COMMANDS = ("preview", "apply --yes", "rollback --yes", "destroy --yes", "drift", "resource show Deployment --live")


def test_every_command_refuses_another_cluster(machine: ClusterMachine, other: ControlPlane, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(machine.plane.kubeconfig.read_bytes())
    machine.use(TARGET % path)
    machine.apply(STACK)
    machine.edit("quickstart/dev/app.py", "replicas=2", "replicas=3")
    machine.apply(STACK)
    path.write_bytes(other.kubeconfig.read_bytes())

    refused = {each: machine.kusion(*each.split(), "-w", machine.directory(STACK), code=1).err for each in COMMANDS}
    path.write_bytes(machine.plane.kubeconfig.read_bytes())
    machine.destroy(STACK)

    for command, told in refused.items():
        assert "this stack is in another cluster" in told and "nothing was changed" in told, command


def test_a_rollback_and_drift_go_where_the_stack_is(machine: ClusterMachine, other: ControlPlane) -> None:
    """They need the releases only, and these say how the cluster is reached."""
    machine.apply(STACK)
    machine.edit("quickstart/dev/app.py", "replicas=2", "replicas=3")
    machine.apply(STACK)
    machine.use(TARGET % other.kubeconfig)

    machine.kusion("drift", "-w", machine.directory(STACK))
    machine.kusion("rollback", "--yes", "-w", machine.directory(STACK))
    [namespace] = machine.namespaces()
    restored = machine.live("deployment", f"{namespace}-dev-quickstart", namespace)
    machine.destroy(STACK)

    assert restored["spec"]["replicas"] == 2
    assert namespace not in other.kubectl("get", "namespaces", "-o", "name")


def test_a_stack_whose_cluster_is_gone_is_forgotten_and_comes_up_in_another(
    machine: ClusterMachine, other: ControlPlane
) -> None:
    machine.apply(STACK)
    [namespace] = machine.namespaces()
    machine.use(TARGET % other.kubeconfig)

    refused = machine.apply(STACK, code=1)
    machine.destroy(STACK, "--forget")
    machine.apply(STACK)
    moved = other.kubectl("get", "deployments", "-n", namespace, "-o", "name")
    machine.destroy(STACK)

    assert "`kusion destroy --forget` forgets what the stack had there" in refused.err
    assert f"{namespace}-dev-quickstart" in moved
    assert machine.namespaces() == {namespace}, "what is forgotten stays where it is"
    machine.plane.kubectl("delete", "namespace", namespace)


def test_a_cluster_may_be_given_a_name_later_and_is_the_same(machine: ClusterMachine, other: ControlPlane) -> None:
    named = "{kind: cluster, kubeconfig: KUBECONFIG, identifier: prod-eu}"
    machine.apply(STACK)

    machine.use(named)
    changes = machine.preview(STACK)["changes"]
    machine.use(named.replace("KUBECONFIG", str(other.kubeconfig)))
    refused = machine.apply(STACK, code=1)
    machine.use()
    machine.destroy(STACK)

    assert {each["operation"] for each in changes} == {"same"}
    assert "the workspace calls it 'prod-eu'" in refused.err


def test_a_cluster_that_has_lost_its_name_is_refused_with_the_name(machine: ClusterMachine) -> None:
    machine.use("{kind: cluster, kubeconfig: KUBECONFIG, identifier: prod-eu}")
    machine.apply(STACK)
    machine.use()

    refused = machine.apply(STACK, code=1)
    machine.use("{kind: cluster, kubeconfig: KUBECONFIG, identifier: prod-eu}")
    machine.destroy(STACK)

    assert "say so: context.target.identifier: prod-eu" in refused.err


def test_credentials_that_are_refused_are_told_as_such(machine: ClusterMachine, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    text = machine.plane.kubeconfig.read_text(encoding="utf-8")
    [line] = [each for each in text.splitlines() if "token: " in each]
    token = line.partition("token: ")[2]
    wrong.write_text(text.replace(token, "expired"), encoding="utf-8")
    machine.use(TARGET % wrong)

    refused = machine.apply(STACK, code=1)

    assert "does not take these credentials" in refused.err
    assert machine.namespaces() == set()


def test_a_cluster_that_does_not_answer_is_told_as_such(machine: ClusterMachine, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    text = machine.plane.kubeconfig.read_text(encoding="utf-8")
    [line] = [each for each in text.splitlines() if "server: " in each]
    nowhere.write_text(text.replace(line, "    server: https://127.0.0.1:1"), encoding="utf-8")
    machine.use(TARGET % nowhere)

    refused = machine.apply(STACK, code=1)

    assert "the cluster cannot be reached" in refused.err and "https://127.0.0.1:1" in refused.err


def test_a_kubeconfig_from_the_secret_store_is_left_nowhere(machine: ClusterMachine) -> None:
    content = machine.plane.kubeconfig.read_text(encoding="utf-8")
    [line] = [each for each in content.splitlines() if "token: " in each]
    token = line.partition("token: ")[2]
    machine.environment["CLUSTER"] = content
    machine.use("{kind: cluster, kubeconfig: 'ref://CLUSTER'}", "secretStore: {provider: {env: {}}}\n")

    said = machine.apply(STACK).said + json.dumps(machine.release(STACK))
    left = [path for path in machine.root.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    machine.destroy(STACK)

    assert token not in said
    assert left == []
