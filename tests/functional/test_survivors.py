"""Destroying: what is protected, retained or another checkout's survives, and everybody is told."""

from __future__ import annotations

import pytest

from kusion_dsl.errors import EngineError
from tests.functional.commandline import DEPLOYMENT, NAMESPACE, SHOP, SHOP_WITH_DATABASE, Kusion, lines
from tests.functional.distributions import VAULT, Distributions

KEPT = "v1:ConfigMap:shop:shop-dev-shop-safe"


def with_vault(option: str) -> str:
    """An app with a ConfigMap that has an option of Pulumi's."""
    return f"from kusion_vault import Vault\n\n{SHOP}    safe = Vault(option={option!r})\n"


@pytest.fixture
def vault(kusion: Kusion, distributions: Distributions) -> Kusion:
    """A machine with the module ``vault``."""
    distributions.module(VAULT, "vault")
    return kusion


@pytest.fixture
def protected(vault: Kusion) -> Kusion:
    """The stack ``dev`` with a ConfigMap that is protected, applied."""
    vault.stack(with_vault("protect"))
    vault.done("apply", "-w", "dev", "--yes")
    return vault


def test_what_is_protected_survives_with_what_it_needs(protected: Kusion) -> None:
    result = protected.done("destroy", "-w", "dev", "--yes")
    assert result.out == lines(
        f"""
        shop/dev in workspace default
          {KEPT}  protected: stays
        - {DEPLOYMENT}
          {NAMESPACE}  stays: what is protected depends on it

        1 to delete, 2 unchanged.
        Release 2 of shop/dev in workspace default succeeded.
        These survive:
          {KEPT}  protected: stays
          {NAMESPACE}  stays: what is protected depends on it
        """
    )
    assert result.err == f"deleted {DEPLOYMENT}\n"
    assert set(protected.live) == {KEPT, NAMESPACE}
    release = protected.done("release", "show", "-w", "dev", "-o", "json").document
    assert (release["kind"], release["phase"]) == ("destroy", "succeeded")
    assert {each["id"] for each in release["spec"]["resources"]} == set(release["resources"]) == {KEPT, NAMESPACE}


def test_survivors_for_programs(protected: Kusion) -> None:
    document = protected.done("destroy", "-w", "dev", "--yes", "-o", "json").document
    assert document["survivors"] == [
        {"id": KEPT, "type": "kubernetes:core/v1:ConfigMap", "why": "protected: stays"},
        {"id": NAMESPACE, "type": "kubernetes:core/v1:Namespace", "why": "stays: what is protected depends on it"},
    ]
    assert document["changed"] is True


def test_what_survived_is_still_the_stacks_own(protected: Kusion) -> None:
    protected.done("destroy", "-w", "dev", "--yes")
    assert protected.done("drift", "-w", "dev").out.startswith(
        "shop/dev in workspace default: 2 resources are as release 2 left it"
    )
    kept = protected.done("resource", "show", KEPT, "-w", "dev", "-o", "json").document["resource"]
    assert kept["origins"][0]["file"] == "dev/app.py"
    assert protected.done("destroy", "-w", "dev", "--yes").out.endswith("Nothing to do; no release was made.\n")
    protected.done("apply", "-w", "dev", "--yes")
    assert set(protected.live) == {KEPT, NAMESPACE, DEPLOYMENT}


def test_without_the_protection_it_goes(protected: Kusion) -> None:
    protected.stack(with_vault(""))
    protected.done("apply", "-w", "dev", "--yes")
    protected.done("destroy", "-w", "dev", "--yes")
    assert protected.live == {}


def test_a_stack_of_which_all_is_protected_is_left_alone(protected: Kusion) -> None:
    protected.done("destroy", "-w", "dev", "--yes")
    before = protected.snapshot()
    result = protected.done("destroy", "-w", "dev", "--yes", "-o", "json")
    assert (result.document["changed"], len(result.document["survivors"])) == (False, 2)
    assert protected.snapshot() == before


def test_what_is_imported_survives(kusion: Kusion) -> None:
    kusion.write(
        {
            "imports.yaml": f"""
modules:
  service:
    configs:
      default:
        importedResources: {{"{DEPLOYMENT}": shop/shop-dev-shop}}
"""
        }
    )
    kusion.done("workspace", "update", "default", "-f", "imports.yaml")
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    assert f"{DEPLOYMENT}  protected: stays\n" in kusion.done("destroy", "-w", "dev", "--yes").out
    assert set(kusion.live) == {DEPLOYMENT, NAMESPACE}


def test_what_is_to_be_retained_is_only_forgotten(vault: Kusion) -> None:
    vault.stack(with_vault("retainOnDelete"))
    vault.done("apply", "-w", "dev", "--yes")
    result = vault.done("destroy", "-w", "dev", "--yes")
    assert result.out.count(f"{KEPT}  to be retained: stays, and is only forgotten\n") == 2
    assert f"kept, only forgotten {KEPT}\n" in result.err
    assert set(vault.live) == {KEPT}
    assert vault.done("release", "show", "-w", "dev", "-o", "json").document["resources"] == []


def test_what_is_none_of_ours_is_no_drift(vault: Kusion) -> None:
    vault.stack(with_vault("ignoreChanges"))
    vault.done("apply", "-w", "dev", "--yes")
    vault.live[KEPT]["data"]["a"] = "somebody else's"
    assert vault("drift", "-w", "dev").code == 0
    vault.live[KEPT]["metadata"]["labels"] = {"by": "hand"}
    document = vault("drift", "-w", "dev", "-o", "json").document
    [field] = document["stacks"][0]["drifted"][0]["fields"]
    assert field["path"] == "metadata.labels"


