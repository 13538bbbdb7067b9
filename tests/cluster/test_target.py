"""Which cluster a stack is in, and how it is reached."""

from __future__ import annotations

import json
from pathlib import Path

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


def test_another_cluster_is_refused(machine: ClusterMachine, control_plane: ControlPlane, tmp_path: Path) -> None:
    other = ControlPlane(tmp_path / "plane", control_plane.parts)
    machine.apply(STACK)
    other.start()
    try:
        machine.use(TARGET % other.kubeconfig)
        refused = machine.apply(STACK, code=1)
    finally:
        other.stop()
    machine.use()
    machine.destroy(STACK)

    assert "this stack is in another cluster" in refused.err and "nothing was changed" in refused.err


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
