"""What lists the manifests of a stack: told where somebody else changed it, and put right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.cli.machine import Machine, snapshot

STACK = "shop/dev"
DEPLOYMENT = "- deployment_apps_v1_shop_shop-dev-shop.yaml\n"


@pytest.fixture
def applied(machine: Machine) -> Iterator[Machine]:
    """A machine with the stack on it; afterwards nothing of it is left."""
    machine.apply(STACK)
    yield machine
    machine.destroy(STACK)
    assert not machine.target(STACK).exists() and not machine.secrets(STACK).exists()


def changes(machine: Machine) -> dict[str, str]:
    """What a preview would change, by id."""
    found = machine.preview(STACK)["changes"]
    return {each["id"]: each["operation"] for each in found if each["operation"] != "same"}


def test_what_was_edited_or_deleted_is_drift_and_is_reverted(applied: Machine) -> None:
    places = [directory / "kustomization.yaml" for directory in (applied.target(STACK), applied.secrets(STACK))]
    right = [path.read_text(encoding="utf-8") for path in places]
    assert DEPLOYMENT in right[0] and changes(applied) == {}
    places[0].write_text(right[0].replace(DEPLOYMENT, "").replace("kind:", "namePrefix: x-\nkind:"), encoding="utf-8")
    places[1].unlink()

    previewed = changes(applied)
    told = applied.kusion("drift", "-w", applied.directory(STACK), "-o", "json", code=3).document["stacks"][0]
    applied.apply(STACK)

    assert previewed == {"dev/kustomization.yaml": "update", "dev.secrets/kustomization.yaml": "create"}
    assert [(each["id"], each["change"]) for each in told["drifted"]] == [
        ("dev/kustomization.yaml", "changed"),
        ("dev.secrets/kustomization.yaml", "deleted"),
    ]
    assert "namePrefix" in {each["path"] for each in told["drifted"][0]["fields"]}
    assert [path.read_text(encoding="utf-8") for path in places] == right
    assert changes(applied) == {}


def test_a_run_that_died_before_it_was_written_is_made_up_for(applied: Machine) -> None:
    path = applied.target(STACK) / "kustomization.yaml"
    before = path.read_text(encoding="utf-8")
    applied.edit("shop/dev/app.py", "override(replicas=1)", "override(replicas=1)\n    network = None")
    applied.apply(STACK)
    after = path.read_text(encoding="utf-8")
    path.write_text(before, encoding="utf-8")

    applied.apply(STACK)

    assert before != after and path.read_text(encoding="utf-8") == after


def test_somebody_elses_stays_and_what_it_leaves_out_is_told(applied: Machine) -> None:
    own = applied.target(STACK) / "kustomization.yaml"
    own.write_text("resources:\n- namespace_core_v1__shop.yaml\n", encoding="utf-8")
    before = snapshot(own.parent)

    table = applied.kusion("preview", "-w", applied.directory(STACK))
    applied.edit("shop/dev/app.py", "replicas=1", "replicas=3")
    applied.apply(STACK)

    assert "No changes" in table.out
    [told] = [line for line in table.out.splitlines() if "dev/kustomization.yaml  not kusion's" in line]
    assert "deployment_apps_v1_shop_shop-dev-shop.yaml" in told and "namespace_core" not in told
    assert snapshot(own.parent)[str(own)] == before[str(own)]
    own.unlink()
