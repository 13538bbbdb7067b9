"""What is there already and is not the stack's: told by a preview, refused by an apply, and taken over when asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.functional.commandline import DEPLOYMENT, NAMESPACE, SHOP, Kusion

TARGET = "manifests:.manifests/default/dev"


@pytest.fixture
def occupied(kusion: Kusion) -> Kusion:
    """A machine where the stack's Deployment is there already, with one replica, and Helm manages it."""
    kusion.stack()
    spec = kusion.done("generate", "-w", "dev", "-o", "json").document
    [deployment] = [each["attributes"] for each in spec["resources"] if each["id"] == DEPLOYMENT]
    deployment["spec"]["replicas"] = 1
    kusion.engine.live[TARGET] = {DEPLOYMENT: deployment}
    kusion.engine.held_by[DEPLOYMENT] = ("Helm",)
    return kusion


def adopted(kusion: Kusion, *arguments: str) -> Any:
    document = kusion.done("preview", "-w", "dev", "-o", "json", *arguments).document
    [found] = [each for each in document["changes"] if each["operation"] == "adopt"]
    assert document["summary"]["adopt"] == 1
    return found


def test_a_preview_tells_whose_it_is_and_what_would_become_of_it(occupied: Kusion) -> None:
    told = occupied.done("preview", "-w", "dev")
    found = adopted(occupied)

    assert f"= {DEPLOYMENT}  is there already, managed by Helm, dev/app.py:7" in told.out
    assert "spec.replicas: 1 -> 2  dev/app.py:7" in told.out
    assert "1 to create, 1 to adopt" in told.out
    assert found["heldBy"] == ["Helm"]
    assert [(each["path"], each["before"], each["after"]) for each in found["fields"]] == [("spec.replicas", 1, 2)]


def test_a_preview_says_that_an_apply_would_refuse(occupied: Kusion) -> None:
    warning = f"apply refuses to take over without --adopt what is not this stack's: {DEPLOYMENT}"

    assert warning in occupied.done("preview", "-w", "dev").err
    assert warning not in occupied.done("preview", "-w", "dev", "--adopt").err


@pytest.mark.parametrize("output", ["table", "json"])
def test_nothing_is_taken_over_unasked(occupied: Kusion, output: str) -> None:
    refused = occupied("apply", "-w", "dev", "--yes", "-o", output)

    assert refused.code == 1
    assert "what is to be created is there already, and is not this stack's" in refused.err
    assert f"{DEPLOYMENT} is there already, managed by Helm" in refused.err
    assert "nothing was changed; --adopt takes it over" in refused.err
    assert "apply" not in occupied.engine.calls
    assert occupied("release", "show", "-w", "dev").code == 1, "no release was made"


def test_nobody_is_asked_what_would_be_refused_anyway(occupied: Kusion) -> None:
    refused = occupied("apply", "-w", "dev", answer="y\n")

    assert refused.code == 1 and "Apply this to" not in refused.err


def test_what_is_asked_for_is_taken_over_and_is_the_stacks_from_then_on(occupied: Kusion) -> None:
    done = occupied.done("apply", "-w", "dev", "--yes", "--adopt")
    results = occupied.done("release", "show", "-w", "dev", "-o", "json").document["results"]
    again = occupied.done("apply", "-w", "dev", "--yes")
    occupied.done("destroy", "-w", "dev", "--yes")

    assert f"adopted {DEPLOYMENT}" in done.err
    assert {each["id"]: each["operation"] for each in results} == {DEPLOYMENT: "adopt", NAMESPACE: "create"}
    assert "No changes" in again.out
    assert DEPLOYMENT not in occupied.live


def test_who_sees_it_at_a_terminal_and_says_yes_has_it_taken_over(occupied: Kusion) -> None:
    done = occupied.done("apply", "-w", "dev", "--adopt", answer="y\n")

    assert "is there already, managed by Helm" in done.out
    assert occupied.live[DEPLOYMENT]["spec"]["replicas"] == 2


def test_a_plan_remembers_that_it_may_take_over(occupied: Kusion) -> None:
    occupied.done("preview", "-w", "dev", "--adopt", "--save", "shop.plan")
    plan = json.loads((occupied.root / "shop.plan").read_text(encoding="utf-8"))
    occupied.done("apply", "shop.plan", "-w", "dev", "--yes")

    assert plan["adopt"] is True
    assert {each["id"]: each["operation"] for each in plan["changes"]}[DEPLOYMENT] == "adopt"
    assert occupied.live[DEPLOYMENT]["spec"]["replicas"] == 2


def test_a_plan_that_may_not_take_over_does_not(occupied: Kusion) -> None:
    occupied.done("preview", "-w", "dev", "--save", "shop.plan")

    refused = occupied("apply", "shop.plan", "-w", "dev", "--yes", "--adopt")

    assert refused.code == 1 and "is there already" in refused.err
    assert occupied.live[DEPLOYMENT]["spec"]["replicas"] == 1


def test_a_plan_is_refused_where_somebody_else_has_changed_what_it_adopts(occupied: Kusion) -> None:
    occupied.done("preview", "-w", "dev", "--adopt", "--save", "shop.plan")
    spec: dict[str, Any] = occupied.engine.live[TARGET][DEPLOYMENT]["spec"]
    spec["replicas"] = 7

    refused = occupied("apply", "shop.plan", "-w", "dev", "--yes")

    assert refused.code == 1 and "spec.replicas: before 1 -> 7" in refused.err
    assert occupied.live[DEPLOYMENT]["spec"]["replicas"] == 7


def test_an_object_of_another_stack_is_told_with_its_name(kusion: Kusion) -> None:
    shared = "context: {target: {kind: manifests, directory: /shared}}\n"
    kusion.write({"default.yaml": shared})
    kusion.done("workspace", "update", "default", "-f", "default.yaml")
    kusion.stack(name="prod")
    kusion.stack()
    kusion.done("apply", "-w", "prod", "--yes")
    kusion.engine.held_by[NAMESPACE] = ("kusion",)

    told = kusion.done("preview", "-w", "dev", "-o", "json").document

    [found] = [each for each in told["changes"] if each["operation"] == "adopt"]
    assert (found["id"], found["heldBy"]) == (NAMESPACE, ["stack shop/prod in workspace default"])
    assert kusion("apply", "-w", "dev", "--yes").code == 0, "a Namespace is shared without being asked for"


def test_a_rollback_takes_nothing_over_unasked(occupied: Kusion) -> None:
    occupied.done("apply", "-w", "dev", "--yes", "--adopt")
    occupied.stack(SHOP.replace("class Shop", "class Store"))
    occupied.done("apply", "-w", "dev", "--yes")
    occupied.engine.live[TARGET][DEPLOYMENT] = {"spec": {"replicas": 4}}

    refused = occupied("rollback", "-w", "dev", "--yes")
    done = occupied.done("rollback", "-w", "dev", "--yes", "--adopt")

    assert refused.code == 1 and "--adopt takes it over" in refused.err
    assert f"adopted {DEPLOYMENT}" in done.err
    assert occupied.live[DEPLOYMENT]["spec"]["replicas"] == 2


def test_what_the_workspace_imports_was_asked_for(occupied: Kusion) -> None:
    importing = f"importedResources: {{'{DEPLOYMENT}': shop/shop-dev-shop}}"
    imported = f"modules:\n  service:\n    configs:\n      default:\n        {importing}\n"
    occupied.write({"default.yaml": imported})
    occupied.done("workspace", "update", "default", "-f", "default.yaml")

    done = occupied.done("apply", "-w", "dev", "--yes")

    assert f"adopted {DEPLOYMENT}" in done.err
