"""An apply that is ended in the middle, by whoever: what it leaves is whole, and the next one goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.machine import ClusterMachine
from tests.cluster.proxy import DEPLOYMENTS, WRITES, Act, Fault, Proxy, proxied
from tests.integration.cli.machine import PATIENCE, finished

STACK = "quickstart/dev"
NOWHERE = "patches:\n- kind: Deployment\n  merge: {spec: {template: {spec: {nodeSelector: {there: nowhere}}}}}\n"
"""No node has this label: the pods wait until one has."""


def _eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)


def _tree(pid: int) -> dict[int, str]:
    """A process and all below it, whichever of its threads has started them, with their command lines."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        threads = sorted(Path(f"/proc/{pid}/task").iterdir())
        children = [each for thread in threads for each in (thread / "children").read_text(encoding="ascii").split()]
    except OSError:  # it is gone
        return {}
    return {pid: line, **{id: text for child in children for id, text in _tree(int(child)).items()}}


def _victims(process: subprocess.Popen[str], part: str) -> list[int]:
    """The processes of a part of a run: a provider may be a script and what that starts."""
    if part == "kusion":
        return [process.pid]
    known = {"cli": ("--exec-kind",), "provider": ("pulumi-resource-kubernetes", "tests.cluster.standin")}
    return [pid for pid, line in _tree(process.pid).items() if any(each in line for each in known[part])]


def _start(machine: ClusterMachine) -> subprocess.Popen[str]:
    return machine.start("apply", "--yes", "-w", machine.directory(STACK))


def _is_waiting(machine: ClusterMachine, process: subprocess.Popen[str]) -> bool:
    """Whether everything was applied, and only the rollout is waited for."""
    assert process.poll() is None, finished(process).said
    listed = [
        machine.plane.kubectl("get", "deployments,services", "-n", each, "-o", "name") for each in machine.namespaces()
    ]
    return len("".join(listed).split()) == 2 and not any("--exec-kind" in line for line in _tree(process.pid).values())


def _is_whole(machine: ClusterMachine) -> None:
    machine.assert_settled(STACK)
    machine.assert_gone(STACK)


@pytest.mark.parametrize("part", ["kusion", "cli", "provider"])
@pytest.mark.parametrize("act", ["stall", "stall after"])
def test_killed_while_something_is_created(machine: ClusterMachine, proxy: Proxy, part: str, act: Act) -> None:
    fault = proxy.add(Fault(act, WRITES, DEPLOYMENTS))
    process = _start(machine)
    assert fault.happened.wait(PATIENCE)

    victims = _victims(process, part)
    assert victims
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    killed = finished(process)

    assert killed.code == (-signal.SIGKILL if part == "kusion" else 1)
    assert part == "kusion" or "run this again" in killed.err
    machine.apply(STACK)
    _is_whole(machine)


def test_killed_while_a_rollout_is_waited_for(machine: ClusterMachine) -> None:
    machine.use(rest=NOWHERE)
    process = _start(machine)
    _eventually(lambda: _is_waiting(machine, process))

    process.kill()
    finished(process)
    machine.use()
    machine.apply(STACK)

    _is_whole(machine)


def test_interrupted_while_a_rollout_is_waited_for(machine: ClusterMachine) -> None:
    machine.use(rest=NOWHERE)
    process = _start(machine)
    _eventually(lambda: _is_waiting(machine, process))

    process.send_signal(signal.SIGINT)
    interrupted = finished(process)

    assert interrupted.code == 130
    assert "interrupted while waiting; everything was applied" in interrupted.err
    assert machine.release(STACK)["phase"] == "failed"
    machine.use()
    machine.apply(STACK)
    _is_whole(machine)


def test_interrupted_while_something_is_created(machine: ClusterMachine, proxy: Proxy) -> None:
    machine.environment["PULUMI_K8S_CLIENT_TIMEOUT"] = "5"
    fault = proxy.add(Fault("stall after", WRITES, DEPLOYMENTS))
    process = _start(machine)
    assert fault.happened.wait(PATIENCE)

    process.send_signal(signal.SIGINT)
    interrupted = finished(process)

    assert interrupted.code == 130
    assert "what was done is recorded, run it again to go on" in interrupted.err
    assert machine.release(STACK)["phase"] == "failed"
    machine.apply(STACK)
    _is_whole(machine)


@pytest.fixture
def own(pulumi_cli: Path, control_plane: ControlPlane, tmp_path: Path) -> Iterator[ClusterMachine]:
    """A machine with a control plane of its own, whose API server may die."""
    plane = ControlPlane(tmp_path / "plane", control_plane.parts)
    plane.start()
    try:
        machine = ClusterMachine(pulumi_cli, tmp_path / "machine", plane=plane)
        machine.use()
        yield machine
    finally:
        plane.stop()


def test_an_api_server_that_dies_and_comes_back_under_an_apply(own: ClusterMachine, tmp_path: Path) -> None:
    """While a rollout is waited for it is waited for, too; in the middle of writing it is told."""
    own.use(rest=NOWHERE)
    process = _start(own)
    _eventually(lambda: _is_waiting(own, process))

    own.plane.restart_api_server()
    own.plane.kubectl("label", "nodes", "--all", "there=nowhere")
    assert finished(process).code == 0
    _is_whole(own)

    own.environment["PULUMI_K8S_CLIENT_TIMEOUT"] = "5"
    with proxied(own.plane, tmp_path) as proxy:
        own.use(f"{{kind: cluster, kubeconfig: {proxy.kubeconfig}}}", NOWHERE)
        fault = proxy.add(Fault("stall after", WRITES, DEPLOYMENTS))
        process = _start(own)
        assert fault.happened.wait(PATIENCE)
        os.kill(own.plane.pids()["kube-apiserver"], signal.SIGKILL)
        died = finished(process)
    own.plane.restart_api_server()
    own.use(rest=NOWHERE)

    assert died.code == 1 and "see whether the API server runs" in died.err
    own.apply(STACK)
    _is_whole(own)
