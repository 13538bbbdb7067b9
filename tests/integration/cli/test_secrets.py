"""No value of a secret lies, stands or travels anywhere but in ``<target>.secrets/`` and, encrypted, in Pulumi's state."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.main import run
from kusion_dsl.model.masking import Mask
from kusion_dsl.operations.host import Host, this_host
from tests.integration.cli.canaries import found_in, leaks
from tests.integration.cli.machine import Machine, lines_of
from tests.integration.cli.vault import INTERPOLATED, PASSPHRASE, STACK, STORED, UNUSED, Vault, vault_on


@pytest.fixture(params=["env", "file"])
def vault(machine: Machine, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return vault_on(machine, request.param, tmp_path_factory.mktemp("trace") / "executed")


def test_no_value_is_left_anywhere(vault: Vault) -> None:
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
    assert "[secret] [secret] [secret]" in vault.run("preview", "-o", "json"), "the pasted values are the difference"
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
    assert vault.exposed(values) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_value_is_left_by_a_run_that_was_cut_off(
    vault: Vault, number: signal.Signals, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Neither of what it left nor of what the next run makes of that."""
    process = vault.machine.start("apply", "--yes", "-w", vault.machine.directory(STACK), start_new_session=True)
    assert any(line.startswith("created v1:") for line in lines_of(process.stderr)), "nothing was made"
    os.killpg(process.pid, number)
    vault.said += [text.encode() for text in process.communicate()]
    assert process.returncode in (130, -signal.SIGKILL)
    left = tmp_path_factory.mktemp("left") / "machine"
    shutil.copytree(vault.machine.root, left, symlinks=True)

    vault.run("preview")
    vault.run("apply", "--yes")

    values = [STORED, INTERPOLATED, vault.generated, PASSPHRASE, UNUSED]
    exempt = [vault.secrets, vault.machine.stacks / "vault" / "store"]
    assert leaks(left, [left / path.relative_to(vault.machine.root) for path in exempt], values) == {}
    assert vault.leaks(values) == {}
    assert [text.decode() for text in vault.said if found_in(text, values)] == []
    assert vault.exposed(values) == []


@pytest.mark.parametrize("vault", ["env"], indirect=True)
def test_what_is_passed_to_a_child_is_seen(vault: Vault) -> None:
    """So the tests above do not succeed because nobody looked."""
    vault.run("apply", "--yes")
    token = re.search(r'"PULUMI_ACCESS_TOKEN=([^"]+)"', vault.trace.read_text(encoding="utf-8"))
    assert token is not None
    assert set(vault.exposed(["--skip-preview", token[1]])) == {"--skip-preview", token[1]}


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
