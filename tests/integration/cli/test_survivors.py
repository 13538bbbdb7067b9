"""Destroying with the real Pulumi what is protected or to be retained: it survives, and the stack goes on."""

from __future__ import annotations

import pytest

from tests.functional.distributions import VAULT, Distributions
from tests.integration.cli.machine import Machine

STACK = "vault/dev"
APP = """
from kusion_dsl import AppConfiguration, option
from kusion_service import Container, Service
from kusion_vault import Vault


class Shop(AppConfiguration):
    workload = Service(containers={"web": Container(image="web:1")})
    safe = Vault(option=option("option", default=""))
"""
DEPLOYMENT, NAMESPACE = "apps/v1:Deployment:vault:vault-dev-shop", "v1:Namespace:vault"
KEPT = "v1:ConfigMap:vault:vault-dev-shop-safe"


@pytest.fixture
def vault(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with a module whose object has an option of Pulumi's, and a stack that uses it."""
    distributions = Distributions(machine.root / "site", monkeypatch)
    distributions.module(VAULT, "vault")
    machine.environment["PYTHONPATH"] = str(distributions.directory / "kusion-vault")
    machine.write(
        {"vault/project.yaml": "name: vault\n", "vault/dev/stack.yaml": "name: dev\n", "vault/dev/app.py": APP}
    )
    return machine


def files(machine: Machine) -> list[str]:
    """The kinds of the manifests."""
    return sorted(path.name.partition("_")[0] for path in machine.target(STACK).glob("*_*.yaml"))


def test_what_is_protected_survives_with_what_it_needs(vault: Machine) -> None:
    vault.apply(STACK, "-D", "option=protect")

    done = vault.destroy(STACK)

    assert f"- {DEPLOYMENT}\n" in done.out
    assert done.out.count(f"  {KEPT}  protected: stays\n") == 2
    assert done.out.count(f"  {NAMESPACE}  stays: what is protected depends on it\n") == 2
    assert done.err == f"deleted {DEPLOYMENT}\n"
    assert files(vault) == ["configmap", "namespace"]
    assert vault.release(STACK)["resources"] == [KEPT, NAMESPACE]
    assert "No changes" in vault.destroy(STACK).out
    vault.kusion("drift", "-w", vault.directory(STACK))

    vault.kusion("rollback", "1", "-w", vault.directory(STACK), "--yes")
    assert files(vault) == ["configmap", "deployment", "namespace"]
    vault.apply(STACK)
    assert "3 to delete." in vault.destroy(STACK).out
    assert files(vault) == []


def test_what_is_to_be_retained_is_only_forgotten(vault: Machine) -> None:
    vault.apply(STACK, "-D", "option=retainOnDelete")

    done = vault.destroy(STACK)

    assert done.out.count(f"  {KEPT}  to be retained: stays, and is only forgotten\n") == 2
    assert f"kept, only forgotten {KEPT}\n" in done.err
    assert files(vault) == ["configmap"]
    assert vault.release(STACK)["resources"] == []
