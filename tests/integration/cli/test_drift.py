"""Drift with the real Pulumi: files that somebody edited or deleted, Secrets among them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.machine import Machine, snapshot, touched

QUICKSTART, SHOP = "quickstart/dev", "shop/dev"


def report(machine: Machine, *arguments: str, code: int = 3) -> Any:
    """The document of ``kusion drift``, which ends with ``code`` and changes nothing."""
    places = (machine.backend, machine.stacks)
    before = snapshot(*places)
    document = machine.kusion("drift", "-o", "json", *arguments, code=code).document
    assert {name for name in touched(before, snapshot(*places)) if not name.endswith(".pyc")} == set()
    return document


def drifted(machine: Machine, stack: str) -> dict[str, Any]:
    """What drifted of a stack, by id."""
    [examined] = report(machine, "-w", machine.directory(stack))["stacks"]
    return {each["id"]: each for each in examined["drifted"]}


def edit(file: Path, old: str, new: str) -> None:
    """Play somebody who edits a file by hand."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def applied(machine: Machine) -> Machine:
    """A machine with the stack ``shop/dev``, which has passwords, applied."""
    machine.apply(SHOP)
    return machine


def test_nothing_drifted(applied: Machine) -> None:
    assert report(applied, "-w", applied.directory(SHOP), code=0)["summary"]["same"] == 1


def test_an_edited_file(applied: Machine) -> None:
    edit(applied.target(SHOP) / "deployment_apps_v1_shop_shop-dev-shop.yaml", "replicas: 1\n", "replicas: 7\n")
    [(id, found)] = drifted(applied, SHOP).items()
    assert (id, found["change"]) == ("apps/v1:Deployment:shop:shop-dev-shop", "changed")
    [field] = found["fields"]
    assert (field["path"], field["applied"], field["live"]) == ("spec.replicas", 1, 7)
    assert field["origins"][0]["file"] == "dev/app.py"
    shown = applied.kusion("resource", "show", id, "--live", "-w", applied.directory(SHOP), "-o", "json").document
    assert shown["resource"]["live"]["spec"]["replicas"] == 7


def test_a_deleted_file(applied: Machine) -> None:
    next(applied.target(SHOP).glob("service_*orders*")).unlink()
    [(id, found)] = drifted(applied, SHOP).items()
    assert id.startswith("v1:Service:shop:shop-dev-shop-orders") and found["change"] == "deleted"


def test_all_files_deleted(applied: Machine) -> None:
    shutil.rmtree(applied.target(SHOP))
    shutil.rmtree(applied.secrets(SHOP))
    found = drifted(applied, SHOP)
    assert {each["change"] for each in found.values()} == {"deleted"}
    assert len(found) == len([id for id in applied.release(SHOP)["resources"] if not id.startswith("kusion:")])


def test_an_edited_secret_is_told_without_its_value(applied: Machine) -> None:
    [file] = applied.secrets(SHOP).glob("*orders-postgres*")
    [line] = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip().startswith("password:")]
    secret = line.partition(":")[2].strip()
    edit(file, line, line.partition(":")[0] + ": c29tZWJvZHkgZWxzZSdz")
    done = applied.kusion("drift", "-w", applied.directory(SHOP), code=3)
    assert "v1:Secret:shop:shop-dev-shop-orders-postgres\n" in done.out and "password" in done.out
    assert "c29tZWJvZHkgZWxzZSdz" not in done.said and "somebody else's" not in done.said and secret not in done.said
    [(_, found)] = drifted(applied, SHOP).items()
    assert [field["live"] for field in found["fields"]] == ["[secret]"]


def test_a_rollback_to_the_newest_release_reverts_it(applied: Machine) -> None:
    edit(applied.target(SHOP) / "deployment_apps_v1_shop_shop-dev-shop.yaml", "replicas: 1\n", "replicas: 7\n")
    applied.kusion("rollback", "1", "--yes", "-w", applied.directory(SHOP))
    assert report(applied, "-w", applied.directory(SHOP), code=0)["summary"]["same"] == 1


def test_every_stack_and_one_of_them_damaged(machine: Machine) -> None:
    for stack in (QUICKSTART, "quickstart/prod", SHOP):
        machine.apply(stack)
    edit(next(machine.target(QUICKSTART).glob("deployment_*")), "replicas: 2\n", "replicas: 7\n")
    damaged = machine.backend / ".kusion/v1/releases/quickstart/default/prod/00000001.json"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    document = report(machine, "--all", "-w", str(machine.stacks), code=1)
    assert {f"{each['project']}/{each['stack']}": each["status"] for each in document["stacks"]} == {
        QUICKSTART: "drifted",
        "quickstart/prod": "unknown",
        SHOP: "same",
    }
