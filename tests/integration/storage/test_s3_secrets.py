"""No value of a secret gets into a bucket, nor anywhere else where the bucket fails in the middle of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from kusion_dsl.storage.store import open_store
from tests.integration.cli.canaries import found_in
from tests.integration.cli.machine import Machine
from tests.integration.cli.vault import INTERPOLATED, PASSPHRASE, STORED, UNUSED, Vault, vault_on
from tests.stores.s3 import S3, Fault, answering, dropped_after

ACCOUNT = "canary-secret-access-key"
"""What the fixture ``s3`` puts into the environment."""
SAID_BY_S3 = "canary-that-the-store-says"
EXPIRED = answering("400 Bad Request", "ExpiredToken", f"<Token-0>{SAID_BY_S3}</Token-0>")


@pytest.fixture
def vault(machine_on_s3: Machine, tmp_path: Path) -> Vault:
    return vault_on(machine_on_s3, "env", tmp_path / "executed")


@pytest.mark.parametrize("fault", [EXPIRED, dropped_after], ids=["expired", "timed out after it was done"])
def test_after_a_store_that_failed(vault: Vault, s3: S3, fault: Fault) -> None:
    url = vault.machine.kusion("engine", "env", "-o", "json").document["variables"]["PULUMI_BACKEND_URL"]
    s3.fail_from(fault, "/state/", when=vault.secrets.exists)
    vault.run("apply", "--yes", code=1)
    s3.heal()
    kept = bucket(url)
    vault.run("apply", "--yes")
    vault.run("release", "show", "-o", "json")
    generated = vault.generated
    vault.run("destroy", "--yes")

    values = [STORED, INTERPOLATED, generated, PASSPHRASE, UNUSED, ACCOUNT, SAID_BY_S3]
    assert any("/state/" in key for key in kept), "the journal of the run is there"
    assert [key for key, content in (kept | bucket(url)).items() if found_in(key.encode() + content, values)] == []
    assert vault.leaks(values) == {}
    assert [text.decode() for text in vault.said if found_in(text, values)] == []
    assert vault.exposed(values) == []


def bucket(url: str) -> dict[str, bytes]:
    """Everything that lies there."""
    store = open_store(url)
    return {key: store.get(key) or b"" for key in store.list("")}
