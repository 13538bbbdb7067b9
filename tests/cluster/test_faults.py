"""What goes wrong between us and the API server: it converges by itself, or says what to do and converges then."""

from __future__ import annotations

import pytest

from tests.cluster.machine import ClusterMachine
from tests.cluster.proxy import DEPLOYMENTS, NAMESPACES, READS, WRITES, Act, Fault, Proxy

STACK = "quickstart/dev"
FOREVER = 1_000_000
SECONDS = "PULUMI_K8S_CLIENT_TIMEOUT"


def _is_whole(machine: ClusterMachine) -> None:
    """Nothing is left to do, and nothing is there twice."""
    [namespace] = machine.namespaces()
    kinds = "deployments,services,configmaps,secrets"
    listed = machine.plane.kubectl("get", kinds, "-n", namespace, "-o", "name").split()
    ours = [name.partition("/")[0] for name in listed if "kube-root-ca" not in name]
    assert ours == ["deployment.apps", "service"]
    machine.assert_settled(STACK)


RECOVERING = pytest.mark.parametrize(
    "fault",
    [
        Fault(429, times=6, retry_after=1),
        Fault(503, READS, times=4, retry_after=1),
        Fault("reset", READS, times=4),
        Fault("reset after", READS, times=4),
    ],
    ids=["throttled", "not ready", "reset", "reset after"],
)


@RECOVERING
def test_what_passes_by_itself_is_waited_for(machine: ClusterMachine, proxy: Proxy, fault: Fault) -> None:
    happens = proxy.add(Fault(fault.act, fault.methods, times=fault.times, retry_after=fault.retry_after))

    machine.apply(STACK)

    assert happens.met == fault.times
    _is_whole(machine)
    machine.assert_gone(STACK)


@pytest.mark.parametrize(
    ("act", "hint"),
    [
        pytest.param(429, "has too much to do", id="throttled"),
        pytest.param(500, "the API server itself failed", id="500"),
        pytest.param(401, "get new ones, then run this again", id="401"),
        pytest.param("reset", "see whether the API server runs", id="reset"),
        pytest.param("reset after", "see whether the API server runs", id="reset after it was done"),
        pytest.param("stall", "see whether the API server runs", id="no answer"),
        pytest.param("stall after", "see whether the API server runs", id="no answer after it was done"),
    ],
)
def test_what_fails_is_told_and_the_next_run_goes_on(
    machine: ClusterMachine, proxy: Proxy, act: Act, hint: str
) -> None:
    machine.environment[SECONDS] = "3"

    _fails(
        machine,
        proxy,
        Fault(act, WRITES, DEPLOYMENTS),
        "apply",
        "stacks/quickstart/base.py:9: apps/v1:Deployment:",
        hint,
    )
    machine.apply(STACK)
    machine.edit(f"{STACK}/app.py", "replicas=2", "replicas=3")
    _fails(machine, proxy, Fault(act, WRITES, DEPLOYMENTS), "apply", "apps/v1:Deployment:", hint)
    machine.apply(STACK)

    [namespace] = machine.namespaces()
    assert machine.live("deployment", f"{namespace}-dev-quickstart", namespace)["spec"]["replicas"] == 3
    _is_whole(machine)
    _fails(machine, proxy, Fault(act, WRITES, NAMESPACES), "destroy", f"v1:Namespace:{namespace}: ", hint)
    machine.assert_gone(STACK)


def _fails(machine: ClusterMachine, proxy: Proxy, fault: Fault, command: str, *told: str) -> None:
    proxy.add(fault)
    failed = machine.kusion(command, "--yes", "-w", machine.directory(STACK), code=1)
    assert fault.met == 1
    for each in told:
        assert each in failed.err
    assert machine.release(STACK)["phase"] == "failed"


@pytest.mark.parametrize(("act", "hint"), [(500, "the API server itself failed"), (401, "get new ones")])
def test_a_preview_that_fails_changes_nothing(machine: ClusterMachine, proxy: Proxy, act: Act, hint: str) -> None:
    machine.apply(STACK)
    since = machine.mark()
    fault = proxy.add(Fault(act, READS, DEPLOYMENTS, times=FOREVER))

    failed = machine.kusion("preview", "-w", machine.directory(STACK), code=1)

    assert fault.met and hint in failed.err
    assert machine.writes(since, machine.namespaces()) == []
    proxy.faults.clear()
    _is_whole(machine)
    machine.destroy(STACK)


def test_credentials_that_expire_under_an_apply(machine: ClusterMachine, proxy: Proxy) -> None:
    expiry = proxy.add(Fault(401, spared=1, times=FOREVER, path="/namespaces/[^/?]+/(deployments|services)"))

    failed = machine.apply(STACK, code=1)

    assert expiry.met and "get new ones, then run this again; nothing is lost" in failed.err
    assert failed.err.count("get new ones") == 1, "it is one problem, not one of each resource"
    proxy.faults.clear()
    machine.apply(STACK)
    _is_whole(machine)
    machine.assert_gone(STACK)
