"""A stack of the real engine in a temporary directory."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kusion_dsl.engine.command import engine_environment
from kusion_dsl.engine.pulumi_engine import PulumiEngine
from kusion_dsl.engine.run import Outcome, Run
from kusion_dsl.model.change import Progress, Step
from kusion_dsl.model.identity import Actor, StackRef
from kusion_dsl.model.reference import Reference
from kusion_dsl.model.spec import Spec, SpecResource, kubernetes_id, kubernetes_type
from kusion_dsl.model.target import Target
from kusion_dsl.storage.backend_url import BackendUrl
from kusion_dsl.storage.disk import Disk
from kusion_dsl.storage.file import FileStore
from kusion_dsl.storage.leases import Lease, Leases
from kusion_dsl.storage.states import States
from kusion_dsl.storage.store import Store


@dataclass
class Bench:
    """An engine, a backend and a directory, and the calls on them with everything else defaulted."""

    pulumi: Path
    root: Path
    secrets: dict[str, str] = field(default_factory=dict)
    reports: list[Progress] = field(default_factory=list)
    ref: StackRef = field(default_factory=lambda: StackRef("shop", "prod", "dev"))
    disk: Disk = field(default_factory=Disk)

    def __post_init__(self) -> None:
        (self.root / "backend").mkdir(exist_ok=True)
        (self.root / "project").mkdir(exist_ok=True)
        self.passphrase.write_text("correct horse battery staple")
        self.engine = PulumiEngine(self.pulumi, self.root / "home")

    @property
    def passphrase(self) -> Path:
        return self.root / "passphrase"

    @property
    def backend(self) -> str:
        return (self.root / "backend").as_uri()

    @property
    def checkpoint(self) -> Path:
        return self.root / "backend/.pulumi/stacks/shop/prod.dev.json"

    @property
    def manifests(self) -> Path:
        return self.root / "project/out"

    @property
    def store(self) -> Store:
        return FileStore(BackendUrl.parse(self.backend).path(Path.cwd()), disk=self.disk)

    @property
    def actor(self) -> Actor:
        return Actor("ann", socket.gethostname(), os.getpid())

    def run(self, *resources: SpecResource, lease: Lease | None = None, **others: Any) -> Run:
        """A run on the state in the backend; without a ``lease`` it can only be previewed."""
        others.setdefault("ref", self.ref)
        others.setdefault("passphrase_file", self.passphrase)
        states = States(self.store)
        return Run(
            spec=Spec(resources),
            target=Target("manifests", "out"),
            directory=self.root / "project",
            backend=self.backend,
            state=states.held(lease, self.actor) if lease else states.seen(others["ref"]),
            secret=self._secret,
            **others,
        )

    def leased(self, ref: StackRef | None = None) -> Lease:
        """The lease of the stack, to be held for a run."""
        return Leases(self.store).acquire(ref or self.ref, self.actor, "a test")

    def _secret(self, reference: Reference) -> str:
        return self.secrets[reference.id]

    def preview(self, *resources: SpecResource, **others: Any) -> Mapping[str, Step]:
        return {step.id: step for step in self.engine.preview(self.run(*resources, **others))}

    def apply(self, *resources: SpecResource, **others: Any) -> Outcome:
        self.reports.clear()
        with self.leased() as lease:
            return self.engine.apply(self.run(*resources, lease=lease, **others), self.reports.append)

    def destroy(self, *resources: SpecResource, **others: Any) -> Outcome:
        self.reports.clear()
        with self.leased() as lease:
            return self.engine.destroy(self.run(*resources, lease=lease, **others), self.reports.append)

    def plain_pulumi(self, *arguments: str) -> str:
        """What a plain ``pulumi`` says, with only our plugin on its PATH."""
        scripts = sysconfig.get_path("scripts")
        environment = {
            **engine_environment(self.backend, self.passphrase, self.root / "plain-home"),
            "PATH": os.pathsep.join([str(self.pulumi.parent), scripts, os.defpath]),
            "HOME": str(self.root),
            **{name: value for name, value in os.environ.items() if name.startswith("AWS_")},
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        done = subprocess.run(
            [str(self.pulumi), "--non-interactive", *arguments],
            env=environment,
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def state(self) -> list[dict[str, Any]]:
        """The resources in Pulumi's state."""
        resources: list[dict[str, Any]] = json.loads(self.checkpoint.read_text())["checkpoint"]["latest"]["resources"]
        return resources

    @staticmethod
    def kubernetes(attributes: dict[str, Any], *depends_on: str, **options: Any) -> SpecResource:
        """A Kubernetes object as a resource."""
        type_token = kubernetes_type(attributes["apiVersion"], attributes["kind"])
        return SpecResource(kubernetes_id(attributes), type_token, attributes, depends_on, options)

    @staticmethod
    def namespace(name: str = "shop") -> SpecResource:
        return Bench.kubernetes({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    @staticmethod
    def config_map(name: str, data: Mapping[str, Any], *depends_on: str, **options: Any) -> SpecResource:
        metadata = {"name": name, "namespace": "shop"}
        attributes = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}
        return Bench.kubernetes(attributes, *depends_on, **options)

    @staticmethod
    def secret(name: str, string_data: Mapping[str, str]) -> SpecResource:
        metadata = {"name": name, "namespace": "shop"}
        return Bench.kubernetes(
            {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": dict(string_data)}
        )

    @staticmethod
    def password(name: str = "db", **inputs: Any) -> SpecResource:
        return SpecResource(f"kusion:index:RandomPassword:{name}", "kusion:index:RandomPassword", inputs)


@pytest.fixture
def bench(pulumi_cli: Path, tmp_path: Path) -> Bench:
    return Bench(pulumi_cli, tmp_path)
