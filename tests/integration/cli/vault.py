"""A stack into which secrets come by every way there is, watched wherever they could come out."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from kusion_dsl.documents import load_yaml
from tests.integration.cli import traced
from tests.integration.cli.canaries import found_in, leaks
from tests.integration.cli.machine import Machine

STACK = "vault/dev"
STORED = "st0red/+canary \"of\" 'the' störe\\&?=%"
INTERPOLATED = 'interp0lated/+canary+of/a\\longer"text'
PASSPHRASE = "passphrase-canary-c0rrect-h0rse"
UNUSED = "unused-canary-of-the-envir0nment"

APP = """
from kusion_dsl import AppConfiguration, Secret
from kusion_postgres import Postgres
from kusion_service import Container, Service


class Vault(AppConfiguration):
    database = Postgres(version="16")
    workload = Service(
        containers={
            "web": Container(
                image="vault:1",
                env={
                    "STRIPE_KEY": Secret("stripe", key="api-key"),
                    "WEBHOOK": f"https://hooks.example.org/?token={Secret('hook')}&mode=live",
                    "DSN": f"postgres://u:{database.password}@{database.host}/x?sslmode=require",
                    "PLAIN": "for all to see",
                },
            ),
        },
    )
"""
ENVIRONMENT_STORE = "secretStore:\n  provider:\n    env: {}\n"
FILE_STORE = "secretStore:\n  provider:\n    file: {path: store}\n"


@dataclass
class Vault:
    """A stack with a secret by every way in, everything that its commands said, and all that they executed."""

    machine: Machine
    trace: Path
    said: list[bytes] = field(default_factory=list)

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command on the stack; what it said."""
        done = self.machine.kusion(*arguments, "-w", self.machine.directory(STACK), code=code)
        self.said.append(done.said.encode())
        return done.said

    @property
    def secrets(self) -> Path:
        """Where the Secrets lie."""
        return self.machine.secrets(STACK)

    @property
    def deployment(self) -> Path:
        """The manifest of the workload."""
        return self.machine.target(STACK) / "deployment_apps_v1_vault_vault-dev-vault.yaml"

    @property
    def generated(self) -> str:
        """The password that was generated."""
        [path] = self.secrets.glob("*database-db-local-secret.yaml")
        password = load_yaml(path.read_text(encoding="utf-8"), str(path)).value["stringData"]["password"]
        assert isinstance(password, str) and len(password) == 16
        return password

    def leaks(self, values: list[str]) -> dict[str, list[str]]:
        """Every file that holds a value and may not."""
        return leaks(self.machine.root, [self.secrets, self.machine.stacks / "vault" / "store"], values)

    def executed(self) -> list[Any]:
        """Everything that was executed: arguments and environment."""
        return [json.loads(line) for line in self.trace.read_text(encoding="utf-8").splitlines()]

    def exposed(self, values: list[str]) -> list[str]:
        """The values that any process had among its arguments, or in a variable that its user had not set to that.

        Of the user's variables for Pulumi not even the CLI may have any: it is given files and a token of its own.
        """
        executed = self.executed()
        assert any("up" in each["arguments"] for each in executed), "no apply was seen"
        return [value for each in executed for value in found_in(self._strange(each), values)]

    def _strange(self, executed: Mapping[str, Any]) -> bytes:
        own = self.machine.variables()
        if str(self.machine.pulumi) in executed["arguments"]:
            own = {name: value for name, value in own.items() if not name.startswith("PULUMI_")}
        known = {f"{name}={value}" for name, value in own.items()}
        strange = [text for text in executed["environment"] if text not in known]
        return "\0".join([*executed["arguments"], *strange]).encode(errors="surrogateescape")


def vault_on(machine: Machine, store: Literal["env", "file"], trace: Path) -> Vault:
    """The stack on a machine, with its secrets in a secret store of this kind; ``trace`` is a file elsewhere."""
    machine.write(
        {
            "vault/project.yaml": "name: vault\n",
            "vault/dev/stack.yaml": "name: dev\n",
            "vault/dev/app.py": APP,
            "vault/workspace.yaml": ENVIRONMENT_STORE if store == "env" else FILE_STORE,
        }
    )
    machine.environment |= {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE, "SOMEBODYS_TOKEN": UNUSED}
    if store == "env":
        machine.environment |= {"STRIPE_API_KEY": STORED, "HOOK": INTERPOLATED}
    else:
        place = machine.stacks / "vault" / "store"
        (place / "stripe").mkdir(parents=True)
        place.chmod(0o700)
        (place / "stripe" / "api-key").write_text(STORED, encoding="utf-8")
        (place / "hook").write_text(INTERPOLATED + "\n", encoding="utf-8")
    machine.kusion("workspace", "update", "default", "-f", str(machine.stacks / "vault" / "workspace.yaml"))
    machine.prefix = (sys.executable, str(Path(traced.__file__)), str(trace))
    return Vault(machine, trace)
