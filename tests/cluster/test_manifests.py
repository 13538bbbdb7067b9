"""What the manifests target writes is taken by the API server as it is, as ``kubectl apply -k`` hands it over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kusion_dsl.documents import dump_yaml
from kusion_dsl.model.reference import resolve
from tests.cluster.machine import ClusterMachine
from tests.cluster.test_stacks import CLOUD, PROJECTS, stacks_of

PATIENCE = "--timeout=120s"
EXTERNAL = "{kind: manifests, secrets: external, store: {name: vault, kind: ClusterSecretStore}}"
APP = """\
from kusion_dsl import AppConfiguration, Secret
from kusion_service import Container, Service


class Outside(AppConfiguration):
    workload = Service(containers={"web": Container(image="nginx:1.29.3", env={"KEY": Secret("stripe", key="api-key")})})
"""


@pytest.fixture
def renderer(machine: ClusterMachine) -> Iterator[ClusterMachine]:
    """A machine whose stacks are rendered into directories; what kubectl made of them goes afterwards."""
    machine.use("manifests")
    yield machine
    for namespace in machine.namespaces():
        machine.plane.kubectl("delete", "namespace", namespace, "--wait=false")


def rendered(machine: ClusterMachine, stack: str) -> Path:
    """Render a stack; the directory to hand to kubectl: that of the Secrets, if there are any, takes in the other."""
    machine.apply(stack)
    secrets = machine.secrets(stack)
    return secrets if secrets.exists() else machine.target(stack)


def apply(machine: ClusterMachine, directory: Path, *options: str) -> list[str]:
    """``kubectl apply -k``; what was applied, in order, as ``kind/name``."""
    told = machine.plane.kubectl("apply", "--server-side", "-k", str(directory), *options)
    return [line.partition(" ")[0] for line in told.splitlines()]


def come_up(machine: ClusterMachine, namespace: str) -> None:
    """Wait until everything in a namespace is what it is to become."""
    listed = machine.plane.kubectl("get", "deployments,statefulsets,daemonsets,jobs", "-n", namespace, "-o", "name")
    for name in listed.split():
        if name.startswith("job."):
            machine.plane.kubectl("wait", "--for=condition=Complete", name, "-n", namespace, PATIENCE)
        else:
            machine.plane.kubectl("rollout", "status", name, "-n", namespace, PATIENCE)


@pytest.mark.parametrize("project", PROJECTS)
def test_every_stack_is_taken_and_comes_up(renderer: ClusterMachine, project: str) -> None:
    """A dry run first, in a Namespace that is there: of each manifest the server says whether it would take it."""
    stacks = stacks_of(project)
    directories = [rendered(renderer, stack) for stack in stacks]
    [namespace] = {path.stem.rpartition("_")[2] for path in renderer.target(stacks[0]).glob("namespace_*")}
    renderer.plane.kubectl("create", "namespace", namespace)

    for stack, directory in zip(stacks, directories, strict=True):
        files = [*renderer.target(stack).glob("*_*.yaml"), *renderer.secrets(stack).glob("*_*.yaml")]
        dry = apply(renderer, directory, "--dry-run=server")
        assert len(dry) == len(files) > 1
        assert apply(renderer, directory) == dry
    come_up(renderer, namespace)

    assert dry[0] == f"namespace/{namespace}"
    for directory in directories:
        renderer.plane.kubectl("diff", "--server-side", "-k", str(directory))


@pytest.mark.parametrize("stack", sorted(CLOUD))
def test_the_objects_of_a_stack_in_a_cloud_are_taken(renderer: ClusterMachine, stack: str) -> None:
    """The cloud is not there: what it would say of its resources is a text here."""
    renderer.kusion("workspace", "create", "aws", "-f", str(renderer.stacks / "workspaces" / "aws.yaml"))
    spec = renderer.kusion("generate", "-w", renderer.directory(stack), "-o", "json").document
    objects = [each["attributes"] for each in spec["resources"] if each["type"].startswith("kubernetes:")]
    [namespace] = [each["metadata"]["name"] for each in objects if each["kind"] == "Namespace"]
    renderer.plane.kubectl("create", "namespace", namespace)
    text = "---\n".join(dump_yaml(resolve(each, lambda reference: "unknown", _joined)) for each in objects)

    told = renderer.plane.kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", text=text)

    assert len(told.splitlines()) == len(objects) > 1


def _joined(parts: list[Any]) -> str:
    return "".join(map(str, parts))


def test_a_change_and_a_rollback_reach_the_cluster(renderer: ClusterMachine) -> None:
    stack = "quickstart/dev"
    directory = rendered(renderer, stack)
    apply(renderer, directory)
    [namespace] = renderer.namespaces()
    renderer.edit("quickstart/dev/app.py", "replicas=2", "replicas=3")
    replicas = []
    for command in ("apply", "rollback"):
        renderer.kusion(command, "--yes", "-w", renderer.directory(stack))
        apply(renderer, directory)
        come_up(renderer, namespace)
        replicas.append(renderer.live("deployment", f"{namespace}-dev-quickstart", namespace)["status"]["replicas"])

    assert replicas == [3, 2]


def test_secrets_that_an_operator_makes_are_asked_for_by_name(renderer: ClusterMachine) -> None:
    """Nobody gave a value, and there is none to give."""
    renderer.use(EXTERNAL)
    name = f"outside-{renderer.suffix}"
    renderer.write(
        {"outside/project.yaml": f"name: {name}\n", "outside/dev/stack.yaml": "name: dev\n", "outside/dev/app.py": APP}
    )

    directory = rendered(renderer, "outside/dev")
    apply(renderer, directory)

    assert directory == renderer.target("outside/dev"), "there are no Secrets to keep apart"
    made = renderer.live("externalsecrets.external-secrets.io", f"{name}-dev-outside-env", name)["spec"]
    assert made["secretStoreRef"] == {"name": "vault", "kind": "ClusterSecretStore"}
    assert made["data"] == [{"secretKey": "web.KEY", "remoteRef": {"key": "stripe", "property": "api-key"}}]
    pods = json.loads(renderer.plane.kubectl("get", "deployments", "-n", name, "-o", "json"))["items"]
    assert len(pods) == 1
