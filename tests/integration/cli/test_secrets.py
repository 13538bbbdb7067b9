"""No value of a secret lies, stands or travels anywhere but in ``<target>.secrets/`` and, encrypted, in Pulumi's state."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.main import run
from kusion_dsl.documents import load_yaml
from kusion_dsl.model.masking import Mask
from kusion_dsl.operations.host import Host, this_host
from tests.integration.cli.canaries import found_in, leaks, watched_arguments
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
    """A stack with a secret by every way in, and everything that its commands said."""

    machine: Machine
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


@pytest.fixture(params=["env", "file"])
def vault(machine: Machine, request: pytest.FixtureRequest) -> Vault:
    machine.write(
        {
            "vault/project.yaml": "name: vault\n",
            "vault/dev/stack.yaml": "name: dev\n",
            "vault/dev/app.py": APP,
            "vault/workspace.yaml": ENVIRONMENT_STORE if request.param == "env" else FILE_STORE,
        }
    )
    machine.environment |= {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE, "SOMEBODYS_TOKEN": UNUSED}
    if request.param == "env":
        machine.environment |= {"STRIPE_API_KEY": STORED, "HOOK": INTERPOLATED}
    else:
        store = machine.stacks / "vault" / "store"
        (store / "stripe").mkdir(parents=True)
        store.chmod(0o700)
        (store / "stripe" / "api-key").write_text(STORED, encoding="utf-8")
        (store / "hook").write_text(INTERPOLATED + "\n", encoding="utf-8")
    machine.kusion("workspace", "update", "default", "-f", str(machine.stacks / "vault" / "workspace.yaml"))
    return Vault(machine)


def test_no_value_is_left_anywhere(vault: Vault) -> None:
    with watched_arguments() as arguments:
        for format in ("yaml", "json"):
            vault.run("generate", "-o", format)
        vault.run("preview")
        vault.run("apply", "--yes")
        generated = vault.generated
        vault.run("preview", "-o", "json")
        vault.run("why", "apps/v1:Deployment:vault:vault-dev-vault")
        vault.run("why", "v1:Secret:vault:vault-dev-vault-env", "-o", "json")
        vault.run("release", "show", "-o", "json")
        vault.run("release", "show")
        somebody_pastes(vault, STORED, INTERPOLATED, generated)
        vault.run("why", "v1:Secret:vault:vault-dev-vault-env")
        assert "[secret] [secret] [secret]" in vault.run("preview", "-o", "json"), (
            "the pasted values are the difference"
        )
        vault.run("apply", "--yes", "-o", "yaml")
        vault.run("apply", "--yes", "-o", "json")
        vault.run("release", "list", "-o", "json")
        somebody_breaks(vault, STORED)
        vault.run("preview", code=1)
        vault.run("apply", "--yes", code=1)
        somebody_breaks(vault, generated)
        vault.run("preview", code=1)
        vault.deployment.unlink()
        vault.run("apply", "--yes")
        values = [STORED, INTERPOLATED, generated, PASSPHRASE, UNUSED]
        assert found_in(b"".join(path.read_bytes() for path in vault.secrets.iterdir()), values) == values[:3]
        after_apply = vault.leaks(values)
        vault.run("destroy", "--yes", "-o", "json")

    assert after_apply == {}
    assert vault.leaks(values) == {}
    assert not list(vault.machine.home.rglob("*.log")), "Pulumi's logs would hold them, encrypted"
    assert [text.decode() for text in vault.said if found_in(text, values)] == []
    assert any(b"pulumi\0" in each and b"\0up\0" in each for each in arguments), "the children were not watched"
    assert [each for each in arguments if found_in(each, values)] == []


def somebody_pastes(vault: Vault, *values: str) -> None:
    """Into a live object, where a secret does not belong: to be reverted, and not to be shown as the difference."""
    text = vault.deployment.read_text(encoding="utf-8")
    assert text.count("value: for all to see") == 1
    pasted = " ".join(values).replace("'", "''")
    vault.deployment.write_text(text.replace("value: for all to see", f"value: '{pasted}'"), encoding="utf-8")


def somebody_breaks(vault: Vault, value: str) -> None:
    """A live object, so that YAML's own message would repeat what was written."""
    key = "'" + value.replace("'", "''") + "'"
    vault.deployment.write_text(f"# Written by hand.\n{key}: 1\n{key}: 2\n", encoding="utf-8")


class Unmasked(Mask):
    """Masking switched off."""

    def text(self, text: str) -> str:
        return text

    def value(self, value: Any) -> Any:
        return value


@pytest.mark.parametrize("vault", ["env"], indirect=True)
def test_without_masking_the_values_are_found(vault: Vault) -> None:
    """So the test above does not succeed because nothing would show a value anyway."""
    vault.run("apply", "--yes")
    generated = vault.generated
    somebody_pastes(vault, STORED, generated)

    assert found_in(unmasked(vault, "preview"), [STORED, generated]) == [STORED, generated]
    assert found_in(unmasked(vault, "preview", "-o", "json"), [STORED, generated]) == [STORED, generated]


def unmasked(vault: Vault, *arguments: str) -> bytes:
    """What a command says in this process, on the same machine, with masking switched off."""

    def host(environment: Mapping[str, str], backend: str) -> Host:
        return replace(this_host(environment, backend, lambda: nullcontext(lambda _: None)), mask=Unmasked())

    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        run([*arguments, "-w", vault.machine.directory(STACK)], Invocation(vault.machine.variables(), host))
    return out.getvalue().encode()


@pytest.mark.parametrize("value", [STORED, INTERPOLATED, PASSPHRASE])
def test_search_finds_every_form(value: str) -> None:
    """Embedded in text, at any alignment."""
    for form in encoded_in_context(value):
        assert found_in(form, [value]) == [value], form


def encoded_in_context(value: str) -> Iterator[bytes]:
    for before in ("", "a", "ab", "abc"):
        text = f"{before}{value}the rest"
        yield text.encode()
        yield json.dumps({"key": text}).encode()
        yield quote(text, safe="").encode()
        yield base64.b64encode(text.encode())
        yield base64.urlsafe_b64encode(text.encode())
