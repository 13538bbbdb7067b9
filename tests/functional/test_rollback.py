"""Going back: an old release's Spec is made live again, from the backend alone."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from kusion_dsl.errors import EngineError
from tests.functional.commandline import DEPLOYMENT, SHOP, SHOP_WITH_DATABASE, Kusion, lines

TWO = SHOP.replace("shop:1", "shop:2")
THREE = SHOP.replace("shop:1", "shop:3")
NAMED = ("--project", "shop", "--stack", "dev")


@pytest.fixture
def twice(kusion: Kusion) -> Kusion:
    """The stack ``dev``, applied with the image ``shop:1`` and then with ``shop:2``."""
    apply(kusion, SHOP, TWO)
    return kusion


def apply(kusion: Kusion, *apps: str) -> None:
    """Apply one app after the other."""
    for app in apps:
        kusion.stack(app)
        kusion.done("apply", "-w", "dev", "--yes")


def image(kusion: Kusion) -> str:
    """The image that is live."""
    containers: list[dict[str, str]] = kusion.live[DEPLOYMENT]["spec"]["template"]["spec"]["containers"]
    return containers[0]["image"]


def releases(kusion: Kusion) -> list[tuple[int, str, str]]:
    """The releases of ``dev``, the newest first: revision, kind, phase."""
    listed = kusion.done("release", "list", *NAMED, "-o", "json").document["releases"]
    return [(each["revision"], each["kind"], each["phase"]) for each in listed]


def newest(kusion: Kusion) -> dict[str, Any]:
    """The newest release."""
    document: dict[str, Any] = kusion.done("release", "show", *NAMED, "-o", "json").document
    return document


def test_back_to_the_release_before(twice: Kusion) -> None:
    first = twice.done("release", "show", "1", "-w", "dev", "-o", "json").document
    result = twice.done("rollback", "-w", "dev", "--yes")
    assert result.out == lines(
        f"""
        Back to release 1 (ada@workstation, {first["created"]})  from {twice.root}
        shop/dev in workspace default
        ~ apps/v1:Deployment:shop:shop-dev-shop  dev/app.py:7 (shop.workload)
            spec.template.spec.containers[web].image: "shop:2" -> "shop:1"  dev/app.py:7 (shop.workload)

        1 to update, 1 unchanged.
        Release 3 of shop/dev in workspace default succeeded.
        """
    )
    assert image(twice) == "shop:1"
    assert newest(twice)["restores"] == 1
    for part in ("specDigest", "spec", "modules", "workspaceDigest", "options", "source", "target", "provenance"):
        assert newest(twice).get(part) == first.get(part), part


def test_one_after_the_other_goes_further_back(kusion: Kusion) -> None:
    apply(kusion, SHOP, TWO, THREE)
    for expected in (2, 1):
        kusion.done("rollback", "-w", "dev", "--yes")
        assert (newest(kusion)["restores"], image(kusion)) == (expected, f"shop:{expected}")
    assert kusion.refused("rollback", "-w", "dev", "--yes") == lines(
        """
        error: shop/dev in workspace default: there is no release to go back to: none with another Spec succeeded before release 1
          see `kusion release list`
        """
    )


def test_what_has_the_same_spec_as_what_is_live_is_passed_over(twice: Kusion) -> None:
    twice.live[DEPLOYMENT]["spec"]["replicas"] = 9
    twice.done("apply", "-w", "dev", "--yes")
    twice.done("rollback", "-w", "dev", "--yes")
    assert (newest(twice)["revision"], newest(twice)["restores"]) == (4, 1)


def test_after_a_failed_apply_it_goes_to_what_was_there_before(twice: Kusion) -> None:
    twice.engine.failing.add(DEPLOYMENT)
    twice.stack(THREE)
    assert twice("apply", "-w", "dev", "--yes").code == 1
    twice.engine.failing.clear()
    twice.done("rollback", "-w", "dev", "--yes")
    assert (newest(twice)["restores"], image(twice)) == (2, "shop:2")


@pytest.mark.parametrize("trouble", ["a resource", "the engine"])
def test_a_rollback_that_fails_leaves_a_failed_release_and_the_next_goes_on(twice: Kusion, trouble: str) -> None:
    if trouble == "a resource":
        twice.engine.failing.add(DEPLOYMENT)
    else:
        twice.engine.broken = EngineError("the engine died")
    assert twice("rollback", "-w", "dev", "--yes").code == 1
    assert releases(twice)[0] == (3, "rollback", "failed")
    assert image(twice) == "shop:2"
    twice.engine.failing.clear()
    twice.engine.broken = None
    twice.done("rollback", "-w", "dev", "--yes")
    assert (releases(twice)[0], newest(twice)["restores"], image(twice)) == ((4, "rollback", "succeeded"), 1, "shop:1")


def test_after_a_rollback_that_failed_an_apply_goes_on_too(twice: Kusion) -> None:
    twice.engine.failing.add(DEPLOYMENT)
    assert twice("rollback", "-w", "dev", "--yes").code == 1
    twice.engine.failing.clear()
    twice.stack(THREE)
    twice.done("apply", "-w", "dev", "--yes")
    assert (releases(twice)[0], image(twice)) == ((4, "apply", "succeeded"), "shop:3")


def test_a_preview_changes_nothing(twice: Kusion) -> None:
    before = twice.snapshot()
    assert "1 to update, 1 unchanged.\n" in twice.done("rollback", "-w", "dev", "--preview").out
    document = twice.done("rollback", "-w", "dev", "--preview", "-o", "json").document
    assert (document["kind"], document["restores"], document["base"]) == ("rollback", 1, 2)
    assert twice.snapshot() == before


def test_it_asks(twice: Kusion) -> None:
    assert (
        "Restore release 1 of shop/dev in workspace default? [y/N]"
        in twice.unchanged("rollback", "-w", "dev", answer="n\n").err
    )
    twice.done("rollback", "-w", "dev", answer="y\n")
    assert image(twice) == "shop:1"


def test_without_a_terminal_and_without_yes_it_refuses(twice: Kusion) -> None:
    assert "there is no terminal to ask at" in twice.refused("rollback", "-w", "dev")


def test_what_is_live_already_is_left_alone(twice: Kusion) -> None:
    before = twice.snapshot()
    assert "Nothing to do; no release was made.\n" in twice.done("rollback", "2", "-w", "dev", "--yes").out
    assert twice.done("rollback", "2", "-w", "dev", "--yes", "-o", "json").document["changed"] is False
    assert twice.snapshot() == before


def test_drift_of_what_is_live_is_reverted_without_the_application(twice: Kusion) -> None:
    twice.live[DEPLOYMENT]["spec"]["replicas"] = 9
    shutil.rmtree(twice.root / "dev")
    out = twice.done("rollback", "2", *NAMED, "--yes").out
    assert "spec.replicas: 9 -> 2  changed by somebody else, will be reverted" in out
    assert twice.live[DEPLOYMENT]["spec"]["replicas"] == 2


def test_a_conflict_with_what_somebody_else_did_is_told(twice: Kusion) -> None:
    containers = twice.live[DEPLOYMENT]["spec"]["template"]["spec"]["containers"]
    containers[0]["image"] = "shop:hotfix"
    assert 'somebody else made it "shop:hotfix"' in twice.done("rollback", "-w", "dev", "--preview").out
    assert '"shop:hotfix"' not in twice.done("rollback", "-w", "dev", "--preview", "--no-live").out


def test_what_cannot_come_back_is_told(kusion: Kusion) -> None:
    apply(kusion, SHOP_WITH_DATABASE, SHOP)
    result = kusion.done("rollback", "-w", "dev", "--preview")
    assert result.out.endswith(
        lines(
            """
            6 to create, 1 to update, 1 unchanged.
            This cannot be undone:
              kusion:index:RandomPassword:shop-dev-shop-database  its password will be a new one
              v1:PersistentVolumeClaim:shop:shop-dev-shop-database-db-local-pvc  it comes back empty, its data does not
            """
        )
    )
    kusion.done("rollback", "-w", "dev", "--yes")
    lost = kusion.done("rollback", "2", "-w", "dev", "--preview", "-o", "json").document["losses"]
    assert lost == [
        {
            "id": "v1:PersistentVolumeClaim:shop:shop-dev-shop-database-db-local-pvc",
            "what": "its data is lost",
        },
        {"id": "kusion:index:RandomPassword:shop-dev-shop-database", "what": "its password is lost"},
    ]


def test_an_unknown_release(twice: Kusion) -> None:
    assert twice.refused("rollback", "9", "-w", "dev", "--yes") == lines(
        """
        error: shop/dev in workspace default: there is no release 9
          there are releases 1 to 2
        """
    )


def test_a_release_that_failed_is_refused_with_the_one_that_is_meant(twice: Kusion) -> None:
    twice.engine.failing.add(DEPLOYMENT)
    twice.stack(THREE)
    assert twice("apply", "-w", "dev", "--yes").code == 1
    twice.engine.failing.clear()
    assert twice.refused("rollback", "3", "-w", "dev", "--yes") == lines(
        """
        error: shop/dev in workspace default: release 3 failed, so its Spec was never live as a whole
          the newest one before it that succeeded is release 2
        """
    )
    twice.done("apply", "-w", "dev", "--yes")
    assert "release 4 succeeded with the same Spec" in twice.refused("rollback", "3", "-w", "dev", "--yes")


def test_a_release_that_was_abandoned_or_has_not_ended_is_refused(twice: Kusion) -> None:
    [final] = (twice.home / "backend/.kusion/v1/releases/shop/default/dev").glob("00000002.2-*.json")
    final.unlink()
    assert "release 2 has not ended\n  the newest one before it that succeeded is release 1\n" in twice.refused(
        "rollback", "2", "-w", "dev", "--yes"
    )
    twice.done("rollback", "-w", "dev", "--yes")
    assert releases(twice)[:2] == [(3, "rollback", "succeeded"), (2, "apply", "abandoned")]
    assert "release 2 was abandoned, so its Spec was never live as a whole" in twice.refused(
        "rollback", "2", "-w", "dev", "--yes"
    )


def test_a_destroy_is_no_release_to_go_back_to(twice: Kusion) -> None:
    twice.done("destroy", "-w", "dev", "--yes")
    assert "release 3 destroyed the stack\n  use `kusion destroy`" in twice.refused(
        "rollback", "3", "-w", "dev", "--yes"
    )
    twice.done("rollback", "-w", "dev", "--yes")
    assert (newest(twice)["restores"], image(twice)) == (2, "shop:2")


def test_a_destroy_on_the_way_is_passed_over(kusion: Kusion) -> None:
    apply(kusion, SHOP)
    kusion.done("destroy", "-w", "dev", "--yes")
    apply(kusion, TWO)
    kusion.done("rollback", "-w", "dev", "--yes")
    assert (newest(kusion)["restores"], image(kusion)) == (1, "shop:1")


def test_a_stack_without_releases(kusion: Kusion) -> None:
    kusion.stack()
    assert kusion.refused("rollback", "-w", "dev", "--yes") == lines(
        """
        error: shop/dev in workspace default has no release yet
          make one: kusion apply
        """
    )


@pytest.mark.parametrize("revision", ["1", "2"])
def test_a_damaged_release_is_named(twice: Kusion, revision: str) -> None:
    file = twice.home / f"backend/.kusion/v1/releases/shop/default/dev/0000000{revision}.json"
    file.write_bytes(file.read_bytes().replace(b"shop:", b"shoq:"))
    assert f"error: {file}: the record is damaged" in twice.refused("rollback", "1", "-w", "dev", "--yes")


def test_a_damaged_release_on_the_way_is_passed_over_and_named(kusion: Kusion) -> None:
    apply(kusion, SHOP, TWO, THREE)
    file = kusion.home / "backend/.kusion/v1/releases/shop/default/dev/00000002.json"
    file.write_bytes(file.read_bytes().replace(b"shop:2", b"shop:4"))
    result = kusion.done("rollback", "-w", "dev", "--yes")
    assert "warning: release 2 cannot be read: the record is damaged" in result.err
    assert (newest(kusion)["restores"], image(kusion)) == (1, "shop:1")


def test_a_release_on_another_target_is_refused(twice: Kusion) -> None:
    twice.done("destroy", "-w", "dev", "--yes")
    twice.done("apply", "-w", "dev", "--yes", "--target-dir", "elsewhere")
    assert (
        "this stack lives on the manifests in elsewhere, not on the manifests in .manifests/default/dev"
        in twice.refused("rollback", "1", "-w", "dev", "--yes")
    )
    assert "not on the manifests in here" in twice.refused(
        "rollback", "1", "-w", "dev", "--target-dir", "here", "--yes"
    )


SECRETS = """\
secretStore:
  provider:
    env: {}