def test_a_stack_of_which_nothing_was_made_is_settled(kusion: Kusion) -> None:
    """An apply that broke says nothing about what exists; the engine's state does."""
    kusion.stack()
    kusion.engine.broken = EngineError("the engine died")
    assert kusion("apply", "-w", "dev", "--yes").code == 1
    kusion.engine.broken = None
    kusion.done("destroy", "-w", "dev", "--yes")
    assert kusion.done("release", "show", "-w", "dev", "-o", "json").document["phase"] == "succeeded"
    assert kusion.done("destroy", "-w", "dev", "--yes").out.endswith("Nothing to do; no release was made.\n")


def test_what_is_lost_is_told_before(kusion: Kusion) -> None:
    kusion.stack(SHOP_WITH_DATABASE)
    kusion.done("apply", "-w", "dev", "--yes")
    out = kusion.unchanged("destroy", "-w", "dev", answer="n\n").out
    assert "database-db-local-pvc" in out and "its data is lost" in out and "its password is lost" in out


OTHER = SHOP.replace("class Shop", "class Store")


@pytest.fixture
def intruder(kusion: Kusion) -> Kusion:
    """Two checkouts with one stack: ``one`` applied it, ``two`` has another app, so that applying it deletes."""
    kusion.stack(directory="one")
    kusion.stack(OTHER, directory="two")
    kusion.done("apply", "-w", "one/dev", "--yes")
    return kusion


@pytest.mark.parametrize("command", ["apply", "destroy", "rollback"])
def test_yes_does_not_delete_what_another_checkout_made(intruder: Kusion, command: str) -> None:
    if command == "rollback":
        intruder.stack(OTHER, directory="one")
        intruder.done("apply", "-w", "one/dev", "--yes")
    refused = intruder.unchanged(command, "-w", "two/dev", "--yes")
    assert "error: this would delete what another checkout made: release" in refused.err
    assert "nothing was changed; add --take-over if the stack is to be this checkout's from now on\n" in refused.err
    intruder.done(command, "-w", "two/dev", "--yes", "--take-over")


def test_whoever_sits_at_the_terminal_is_asked_for_that(intruder: Kusion) -> None:
    refused = intruder.unchanged("apply", "-w", "two/dev", answer="n\n")
    assert f"It deletes what came from {intruder.root}/one. [y/N]" in refused.err
    intruder.done("apply", "-w", "two/dev", answer="y\n")
    assert DEPLOYMENT not in intruder.live


def test_after_it_was_taken_over_nobody_is_asked(intruder: Kusion) -> None:
    intruder.done("apply", "-w", "two/dev", "--yes", "--take-over")
    assert intruder.done("destroy", "-w", "two/dev", "--yes").err.startswith("deleted")


def test_what_deletes_nothing_needs_no_consent(kusion: Kusion) -> None:
    kusion.stack(directory="one")
    kusion.stack(SHOP.replace("replicas=2", "replicas=3"), directory="two")
    kusion.done("apply", "-w", "one/dev", "--yes")
    assert "warning: release 1" in kusion.done("apply", "-w", "two/dev", "--yes").err


def test_a_stack_that_is_named_belongs_to_no_checkout(intruder: Kusion) -> None:
    named = ("--project", "shop", "--stack", "dev")
    assert "warning" not in intruder.done("destroy", *named, "--yes").err
    assert intruder.done("release", "show", *named, "-o", "json").document["source"]["origin"] == f"{intruder.root}/one"


def test_what_holds_something_of_others_stays_and_is_forgotten(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.engine.kept[NAMESPACE] = "stays, as it holds what is not this stack's: ConfigMap theirs"

    result = kusion.done("destroy", "-w", "dev", "--yes")

    assert result.out.count(f"  {NAMESPACE}  stays, as it holds what is not this stack's: ConfigMap theirs") == 2
    assert list(kusion.live) == [NAMESPACE]
    assert kusion.done("release", "show", "-w", "dev", "-o", "json").document["resources"] == []


def test_what_is_no_longer_in_the_spec_and_holds_something_of_others_stays(kusion: Kusion) -> None:
    kusion.stack(SHOP_WITH_DATABASE)
    kusion.done("apply", "-w", "dev", "--yes")
    [claim] = [id for id in kusion.live if ":PersistentVolumeClaim:" in id]
    kusion.engine.kept[claim] = "stays, as others use it"
    kusion.stack()

    result = kusion.done("apply", "-w", "dev", "--yes")
    again = kusion.done("apply", "-w", "dev", "--yes")

    assert f"{claim}  no longer in the Spec, but stays, as others use it" in result.out
    assert claim in kusion.live
    assert "No changes" in again.out and claim not in again.out


def test_what_is_gone_can_be_forgotten_without_anybody_being_asked(protected: Kusion) -> None:
    live = dict(protected.live)
    protected.engine.calls.clear()

    result = protected.done("destroy", "--forget", "-w", "dev", "--yes")
    again = protected.done("destroy", "--forget", "-w", "dev", "--yes")
    resources = protected.done("release", "show", "-w", "dev", "-o", "json").document["resources"]

    assert protected.engine.calls == ["destroy"], "no preview: it would ask what is gone"
    assert f"{KEPT}  only forgotten: stays where it is, if it is anywhere" in result.out
    assert protected.live == live
    assert resources == []
    assert "Nothing to do" in again.out
