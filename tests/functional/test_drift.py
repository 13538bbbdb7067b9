"""Drift: what somebody else changed, from the backend alone."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from kusion_dsl.engine.run import Run
from kusion_dsl.errors import EngineError
from kusion_dsl.model.change import Step
from kusion_dsl.testing import FakeEngine
from tests.functional.commandline import DEPLOYMENT, NAMESPACE, SHOP, Kusion, lines

NAMED = ("--project", "shop", "--stack", "dev")


@pytest.fixture
def applied(kusion: Kusion) -> Kusion:
    """The stack ``dev``, applied."""
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    return kusion


def created(kusion: Kusion, *arguments: str) -> str:
    """When the newest release of ``dev`` was made."""
    text: str = kusion.done("release", "show", *NAMED, "-o", "json", *arguments).document["created"]
    return text


def reported(kusion: Kusion, *arguments: str, code: int = 3) -> Any:
    """The document of ``kusion drift``, which ends with ``code``."""
    result = kusion("drift", *arguments, "-o", "json")
    assert result.code == code, result
    return result.document


def test_nothing_drifted(applied: Kusion) -> None:
    before = applied.snapshot()
    assert applied.done("drift", "-w", "dev").out == (
        f"shop/dev in workspace default: 2 resources are as release 1 left it  (ada@workstation, {created(applied)})\n"
    )
    document = reported(applied, "-w", "dev", code=0)
    assert document["summary"] == {"same": 1, "drifted": 0, "empty": 0, "unknown": 0}
    assert applied.snapshot() == before


def test_what_was_changed_and_what_was_deleted(applied: Kusion) -> None:
    applied.live[DEPLOYMENT]["spec"]["replicas"] = 9
    del applied.live[NAMESPACE]
    before = applied.snapshot()
    result = applied("drift", "-w", "dev")
    assert result.code == 3
    assert result.out == lines(
        f"""
        shop/dev in workspace default: 2 of 2 resources differ from release 1  (ada@workstation, {created(applied)})
        ~ {DEPLOYMENT}
            spec.replicas: 2 -> 9  dev/app.py:7 (shop.workload)
        - {NAMESPACE}  somebody else deleted it
          `kusion rollback 1` reverts this.
        """
    )
    assert applied.snapshot() == before


def test_for_programs(applied: Kusion) -> None:
    applied.live[DEPLOYMENT]["spec"]["replicas"] = 9
    del applied.live[NAMESPACE]
    [stack] = reported(applied, "-w", "dev")["stacks"]
    deployment, namespace = stack.pop("drifted")
    assert stack == {
        "project": "shop",
        "stack": "dev",
        "workspace": "default",
        "status": "drifted",
        "release": 1,
        "applied": created(applied),
        "by": "ada@workstation",
        "resources": 2,
        "problem": None,
    }
    assert (deployment["id"], deployment["change"], namespace["change"]) == (DEPLOYMENT, "changed", "deleted")
    [field] = deployment["fields"]
    assert (field["path"], field["applied"], field["live"]) == ("spec.replicas", 2, 9)
    assert (field["origins"][0]["file"], field["origins"][0]["line"]) == ("dev/app.py", 7)


def test_it_needs_neither_the_application_nor_its_directory(applied: Kusion) -> None:
    applied.live[DEPLOYMENT]["spec"]["replicas"] = 9
    shutil.rmtree(applied.root / "dev")
    (applied.root / ".manifests/default/dev").mkdir(parents=True)
    assert applied("drift", *NAMED).code == 3


def test_what_the_application_says_now_is_not_asked(applied: Kusion) -> None:
    applied.stack(SHOP.replace("replicas=2", "replicas=3"))
    assert reported(applied, "-w", "dev", code=0)["summary"]["same"] == 1
    applied.stack("raise ValueError\n")
    assert reported(applied, "-w", "dev", code=0)["summary"]["same"] == 1


def test_after_a_failure_each_resource_is_compared_with_what_was_applied_of_it(applied: Kusion) -> None:
    applied.stack(SHOP.replace("replicas=2", "replicas=3"))
    applied.engine.failing.add(DEPLOYMENT)
    assert applied("apply", "-w", "dev", "--yes").code == 1
    assert reported(applied, "-w", "dev", code=0)["stacks"][0]["release"] == 2
    applied.live[DEPLOYMENT]["spec"]["replicas"] = 3
    [stack] = reported(applied, "-w", "dev")["stacks"]
    assert (stack["drifted"][0]["fields"][0]["applied"], stack["drifted"][0]["fields"][0]["live"]) == (2, 3)


def test_manifests_that_are_relative_to_a_project_that_is_not_here(applied: Kusion) -> None:
    assert applied.refused("drift", *NAMED) == lines(
        """
        error: shop/dev in workspace default: its manifests are in .manifests/default/dev of the project's directory, which is not here
          name the directory of the project, or one above it, with -w
        """
    )


def test_a_stack_without_releases_or_resources(kusion: Kusion) -> None:
    kusion.stack()
    assert "it has no release yet" in kusion.refused("drift", "-w", "dev")
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.done("destroy", "-w", "dev", "--yes")
    assert "there is nothing, as release 2" in kusion.done("drift", "-w", "dev").out
    assert reported(kusion, "-w", "dev", code=0)["summary"]["empty"] == 1


def test_a_release_that_has_not_ended(applied: Kusion) -> None:
    [final] = (applied.home / "backend/.kusion/v1/releases/shop/default/dev").glob("00000001.2-*.json")
    final.unlink()
    assert applied.refused("drift", "-w", "dev") == lines(
        """
        error: shop/dev in workspace default: release 1 has not ended, so it is not known what was applied
          wait for its end; if its run died, `kusion apply` or `kusion rollback` settles what it left
        """
    )


def test_a_secret_that_has_no_value(kusion: Kusion) -> None:
    kusion.write({"w.yaml": "secretStore:\n  provider:\n    env: {}\n"})
    kusion.done("workspace", "update", "default", "-f", "w.yaml")
    kusion.environment["KEY"] = "sk-1234567"
    kusion.stack(SHOP.replace('image="shop:1"', 'image="shop:1", env={"KEY": Secret("KEY")}'))
    kusion.done("apply", "-w", "dev", "--yes")
    assert reported(kusion, "-w", "dev", code=0)["summary"]["same"] == 1
    del kusion.environment["KEY"]
    assert "the variable KEY is not set" in kusion.refused("drift", "-w", "dev")


@pytest.fixture
def several(kusion: Kusion) -> Kusion:
    """The stacks ``dev``, ``prod`` and ``test``, applied."""
    for name in ("dev", "prod", "test"):
        kusion.stack(name=name)
        kusion.done("apply", "-w", name, "--yes")
    return kusion


def test_every_stack(several: Kusion) -> None:
    document = reported(several, "--all", code=0)
    assert [(each["stack"], each["status"]) for each in document["stacks"]] == [
        ("dev", "same"),
        ("prod", "same"),
        ("test", "same"),
    ]
    assert several.done("drift", "--all").out.endswith("3 stacks: 3 as they were applied.\n")


def test_one_that_cannot_be_told_does_not_hide_the_others(several: Kusion) -> None:
    several.live[DEPLOYMENT]["spec"]["replicas"] = 9
    damaged = several.home / "backend/.kusion/v1/releases/shop/default/prod/00000001.json"
    damaged.write_bytes(damaged.read_bytes()[:-20])
    document = reported(several, "--all", code=1)
    statuses = {each["stack"]: each["status"] for each in document["stacks"]}
    assert statuses == {"dev": "drifted", "prod": "unknown", "test": "same"}
    [problem] = [each["problem"] for each in document["stacks"] if each["problem"]]
    assert str(damaged) in problem
    result = several("drift", "--all")
    assert result.code == 1
    assert "shop/prod in workspace default: not known\n" in result.out
    assert f"    {damaged}: the record is damaged" in result.out
    assert result.out.endswith("3 stacks: 1 as they were applied, 1 drifted, 1 not known.\n")


def test_all_of_a_stack(several: Kusion) -> None:
    assert [each["stack"] for each in reported(several, "--all", "--stack", "prod", code=0)["stacks"]] == ["prod"]
    assert reported(several, "--all", "--workspace", "eu", code=0)["stacks"] == []
    assert several.done("drift", "--all", "--project", "none").out == "There is no stack to look at.\n"


def test_all_from_elsewhere(several: Kusion) -> None:
    (several.root / "elsewhere").mkdir()
    shutil.move(several.root / "project.yaml", several.root / "elsewhere/project.yaml")
    assert reported(several, "--all", "-w", "elsewhere", code=0)["summary"]["same"] == 3
    (several.root / "elsewhere/project.yaml").unlink()
    document = reported(several, "--all", code=1)
    assert {each["status"] for each in document["stacks"]} == {"unknown"}
    assert "which is not here" in document["stacks"][0]["problem"]


class Broken(FakeEngine):
    """An engine that cannot read."""

    def preview(self, run: Run) -> tuple[Step, ...]:
        raise EngineError("it is broken", where=str(run.ref))


def test_an_engine_that_fails(several: Kusion) -> None:
    several.get_engine = Broken
    assert reported(several, "--all", code=1)["summary"]["unknown"] == 3
    assert several("drift", "-w", "dev").code == 1
