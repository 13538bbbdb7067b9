"""What a preview tells: yours, drift and conflict, with before, after, live and who caused it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.functional.commandline import DEPLOYMENT, NAMESPACE, SHOP, SHOP_WITH_DATABASE, Kusion, lines

THREE = SHOP.replace("replicas=2", "replicas=3")


@pytest.fixture
def applied(kusion: Kusion) -> Kusion:
    """The stack ``dev`` with two replicas, applied."""
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    return kusion


def drift(kusion: Kusion, replicas: int) -> None:
    """Play somebody who changes the number of replicas by hand."""
    spec: dict[str, Any] = kusion.live[DEPLOYMENT]["spec"]
    spec["replicas"] = replicas


def fields(kusion: Kusion, *arguments: str) -> list[dict[str, Any]]:
    """The fields that differ: which, whose doing it is, and the three values."""
    changes = kusion.done("preview", "-w", "dev", "-o", "json", *arguments).document["changes"]
    return [
        {key: value for key, value in field.items() if key in ("path", "cause", "before", "after", "live")}
        for change in changes
        for field in change["fields"]
    ]


def test_a_first_preview_creates_everything_and_nothing_yet(kusion: Kusion) -> None:
    kusion.stack()
    assert kusion.done("preview", "-w", "dev").out == lines(
        """
        shop/dev in workspace default
        + v1:Namespace:shop  project shop
        + apps/v1:Deployment:shop:shop-dev-shop  dev/app.py:7 (shop.workload)

        2 to create.
        """
    )
    assert kusion.engine.live == {}
    assert kusion.engine.calls == ["preview"]


def test_one_field_that_is_yours(applied: Kusion) -> None:
    applied.stack(THREE)
    assert applied.done("preview", "-w", "dev").out == lines(
        """
        shop/dev in workspace default
        ~ apps/v1:Deployment:shop:shop-dev-shop  dev/app.py:7 (shop.workload)
            spec.replicas: 2 -> 3  dev/app.py:7 (shop.workload)

        1 to update, 1 unchanged.
        """
    )
    assert fields(applied) == [{"path": "spec.replicas", "cause": "yours", "before": 2, "after": 3, "live": 2}]


def test_drift(applied: Kusion) -> None:
    drift(applied, 9)
    assert applied.done("preview", "-w", "dev").out == lines(
        """
        shop/dev in workspace default
        ~ apps/v1:Deployment:shop:shop-dev-shop  dev/app.py:7 (shop.workload)
            spec.replicas: 9 -> 2  changed by somebody else, will be reverted

        1 to update, 1 unchanged.
        """
    )
    assert fields(applied) == [{"path": "spec.replicas", "cause": "drift", "before": 2, "after": 2, "live": 9}]


def test_a_conflict(applied: Kusion) -> None:
    drift(applied, 9)
    applied.stack(THREE)
    assert applied.done("preview", "-w", "dev").out == lines(
        """
        shop/dev in workspace default
        ~ apps/v1:Deployment:shop:shop-dev-shop  dev/app.py:7 (shop.workload)
            spec.replicas: 2 -> 3  somebody else made it 9  dev/app.py:7 (shop.workload)

        1 to update, 1 unchanged.
        """
    )
    assert fields(applied) == [{"path": "spec.replicas", "cause": "conflict", "before": 2, "after": 3, "live": 9}]


def test_what_somebody_else_did_already_is_no_change(applied: Kusion) -> None:
    drift(applied, 3)
    applied.stack(THREE)
    assert fields(applied) == []
    assert applied.done("preview", "-w", "dev", "--exit-code").out.endswith(
        "No changes; 2 resources are as they should be.\n"
    )


def test_what_somebody_else_deleted(applied: Kusion) -> None:
    del applied.live[NAMESPACE]
    assert "+ v1:Namespace:shop  somebody else deleted it\n" in applied.done("preview", "-w", "dev").out


def test_a_field_that_somebody_else_added(applied: Kusion) -> None:
    metadata: dict[str, Any] = applied.live[DEPLOYMENT]["metadata"]
    metadata["annotations"] = {"by": "hand"}
    assert fields(applied) == [{"path": "metadata.annotations", "cause": "drift", "live": {"by": "hand"}}]
    applied.done("apply", "-w", "dev", "--yes")
    assert "annotations" not in applied.live[DEPLOYMENT]["metadata"]


def test_apply_reverts_drift(applied: Kusion) -> None:
    drift(applied, 9)
    applied.done("apply", "-w", "dev", "--yes")
    assert applied.live[DEPLOYMENT]["spec"]["replicas"] == 2


def test_no_live_sees_no_drift(applied: Kusion) -> None:
    drift(applied, 9)
    assert fields(applied, "--no-live") == []
    applied.stack(THREE)
    assert fields(applied, "--no-live") == [
        {"path": "spec.replicas", "cause": "yours", "before": 2, "after": 3, "live": 2}
    ]


@pytest.mark.parametrize("command", [("preview",), ("apply", "--yes")])
def test_no_live_on_an_unchanged_stack_starts_no_engine(applied: Kusion, command: tuple[str, ...]) -> None:
    applied.engine.calls.clear()
    assert "No changes; 2 resources are as they should be.\n" in applied.done(*command, "-w", "dev", "--no-live").out
    assert applied.engine.calls == []


def test_exit_code_tells_whether_there_are_changes(applied: Kusion) -> None:
    assert applied("preview", "-w", "dev", "--exit-code").code == 0
    applied.stack(THREE)
    assert applied("preview", "-w", "dev").code == 0
    result = applied("preview", "-w", "dev", "--exit-code", "-o", "json")
    assert (result.code, result.document["summary"]["update"]) == (3, 1)
    applied.stack("class Shop(AppConfiguration):\n    colour = 'red\n")
    assert applied("preview", "-w", "dev", "--exit-code").code == 1


def test_a_preview_changes_nothing(applied: Kusion) -> None:
    applied.stack(THREE)
    before = applied.snapshot()
    for form in ("table", "json", "yaml"):
        applied.done("preview", "-w", "dev", "-o", form)
    assert applied.snapshot() == before


def test_the_document_for_programs(applied: Kusion) -> None:
    applied.stack(THREE)
    document = applied.done("preview", "-w", "dev", "-o", "json").document
    [change] = (each for each in document.pop("changes") if each["operation"] != "same")
    author = {"kind": "author", "name": "shop.workload", "file": "dev/app.py", "line": 7, "column": 0}
    assert change["fields"][0]["origins"][0] == author
    assert (change["id"], change["type"], change["operation"]) == (
        DEPLOYMENT,
        "kubernetes:apps/v1:Deployment",
        "update",
    )
    digest = applied.done("generate", "-w", "dev", "--digest").out.strip()
    assert document == {
        "version": 1,
        "project": "shop",
        "stack": "dev",
        "workspace": "default",
        "digest": digest,
        "base": 1,
        "live": True,
        "kind": "apply",
        "restores": None,
        "target": {"kind": "manifests", "directory": ".manifests/default/dev"},
        "losses": [],
        "summary": {"create": 0, "adopt": 0, "update": 1, "replace": 0, "delete": 0, "same": 1},
        "warnings": [],
    }


def test_yaml_says_the_same_as_json(applied: Kusion) -> None:
    applied.stack(THREE)
    import yaml

    text = applied.done("preview", "-w", "dev", "-o", "yaml").out
    assert yaml.safe_load(text) == json.loads(applied.done("preview", "-w", "dev", "-o", "json").out)


def test_the_cause_may_be_the_workspace(applied: Kusion) -> None:
    applied.write(
        {"default.yaml": "modules:\n  service:\n    configs:\n      default:\n        labels: {tier: gold}\n"}
    )
    applied.done("workspace", "update", "default", "-f", "default.yaml")
    [stored] = applied.home.rglob("default/00000001.yaml")
    out = applied.done("preview", "-w", "dev").out
    assert f'metadata.labels.tier: (absent) -> "gold"  {stored}:5:18 (workspace default)\n' in out


def test_a_variable_that_hides_an_injected_one_is_told(kusion: Kusion) -> None:
    kusion.stack(SHOP_WITH_DATABASE)
    names = [
        each["name"]
        for each in kusion.generate()[DEPLOYMENT]["attributes"]["spec"]["template"]["spec"]["containers"][0]["env"]
    ]
    kusion.stack(SHOP_WITH_DATABASE.replace('"shop:1"', f'"shop:1", env={{"{names[0]}": "mine"}}'))
    warning = kusion.done("preview", "-w", "dev").err
    assert warning.startswith(
        f"warning: dev/app.py:7: the variable {names[0]} of container web hides the one from shop.database "
    )
    [own] = (
        each["value"]
        for each in kusion.generate()[DEPLOYMENT]["attributes"]["spec"]["template"]["spec"]["containers"][0]["env"]
        if each["name"] == names[0]
    )
    assert own == "mine"


def test_who_had_put_it_there_is_named_as_seen_from_here(kusion: Kusion) -> None:
    kusion.write({"one.yaml": "modules: {service: {configs: {default: {labels: {tier: gold}}}}}\n", "two.yaml": "{}\n"})
    kusion.done("workspace", "update", "default", "-f", "one.yaml")
    kusion.stack(SHOP.replace("replicas=2", "replicas=2, annotations={'a': 'b'}"), directory="checkout/shop")
    kusion.done("apply", "-w", "checkout/shop/dev", "--yes")
    kusion.done("workspace", "update", "default", "-f", "two.yaml")
    kusion.stack(directory="checkout/shop")
    out = kusion.done("preview", "-w", "checkout/shop/dev").out
    [stored] = kusion.home.rglob("default/00000001.yaml")
    assert 'metadata.annotations: {"a": "b"} -> (absent)  was checkout/shop/dev/app.py:7 (shop.workload)\n' in out
    assert f'metadata.labels.tier: "gold" -> (absent)  was {stored}:1:' in out
