"""What a stack has: listed, shown, drawn, and completed in the shell."""

from __future__ import annotations

import os
from typing import Any

import pytest
from click.shell_completion import ShellComplete

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.main import cli
from tests.functional.commandline import DEPLOYMENT, NAMESPACE, SHOP, SHOP_WITH_DATABASE, Kusion, lines

PASSWORD = "kusion:index:RandomPassword:shop-dev-shop-database"
SECRET = "v1:Secret:shop:shop-dev-shop-database-postgres"
SERVER_SECRET = "v1:Secret:shop:shop-dev-shop-database-db-local-secret"
SERVER = "apps/v1:Deployment:shop:shop-dev-shop-database-db-local-deployment"
CLAIM = "v1:PersistentVolumeClaim:shop:shop-dev-shop-database-db-local-pvc"
SERVICE = "v1:Service:shop:shop-dev-shop-database-db-local-service"


@pytest.fixture
def applied(kusion: Kusion) -> Kusion:
    """The stack ``dev``, applied alone, and then with a database."""
    for app in (SHOP, SHOP_WITH_DATABASE):
        kusion.stack(app)
        kusion.done("apply", "-w", "dev", "--yes")
    return kusion


def listed(kusion: Kusion) -> dict[str, Any]:
    """The resources of ``kusion resource list``, by their ids."""
    document = kusion.done("resource", "list", "-w", "dev", "-o", "json").document
    return {each["id"]: each for each in document["resources"]}