"""


def test_secrets_are_resolved_now_from_the_old_specs_store(kusion: Kusion) -> None:
    kusion.write({"w.yaml": SECRETS})
    kusion.done("workspace", "update", "default", "-f", "w.yaml")
    kusion.environment["STRIPE_KEY"] = "sk-1234567"
    apply(kusion, SHOP.replace('image="shop:1"', 'image="shop:1", env={"KEY": Secret("STRIPE_KEY")}'), SHOP)
    kusion.write({"w.yaml": "{}\n"})
    kusion.done("workspace", "update", "default", "-f", "w.yaml")
    del kusion.environment["STRIPE_KEY"]
    refused = kusion.refused("rollback", "-w", "dev", "--yes")
    assert "the variable STRIPE_KEY is not set" in refused
    kusion.environment["STRIPE_KEY"] = "sk-1234567"
    kusion.done("rollback", "-w", "dev", "--yes")
    assert newest(kusion)["restores"] == 1


def test_a_damaged_stack_beside_it_is_no_hindrance(twice: Kusion) -> None:
    """Only where a Namespace goes must it be known who else has it."""
    twice.stack(name="prod")
    twice.done("apply", "-w", "prod", "--yes")
    (twice.home / "backend/.kusion/v1/releases/shop/default/prod/00000001.json").write_text("{", encoding="utf-8")
    twice.done("rollback", "-w", "dev", "--yes")
    assert image(twice) == "shop:1"
    assert "prod/00000001.json: the record is damaged" in twice.refused("destroy", "-w", "dev", "--yes")
