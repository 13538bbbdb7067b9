"""Previews and plans with the real Pulumi, on files that somebody edits."""

from __future__ import annotations

import random
from typing import Any

import yaml

from tests.functional.commandline import IMPORTS
from tests.functional.knobs import BASES, KNOBS, Turned, check, texts, turn
from tests.integration.cli.machine import Machine, snapshot, touched

STACK = "knobs/dev"
SHOP = "shop/dev"
ROUNDS = 6
DEPLOYMENT = "deployment_apps_v1_shop_shop-dev-shop.yaml"
DEPLOYMENT_ID = "apps/v1:Deployment:shop:shop-dev-shop"


def write(machine: Machine, turned: Turned) -> None:
    app, workspace = texts(turned)
    machine.write(
        {
            "knobs/project.yaml": "name: shop\n",
            "knobs/dev/stack.yaml": "name: dev\n",
            "knobs/dev/app.py": IMPORTS + app,
            "knobs/default.yaml": workspace,
        }
    )
    machine.kusion("workspace", "update", "default", "-f", machine.directory("knobs/default.yaml"))


def random_turn(generator: random.Random, base: Turned) -> Turned:
    return {name: generator.choice([base[name], generator.choice(knob.choices())]) for name, knob in KNOBS.items()}


def test_every_change_is_told_as_whose_it_is(machine: Machine) -> None:
    base = BASES[0]
    write(machine, base)
    machine.apply(STACK)
    file = machine.target(STACK) / DEPLOYMENT
    applied = file.read_text(encoding="utf-8")
    generator = random.Random(20)
    for _ in range(ROUNDS):
        ours, theirs = random_turn(generator, base), random_turn(generator, base)
        write(machine, ours)
        live: dict[str, Any] = yaml.safe_load(applied)
        turn(live, base, theirs)
        file.write_text(f"{applied.partition(chr(10))[0]}\n{yaml.safe_dump(live)}", encoding="utf-8")
        changes = machine.preview(STACK)["changes"]
        fields = {field["path"]: field for change in changes for field in change["fields"]}
        check(machine.root, fields, base, ours, theirs)


def edit_the_secret(machine: Machine) -> None:
    file = machine.secrets(SHOP) / "secret_core_v1_shop_shop-dev-shop-env.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    [key] = (key for key in document["stringData"] if key.endswith("DATABASE_URL"))
    document["stringData"][key] = "somebody's own"
    file.write_text(f"# Managed by kusion\n{yaml.safe_dump(document)}", encoding="utf-8")


def test_a_secret_that_somebody_changed_is_told_and_its_value_is_not(machine: Machine) -> None:
    machine.apply(SHOP)
    edit_the_secret(machine)
    done = machine.kusion("preview", "-w", machine.directory(SHOP), "-o", "json")
    [change] = (each for each in done.document["changes"] if each["operation"] != "same")
    [field] = change["fields"]
    assert (field["path"], field["cause"], field["live"]) == (
        'stringData["web.DATABASE_URL"]',
        "drift",
        "[secret]",
    )
    assert "somebody's own" not in done.said


def test_what_is_replaced_tells_what_changes_with_it(machine: Machine) -> None:
    machine.apply(SHOP)
    machine.edit("shop/base.py", "import AppConfiguration", "import AppConfiguration, patch")
    text = (machine.stacks / "shop/base.py").read_text(encoding="utf-8")
    longer = '    patches = [patch(kind="RandomPassword", name="*orders*", merge={"length": 20})]\n'
    machine.write({"shop/base.py": text + longer})

    document = machine.preview(SHOP)
    table = machine.kusion("preview", "-w", machine.directory(SHOP)).out
    machine.apply(SHOP)

    changes = {each["id"]: each for each in document["changes"] if each["operation"] != "same"}
    password = changes.pop("kusion:index:RandomPassword:shop-dev-shop-orders")
    assert (password["operation"], password["note"]) == ("replace", "forced by length")
    assert password["forces"] == list(changes) and len(changes) == 3
    for change in changes.values():
        [field] = change["fields"]
        assert (change["operation"], field["cause"], field["follows"]) == ("update", "yours", [password["id"]])
    assert f"this changes too: {', '.join(changes)}\n" in table
    assert '#result}" has another value  follows kusion:index:RandomPassword:shop-dev-shop-orders\n' in table
    assert [each["id"] for each in machine.release(SHOP)["results"]] == [password["id"], *changes]


def test_a_plan_is_applied_as_it_was_shown(machine: Machine) -> None:
    machine.apply(SHOP)
    machine.edit("shop/base.py", "1.4.2", "1.5.0")
    plan = str(machine.root / "shop.plan")
    machine.kusion("preview", "-w", machine.directory(SHOP), "--save", plan)
    before = snapshot(machine.target(SHOP), machine.secrets(SHOP))

    shown = machine.preview(SHOP)
    applied = machine.apply(SHOP, plan)

    assert "this was not shown" not in applied.err
    results = [(each["id"], each["operation"]) for each in machine.release(SHOP)["results"]]
    assert results == [(each["id"], each["operation"]) for each in shown["changes"] if each["operation"] != "same"]
    assert touched(before, snapshot(machine.target(SHOP), machine.secrets(SHOP))) == {DEPLOYMENT}


def test_a_plan_is_refused_where_somebody_edited_what_it_is_about(machine: Machine) -> None:
    machine.apply(SHOP)
    machine.edit("shop/base.py", "1.4.2", "1.5.0")
    plan = str(machine.root / "shop.plan")
    machine.kusion("preview", "-w", machine.directory(SHOP), "--save", plan)
    file = machine.target(SHOP) / DEPLOYMENT
    file.write_text(file.read_text(encoding="utf-8").replace("shop:1.4.2", "shop:hotfix"), encoding="utf-8")
    edit_the_secret(machine)
    before = snapshot(machine.target(SHOP), machine.secrets(SHOP), machine.backend)

    refused = machine.apply(SHOP, plan, code=1)

    image = "spec.template.spec.containers[web].image"
    told = f"{DEPLOYMENT_ID}: {image}: live ghcr.io/acme/shop:1.4.2 -> ghcr.io/acme/shop:hotfix"
    assert told in refused.err
    assert "v1:Secret:shop:shop-dev-shop-env: no change -> update" in refused.err
    assert touched(before, snapshot(machine.target(SHOP), machine.secrets(SHOP), machine.backend)) == set()
