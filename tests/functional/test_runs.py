"""Applying and destroying: what becomes live, what is recorded, and what is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kusion_dsl.engine.run import Outcome, Report, Run
from kusion_dsl.errors import EngineError
from kusion_dsl.testing import FakeEngine
from tests.functional.commandline import DEPLOYMENT, NAMESPACE, SHOP, SHOP_WITH_DATABASE, Kusion, lines

THREE = SHOP.replace("replicas=2", "replicas=3")


def phases(kusion: Kusion) -> list[tuple[int, str, str]]:
    """The releases of ``dev``, the newest first: revision, kind, phase."""
    releases = kusion.done("release", "list", "-w", "dev", "-o", "json").document["releases"]
    return [(each["revision"], each["kind"], each["phase"]) for each in releases]


class DyingEngine(FakeEngine):
    """Does what another engine does, and dies before it has said so."""

    def __init__(self, other: FakeEngine) -> None:
        super().__init__()
        self.live, self.state = other.live, other.state

    def destroy(self, run: Run, report: Report) -> Outcome:
        return replace(super().destroy(run, report), error="the engine died")


def test_a_first_apply(kusion: Kusion) -> None:
    kusion.stack()
    result = kusion.done("apply", "-w", "dev", "--yes")
    assert result.out.endswith("2 to create.\nRelease 1 of shop/dev in workspace default succeeded.\n")
    assert result.err == "created v1:Namespace:shop\ncreated apps/v1:Deployment:shop:shop-dev-shop\n"
    assert kusion.live == {id: each["attributes"] for id, each in kusion.generate().items()}
    assert phases(kusion) == [(1, "apply", "succeeded")]


def test_a_second_apply_does_nothing(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    before = kusion.snapshot()
    kusion.engine.calls.clear()
    result = kusion.done("apply", "-w", "dev", "--yes")
    assert [line for line in result.out.splitlines() if line] == [
        "shop/dev in workspace default",
        "No changes; 2 resources are as they should be.",
        "Nothing to do; no release was made.",
    ]
    assert kusion.engine.calls == ["preview"]
    assert kusion.snapshot() == before
    assert kusion.done("apply", "-w", "dev", "--yes", "-o", "json").document["changed"] is False


def test_a_change_changes_what_it_is_about(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(THREE)
    assert kusion.done("apply", "-w", "dev", "--yes").err == f"updated {DEPLOYMENT}\n"
    assert kusion.live[DEPLOYMENT]["spec"]["replicas"] == 3
    document = kusion.done("release", "show", "-w", "dev", "-o", "json").document
    result = {"id": DEPLOYMENT, "type": "kubernetes:apps/v1:Deployment", "operation": "update", "status": "done"}
    assert document["results"] == [result]
    assert document["resources"] == [DEPLOYMENT, NAMESPACE]


def test_removing_an_accessory_removes_its_resources_and_variables_and_nothing_else(kusion: Kusion) -> None:
    kusion.stack()
    without = kusion.generate()
    kusion.stack(SHOP_WITH_DATABASE)
    kusion.done("apply", "-w", "dev", "--yes")
    added = set(kusion.live) - set(without)
    assert len(added) > 3
    kusion.stack()
    document = kusion.done("preview", "-w", "dev", "-o", "json").document
    operations = {each["id"]: each["operation"] for each in document["changes"]}
    assert operations == {NAMESPACE: "same", DEPLOYMENT: "update", **dict.fromkeys(added, "delete")}
    [deployment] = (each for each in document["changes"] if each["id"] == DEPLOYMENT)
    assert [each["path"] for each in deployment["fields"]] == ["spec.template.spec.containers[web].env"]
    kusion.done("apply", "-w", "dev", "--yes")
    assert kusion.live == {id: each["attributes"] for id, each in without.items()}


def test_a_resource_that_fails(kusion: Kusion) -> None:
    kusion.stack()
    kusion.engine.failing.add(DEPLOYMENT)
    result = kusion("apply", "-w", "dev", "--yes")
    assert result.code == 1
    assert result.out.endswith("Release 1 of shop/dev in workspace default failed.\n")
    assert (
        result.err
        == f"created {NAMESPACE}\nfailed {DEPLOYMENT}: made to fail\nerror: dev/app.py:7: {DEPLOYMENT}: made to fail\n"
    )
    document = kusion.done("release", "show", "-w", "dev", "-o", "json").document
    assert (document["phase"], document["resources"]) == ("failed", [NAMESPACE])
    assert [(each["id"], each["status"]) for each in document["results"]] == [
        (NAMESPACE, "done"),
        (DEPLOYMENT, "failed"),
    ]
    kusion.engine.failing.clear()
    assert kusion.done("apply", "-w", "dev", "--yes").err == f"created {DEPLOYMENT}\n"
    assert phases(kusion) == [(2, "apply", "succeeded"), (1, "apply", "failed")]


def test_after_a_failure_a_preview_is_against_what_was_applied(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(THREE)
    kusion.engine.failing.add(DEPLOYMENT)
    assert kusion("apply", "-w", "dev", "--yes").code == 1
    assert "spec.replicas: 2 -> 3  dev/app.py:7" in kusion.done("preview", "-w", "dev").out


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_an_engine_that_breaks_leaves_what_exists_known(kusion: Kusion, command: str) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(THREE)
    kusion.engine.broken = EngineError("the engine died", hint="run the command again")
    result = kusion(command, "-w", "dev", "--yes")
    assert (result.code, result.err) == (1, "error: the engine died\n  run the command again\n")
    assert phases(kusion)[0] == (2, command, "failed")
    kusion.engine.broken = None
    assert "lives on the manifests in .manifests/default/dev" in kusion.refused(
        "preview", "-w", "dev", "--target-dir", "x"
    )
    out = kusion.done("destroy", "-w", "dev", "--yes").out
    assert sorted(out.splitlines()[1:3]) == [f"- {DEPLOYMENT}", f"- {NAMESPACE}"]
    assert kusion.live == {}


def test_destroying(kusion: Kusion) -> None:
    kusion.stack(SHOP_WITH_DATABASE)
    kusion.done("apply", "-w", "dev", "--yes")
    result = kusion.done("destroy", "-w", "dev", "--yes")
    assert result.out.endswith("Release 2 of shop/dev in workspace default succeeded.\n")
    assert kusion.live == {}
    assert phases(kusion) == [(2, "destroy", "succeeded"), (1, "apply", "succeeded")]
    document = kusion.done("release", "show", "-w", "dev", "-o", "json").document
    assert (document["resources"], document["spec"]["resources"]) == ([], [])


def test_destroying_again_does_nothing(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.done("destroy", "-w", "dev", "--yes")
    before = kusion.snapshot()
    kusion.engine.calls.clear()
    assert kusion.done("destroy", "-w", "dev", "--yes").out.endswith("Nothing to do; no release was made.\n")
    assert kusion.snapshot() == before
    assert kusion.engine.calls == []


def test_a_destroy_that_dies_when_everything_is_gone_is_ended_by_the_next(kusion: Kusion) -> None:
    """The engine may still have to forget what it kept for itself."""
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    dying = DyingEngine(kusion.engine)
    kusion.get_engine = lambda: dying
    assert kusion("destroy", "-w", "dev", "--yes").code == 1
    assert (kusion.live, phases(kusion)[0]) == ({}, (2, "destroy", "failed"))
    kusion.get_engine = None
    kusion.done("destroy", "-w", "dev", "--yes")
    assert phases(kusion)[0] == (3, "destroy", "succeeded")
    assert "Nothing to do" in kusion.done("destroy", "-w", "dev", "--yes").out


def test_what_was_destroyed_can_be_applied_again(kusion: Kusion) -> None:
    kusion.stack()
    for _ in range(2):
        kusion.done("apply", "-w", "dev", "--yes")
        kusion.done("destroy", "-w", "dev", "--yes")
    assert [revision for revision, _, _ in phases(kusion)] == [4, 3, 2, 1]


def test_a_destroy_of_which_a_part_fails_goes_on_the_next_time(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.engine.failing.add(NAMESPACE)
    assert kusion("destroy", "-w", "dev", "--yes").code == 1
    assert set(kusion.live) == {NAMESPACE}
    kusion.engine.failing.clear()
    assert kusion.done("destroy", "-w", "dev", "--yes").err == f"deleted {NAMESPACE}\n"
    assert kusion.live == {}


def test_destroying_needs_no_directory(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    for file in ("dev/app.py", "dev/stack.yaml", "project.yaml"):
        (kusion.root / file).unlink()
    result = kusion.done("destroy", "--project", "shop", "--stack", "dev", "--yes")
    assert result.out.endswith("Release 2 of shop/dev in workspace default succeeded.\n")
    assert kusion.live == {}
    shown = kusion.done("release", "show", "--project", "shop", "--stack", "dev").out
    assert shown.startswith("release    2 of shop/dev in workspace default\n")


def test_half_a_name_is_refused(kusion: Kusion) -> None:
    assert kusion.refused("destroy", "--stack", "dev", "--yes") == lines(
        """
        error: a stack has a project's name and its own
          give both --project and --stack
        """
    )


def test_an_app_that_became_wrong_can_be_destroyed(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack("raise ValueError\n")
    kusion.done("destroy", "-w", "dev", "--yes")
    assert kusion.live == {}


def share_a_target(kusion: Kusion) -> str:
    """Let both stacks of the project have one target; its identity."""
    directory = kusion.root / "manifests"
    kusion.write({"shared.yaml": f"context: {{target: {{kind: manifests, directory: {directory}}}}}\n"})
    kusion.done("workspace", "update", "default", "-f", "shared.yaml")
    for name in ("dev", "prod"):
        kusion.stack(name=name)
        kusion.done("apply", "-w", name, "--yes")
    return f"manifests:{directory}"


def test_a_namespace_that_another_stack_has_too_is_left_alone(kusion: Kusion) -> None:
    target = share_a_target(kusion)
    result = kusion.done("destroy", "-w", "dev", "--yes")
    assert result.out == lines(
        """
        shop/dev in workspace default
        - apps/v1:Deployment:shop:shop-dev-shop
          v1:Namespace:shop  shared with another stack on this target: left alone

        1 to delete, 1 unchanged.
        Release 2 of shop/dev in workspace default succeeded.
        These survive:
          v1:Namespace:shop  shared with another stack on this target: left alone
        """
    )
    assert result.err == f"deleted {DEPLOYMENT}\nkept, only forgotten {NAMESPACE}\n"
    assert set(kusion.engine.live[target]) == {NAMESPACE, "apps/v1:Deployment:shop:shop-prod-shop"}
    assert kusion.done("destroy", "-w", "prod", "--yes").err.endswith(f"deleted {NAMESPACE}\n")
    assert kusion.engine.live[target] == {}


def test_a_shared_namespace_is_left_alone_by_an_apply_that_needs_it_no_more(kusion: Kusion) -> None:
    target = share_a_target(kusion)
    kusion.stack("class Shop(AppConfiguration):\n    pass\n")
    result = kusion.done("apply", "-w", "dev", "--yes")
    assert "not shown" not in result.err
    assert (
        f"- {DEPLOYMENT}  no longer in the Spec, was dev/app.py:7 (shop.workload)\n"
        f"  {NAMESPACE}  shared with another stack on this target: left alone\n" in result.out
    )
    assert set(kusion.engine.live[target]) == {NAMESPACE, "apps/v1:Deployment:shop:shop-prod-shop"}


def test_stacks_on_targets_of_their_own_share_nothing(kusion: Kusion) -> None:
    for name in ("dev", "prod"):
        kusion.stack(name=name)
        kusion.done("apply", "-w", name, "--yes")
    assert f"- {NAMESPACE}\n" in kusion.done("destroy", "-w", "dev", "--yes").out
    assert kusion.live == {}


@pytest.mark.parametrize("command", ["preview", "apply", "destroy"])
def test_another_target_is_refused(kusion: Kusion, command: str) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    yes = [] if command == "preview" else ["--yes"]
    assert kusion.refused(command, "-w", "dev", "--target-dir", "elsewhere", *yes) == lines(
        """
        error: shop/dev in workspace default: this stack lives on the manifests in .manifests/default/dev, not on the manifests in elsewhere
          destroy it first, or choose the target that it lives on
        """
    )
    kusion.done("destroy", "-w", "dev", "--yes")
    kusion.done("apply", "-w", "dev", "--target-dir", "elsewhere", "--yes")
    assert set(kusion.engine.live["manifests:elsewhere"]) == {NAMESPACE, DEPLOYMENT}


@pytest.mark.parametrize("command", [("preview",), ("apply", "--yes"), ("destroy", "--yes")])
def test_another_origin_is_warned_of(kusion: Kusion, command: tuple[str, ...]) -> None:
    for checkout in ("one", "two"):
        kusion.stack(directory=checkout)
    kusion.done("apply", "-w", "one/dev", "--yes")
    warning = (
        f"warning: release 1 of shop/dev in workspace default came from {kusion.root}/one, "
        f"this comes from {kusion.root}/two\n"
    )
    assert "warning" not in kusion.done("preview", "-w", "one/dev").err
    take_over = ["--take-over"] if command[0] == "destroy" else []
    assert warning in kusion.done(*command, "-w", "two/dev", *take_over).err


def test_a_stack_in_two_workspaces_is_two(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("workspace", "create", "eu")
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.done("apply", "-w", "dev", "--workspace", "eu", "--yes")
    assert set(kusion.engine.live) == {"manifests:.manifests/default/dev", "manifests:.manifests/eu/dev"}
    kusion.done("destroy", "-w", "dev", "--workspace", "eu", "--yes")
    assert set(kusion.live) == {NAMESPACE, DEPLOYMENT}


def test_a_release_tells_everything_and_its_digest_is_that_of_the_spec(kusion: Kusion) -> None:
    kusion.stack(SHOP.replace('"shop:1"', "f\"shop:{option('tag', default='1')}\""))
    kusion.done("apply", "-w", "dev", "-D", "tag=2", "--yes")
    document = kusion.done("release", "show", "-w", "dev", "-o", "json").document
    assert document["specDigest"] == kusion.done("generate", "-w", "dev", "-D", "tag=2", "--digest").out.strip()
    assert document["options"] == {"tag": "2"}
    assert document["target"] == {"kind": "manifests", "directory": f"{kusion.root}/.manifests/default/dev"}
    assert document["actor"]["user"] == "ada"
    assert document["source"] == {"origin": str(kusion.root)}
    assert [each["name"] for each in document["modules"]] == ["service"]
    listed = kusion.done("release", "list", "-w", "dev", "-o", "json").document
    assert (listed["version"], listed["releases"][0]["specDigest"]) == (1, document["specDigest"])


def test_there_is_no_release_yet(kusion: Kusion) -> None:
    kusion.stack()
    assert kusion.refused("release", "show", "-w", "dev") == lines(
        """
        error: shop/dev in workspace default has no release yet
          make one: kusion apply
        """
    )
    assert kusion.done("release", "list", "-w", "dev").out == "shop/dev in workspace default has no release yet.\n"
    assert kusion.done("release", "list", "-w", "dev", "-o", "json").document["releases"] == []
