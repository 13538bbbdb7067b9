"""A plain ``pulumi`` works with the same backend, with nothing of kusion on its PATH but the plugin."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.cli.machine import Machine, snapshot, touched

STACK = "shop/dev"
PULUMI_STACK = "organization/shop/dev.default"


def test_urns_are_the_resources_of_the_release(machine: Machine) -> None:
    machine.apply(STACK)

    listed = machine.plain_pulumi("stack", "--show-urns", "--stack", PULUMI_STACK)

    urns = [line.split("URN: ", 1)[1].strip() for line in listed.splitlines() if "URN: " in line]
    names = {urn.split("::", 3)[3] for urn in urns if not urn.split("::", 3)[2].startswith("pulumi:")}
    assert names == set(machine.release(STACK)["resources"])
    assert len(names) == 16


def test_stacks_are_listed_with_their_number_of_resources(machine: Machine) -> None:
    machine.apply(STACK)

    [stack] = json.loads(machine.plain_pulumi("stack", "ls", "--all", "--json"))

    assert stack["name"] == PULUMI_STACK
    assert stack["resourceCount"] == 19  # the stack itself and two providers


def test_plugin_refreshes_what_is_its_own(machine: Machine) -> None:
    """A password is read through ``pulumi-resource-kusion``, which the plain CLI starts by itself."""
    machine.apply(STACK)
    before = state_of(machine).read_bytes()
    password = (
        "urn:pulumi:dev.default::shop::kusion:index:RandomPassword::kusion:index:RandomPassword:shop-dev-shop-orders"
    )
    (machine.plain / "Pulumi.yaml").write_text("name: shop\nruntime: python\n", encoding="utf-8")

    arguments = ("--stack", PULUMI_STACK, "--target", password, "--json")
    refreshed = json.loads(machine.plain_pulumi("refresh", "--preview-only", *arguments))

    assert refreshed["changeSummary"] == {"same": 1}, refreshed
    assert state_of(machine).read_bytes() == before


def state_of(machine: Machine) -> Path:
    """Pulumi's state of the stack."""
    return machine.backend / ".pulumi" / "stacks" / "shop" / "dev.default.json"


def test_kusion_goes_on_after_a_plain_pulumi(machine: Machine) -> None:
    machine.apply(STACK)
    exported = machine.plain_pulumi("stack", "export", "--stack", PULUMI_STACK)
    copy = machine.root / "export.json"
    copy.write_text(exported, encoding="utf-8")
    machine.plain_pulumi("stack", "import", "--stack", PULUMI_STACK, "--file", str(copy))

    assert "No changes" in machine.apply(STACK).out


def forget_a_password(machine: Machine) -> None:
    """What somebody may do with a plain pulumi, on purpose or by mistake."""
    password = (
        "urn:pulumi:dev.default::shop::kusion:index:RandomPassword::kusion:index:RandomPassword:shop-dev-shop-orders"
    )
    machine.plain_pulumi("state", "delete", "--yes", "--target-dependents", "--stack", PULUMI_STACK, password)


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_what_a_plain_pulumi_did_is_shown_and_taken_over_after_more_than_a_yes(machine: Machine, command: str) -> None:
    machine.apply(STACK)
    forget_a_password(machine)
    before = snapshot(machine.backend, machine.target(STACK), machine.secrets(STACK))
    arguments = ("-w", machine.directory(STACK))

    warned = "somebody's plain pulumi has changed the state of this stack"
    assert warned in machine.kusion("preview", *arguments).err
    refused = machine.kusion(command, *arguments, "--yes", code=1)
    assert f"{warned}, in {state_of(machine)}" in refused.err
    assert "add --take-over, or answer at a terminal" in refused.err
    assert touched(before, snapshot(machine.backend, machine.target(STACK), machine.secrets(STACK))) == set()

    machine.kusion(command, *arguments, "--yes", "--take-over")
    assert machine.release(STACK)["phase"] == "succeeded"
    assert warned not in machine.kusion("preview", *arguments).err
