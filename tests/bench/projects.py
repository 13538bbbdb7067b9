"""Projects of any size, to be compiled and applied."""

from __future__ import annotations

from pathlib import Path

_HEAD = """\
from kusion_dsl import AppConfiguration
from kusion_network import Network, Port
from kusion_service import Container, HttpProbe, Service


def service(number):
    return Service(
        containers={
            "web": Container(
                image=f"ghcr.io/acme/app-{number}:1.4.2",
                env={"NUMBER": str(number), "LOG_LEVEL": "info"},
                resources={"cpu": "250m-1", "memory": "64Mi"},
                readiness_probe=HttpProbe(path="/healthz", port=8080),
            )
        },
        replicas=2,
    )


"""
_WITH_NETWORK = 'AppConfiguration(name="app-{0}", workload=service({0}), accessories={{"network": Network(ports=[Port(port=8080)])}})'
_WITHOUT_NETWORK = 'AppConfiguration(name="app-{0}", workload=service({0}))'


def write_project(directory: Path, apps: int, *, lone: int = 0) -> Path:
    """A project of ``apps`` applications with a Deployment and a Service each; gives the directory of its stack.

    There are ``lone`` applications more, with a Deployment alone.
    """
    stack = directory / "dev"
    stack.mkdir(parents=True)
    (directory / "project.yaml").write_text("name: bench\n", encoding="utf-8")
    (stack / "stack.yaml").write_text("name: dev\n", encoding="utf-8")
    forms = [_WITH_NETWORK] * apps + [_WITHOUT_NETWORK] * lone
    lines = [f"app_{number} = {form.format(number)}\n" for number, form in enumerate(forms)]
    (stack / "app.py").write_text(_HEAD + "".join(lines), encoding="utf-8")
    return stack


def write_resources(directory: Path, resources: int) -> Path:
    """A project that compiles to exactly so many resources: the Namespace, and those of its applications."""
    return write_project(directory, (resources - 1) // 2, lone=int(resources % 2 == 0))


def write_deployments(directory: Path, deployments: int) -> Path:
    """A project of applications with a Deployment each, and of nothing else but their Namespace."""
    return write_project(directory, 0, lone=deployments)
