"""One control plane for all tests of a run, whichever process they run in, and machines that have it as their target."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.machine import ClusterMachine
from tests.cluster.parts import BuildError, build
from tests.cluster.proxy import Proxy, proxied
from tests.cluster.standin.installation import MissingPluginError, real_plugin
from tests.integration.conftest import pulumi_cli

__all__ = ["pulumi_cli"]


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to run where the real plugin is asked for and is not at hand: the stand-in would be no answer."""
    try:
        real_plugin()
    except MissingPluginError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[ControlPlane]:
    """A control plane that runs; started by the first process that needs it, stopped by the last one that is done.

    What cannot be built here fails the test: what was not run was not tested.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "cluster"
    shared.mkdir(exist_ok=True)
    try:
        plane = ControlPlane(shared / "plane", build(print))
    except BuildError as error:
        pytest.fail(str(error))
    with _counted(shared) as users:
        if users == 1:
            plane.start()
    try:
        yield plane
    finally:
        with _counted(shared, leaving=True) as users:
            if users == 0:
                plane.stop()


@contextmanager
def _counted(directory: Path, *, leaving: bool = False) -> Iterator[int]:
    """How many processes use what lies in ``directory``, this one counted or no longer; the others wait meanwhile."""
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = directory / "users.json"
        users = (json.loads(path.read_text(encoding="utf-8")) if path.exists() else 0) + (-1 if leaving else 1)
        path.write_text(json.dumps(users), encoding="utf-8")
        yield users


@pytest.fixture
def machine(pulumi_cli: Path, control_plane: ControlPlane, tmp_path: Path) -> ClusterMachine:
    """A machine on which nothing was done yet, whose default workspace has the control plane as its target."""
    made = ClusterMachine(pulumi_cli, tmp_path, plane=control_plane)
    made.use()
    return made


@pytest.fixture
def proxy(machine: ClusterMachine, tmp_path: Path) -> Iterator[Proxy]:
    """A proxy through which the machine reaches its cluster."""
    with proxied(machine.plane, tmp_path) as proxy:
        machine.use(f"{{kind: cluster, kubeconfig: {proxy.kubeconfig}}}")
        yield proxy