def test_a_list(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(SHOP.replace("replicas=2", "replicas=3"))
    kusion.done("apply", "-w", "dev", "--yes")
    assert kusion.done("resource", "list", "-w", "dev").out == lines(
        """
        ID                                     SINCE  CHANGED  LAST RUN
        v1:Namespace:shop                      1      1        unchanged
        apps/v1:Deployment:shop:shop-dev-shop  1      2        done
        """
    )


def test_a_list_for_programs(applied: Kusion) -> None:
    document = applied.done("resource", "list", "--project", "shop", "--stack", "dev", "-o", "json").document
    assert (document["version"], document["release"], document["phase"]) == (1, 2, "succeeded")
    resources = listed(applied)
    assert set(resources) == {NAMESPACE, DEPLOYMENT, PASSWORD, SECRET, SERVER_SECRET, SERVER, CLAIM, SERVICE}
    assert (resources[DEPLOYMENT]["since"], resources[DEPLOYMENT]["changed"]) == (1, 2)
    assert (resources[NAMESPACE]["since"], resources[NAMESPACE]["status"]) == (1, "unchanged")
    assert (resources[PASSWORD]["since"], resources[PASSWORD]["status"]) == (2, "done")


def test_what_failed_is_told(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(SHOP_WITH_DATABASE)
    kusion.engine.failing.add(DEPLOYMENT)
    assert kusion("apply", "-w", "dev", "--yes").code == 1
    found = listed(kusion)[DEPLOYMENT]
    assert (found["status"], found["message"], found["changed"]) == ("failed", "made to fail", 1)
    assert "failed: made to fail\n" in kusion.done("resource", "list", "-w", "dev").out
    assert "KUSION_DB" not in kusion.done("resource", "show", "-w", "dev", DEPLOYMENT).out, "it was not applied"


def test_what_an_unfinished_release_may_have_made_is_listed_as_not_known(applied: Kusion) -> None:
    [final] = (applied.home / "backend/.kusion/v1/releases/shop/default/dev").glob("00000002.2-*.json")
    final.unlink()
    resources = listed(applied)
    assert {each["status"] for each in resources.values()} == {"unknown"}
    assert (resources[DEPLOYMENT]["since"], resources[PASSWORD]["since"]) == (1, None)


def test_a_health_policy_is_shown(kusion: Kusion) -> None:
    policy = "assert res.status.readyReplicas == res.spec.replicas"
    kusion.write(
        {"w.yaml": f"modules: {{service: {{configs: {{default: {{healthPolicy: {{health.kcl: '{policy}'}}}}}}}}}}\n"}
    )
    kusion.done("workspace", "update", "default", "-f", "w.yaml")
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    assert listed(kusion)[DEPLOYMENT]["health"] == {"health.kcl": policy}
    assert f"health    health.kcl: {policy}\n" in kusion.done("resource", "show", "-w", "dev", DEPLOYMENT).out


def test_nothing_to_list(kusion: Kusion) -> None:
    kusion.stack()
    assert "has no release yet" in kusion.refused("resource", "list", "-w", "dev")
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.done("destroy", "-w", "dev", "--yes")
    assert kusion.done("resource", "list", "-w", "dev").out == (
        "shop/dev in workspace default has no resources, as release 2 left it.\n"
    )


def test_one_resource(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    assert kusion.done("resource", "show", "-w", "dev", "Namespace").out == lines(
        """
        id        v1:Namespace:shop
        type      kubernetes:core/v1:Namespace
        since     release 1
        changed   release 1
        last run  release 1: done
        from      project shop
        needed by apps/v1:Deployment:shop:shop-dev-shop
        attributes
          apiVersion: v1
          kind: Namespace
          metadata:
            name: shop
        """
    )


def test_one_resource_for_programs(applied: Kusion) -> None:
    applied.engine.outputs[SERVICE] = {"status": {"loadBalancer": "10.0.0.1"}}
    applied.stack(SHOP_WITH_DATABASE.replace("replicas=2", "replicas=3"))
    applied.done("apply", "-w", "dev", "--yes")
    shown = applied.done("resource", "show", "-w", "dev", SERVICE, "-o", "json").document["resource"]
    assert shown["outputs"] == {"status": {"loadBalancer": "10.0.0.1"}}
    assert shown["needs"] == [NAMESPACE] and shown["neededBy"] == []
    assert (shown["origins"][0]["file"], shown["origins"][0]["line"]) == ("dev/app.py", 8)
    assert "live" not in shown
    needed = applied.done("resource", "show", "-w", "dev", PASSWORD, "-o", "json").document["resource"]["neededBy"]
    assert set(needed) == {SECRET, SERVER_SECRET}


def test_what_it_is_like_now(applied: Kusion) -> None:
    applied.live[DEPLOYMENT]["spec"]["replicas"] = 9
    arguments = ("resource", "show", "-w", "dev", DEPLOYMENT, "--live")
    shown = applied.done(*arguments, "-o", "json").document["resource"]
    assert (shown["attributes"]["spec"]["replicas"], shown["live"]["spec"]["replicas"]) == (2, 9)
    assert "\nlive\n  apiVersion: apps/v1\n" in applied.done(*arguments).out
    del applied.live[DEPLOYMENT]
    assert applied.done(*arguments, "-o", "json").document["resource"]["live"] is None
    assert applied.done(*arguments).out.endswith("live      gone\n")


def test_the_data_of_a_secret_is_hidden(applied: Kusion) -> None:
    shown = applied.done("resource", "show", "-w", "dev", SECRET, "--live", "-o", "json").document["resource"]
    for side in ("attributes", "live"):
        assert set(shown[side]["stringData"].values()) == {"[secret]"}


def test_a_wrong_id(applied: Kusion) -> None:
    refused = applied.refused("resource", "show", "-w", "dev", "v1:Namespace:shp")
    assert "there is no resource 'v1:Namespace:shp'" in refused and "did you mean 'v1:Namespace:shop'?" in refused
    assert "'Secret' fits 2 resources" in applied.refused("resource", "show", "-w", "dev", "Secret")


def test_a_tree(applied: Kusion) -> None:
    assert applied.done("resource", "graph", "-w", "dev").out == lines(
        f"""
        shop/dev in workspace default
        {SERVICE}
        └── {NAMESPACE}
        {SERVER}
        ├── {CLAIM}
        │   └── {NAMESPACE}
        └── {SERVER_SECRET}
            ├── {PASSWORD}
            └── {NAMESPACE}
        {DEPLOYMENT}
        └── {SECRET}
            ├── {PASSWORD}
            └── {NAMESPACE}
        """
    )


def test_the_changes_of_a_preview_are_marked(applied: Kusion) -> None:
    applied.stack(SHOP)
    before = applied.snapshot()
    assert applied.done("resource", "graph", "-w", "dev", "--changes").out == lines(
        f"""
        shop/dev in workspace default
        ~ {DEPLOYMENT}
        └──   {NAMESPACE}
        - {SERVICE}
        └──   {NAMESPACE}
        - {SECRET}
        ├── - {PASSWORD}
        └──   {NAMESPACE}
        - {SERVER}
        ├── - {CLAIM}
        │   └──   {NAMESPACE}
        └── - {SERVER_SECRET}
            ├── - {PASSWORD}
            └──   {NAMESPACE}
        """
    )
    document = applied.done("resource", "graph", "-w", "dev", "--changes", "-o", "json").document
    assert {each["id"]: each["operation"] for each in document["resources"]} == {
        NAMESPACE: "same",
        DEPLOYMENT: "update",
        **dict.fromkeys((PASSWORD, SECRET, SERVER_SECRET, SERVER, CLAIM, SERVICE), "delete"),
    }
    assert applied.snapshot() == before


def test_the_first_preview_of_a_stack_is_drawn_too(kusion: Kusion) -> None:
    kusion.stack()
    assert kusion.done("resource", "graph", "-w", "dev", "--changes").out == lines(
        f"""
        shop/dev in workspace default
        + {DEPLOYMENT}
        └── + {NAMESPACE}
        """
    )


def test_mermaid(kusion: Kusion) -> None:
    kusion.stack()
    assert kusion.done("resource", "graph", "-w", "dev", "--changes", "-o", "mermaid").out == lines(
        f"""
        flowchart LR
          n0["+ {NAMESPACE}"]:::create
          n1["+ {DEPLOYMENT}"]:::create
          n1 --> n0
          classDef create fill:#d3f2d9,color:#000
        """
    )


def test_dot(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    assert kusion.done("resource", "graph", "-w", "dev", "-o", "dot").out == lines(
        f"""
        digraph "shop/dev in workspace default" {{
          rankdir=LR
          node [shape=box, style=filled, fillcolor=white]
          "{NAMESPACE}" [label="{NAMESPACE}"]
          "{DEPLOYMENT}" [label="{DEPLOYMENT}"]
          "{DEPLOYMENT}" -> "{NAMESPACE}"
        }}
        """
    )


def completed(kusion: Kusion, incomplete: str, *options: str) -> list[str]:
    """What the shell offers for the id in ``kusion resource show``."""
    completion = ShellComplete(cli, {"obj": Invocation(dict(os.environ), kusion.host)}, "kusion", "_KUSION_COMPLETE")
    return [each.value for each in completion.get_completions(["resource", "show", *options], incomplete)]


def test_ids_are_completed(applied: Kusion) -> None:
    assert completed(applied, "v1:Sec", "-w", "dev") == [SERVER_SECRET, SECRET]
    assert completed(applied, "v1:N", "--project", "shop", "--stack", "dev") == [NAMESPACE]
    assert completed(applied, "v1:N", "-w", "nowhere") == []
