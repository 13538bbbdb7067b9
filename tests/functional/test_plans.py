"""A preview that is saved, and applied as it was shown or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete

from kusion_dsl.cli.main import cli
from kusion_dsl.engine.run import Outcome, Report, Run
from kusion_dsl.model.change import Step
from kusion_dsl.testing import FakeEngine
from tests.functional.commandline import DEPLOYMENT, NAMESPACE, SHOP, Kusion, lines
from tests.functional.distributions import ECHO, Distributions

THREE = SHOP.replace("replicas=2", "replicas=3")
FOUR = SHOP.replace("replicas=2", "replicas=4")
APPLY = ("apply", "shop.plan", "-w", "dev", "--yes")


@pytest.fixture
def planned(kusion: Kusion) -> Kusion:
    """Two replicas applied, and a plan to make them three."""
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(THREE)
    kusion.done("preview", "-w", "dev", "--save", "shop.plan")
    return kusion


def document(kusion: Kusion) -> Any:
    return json.loads((kusion.root / "shop.plan").read_text(encoding="utf-8"))


def refusal(kusion: Kusion, *arguments: str) -> list[str]:
    """Why a plan is refused: everything that is told to be other than it was. Nothing is changed."""
    told = kusion.refused(*APPLY, *arguments)
    first, *reasons, last = told.splitlines()
    assert first.endswith("things are not as they were when this plan was saved"), told
    assert last == "  nothing was changed; make a new plan: kusion preview --save FILE"
    return [reason.removeprefix("  ") for reason in reasons]


def test_an_unchanged_plan_applies_exactly_what_was_shown(planned: Kusion) -> None:
    shown = [(each["id"], each["operation"]) for each in document(planned)["changes"]]
    result = planned.done(*APPLY)
    assert result.out.endswith("Release 2 of shop/dev in workspace default succeeded.\n")
    release = planned.done("release", "show", "-w", "dev", "-o", "json").document
    assert [(each["id"], each["operation"]) for each in release["results"]] == shown == [(DEPLOYMENT, "update")]
    assert planned.live[DEPLOYMENT]["spec"]["replicas"] == 3


def test_saving_says_how_to_go_on_and_shows_the_preview_as_always(planned: Kusion) -> None:
    plain, saving = planned.done("preview", "-w", "dev"), planned.done("preview", "-w", "dev", "--save", "a.plan")
    assert saving.out == plain.out
    assert saving.err == "Saved; make it so with: kusion apply a.plan\n"


def test_the_file_is_private_and_the_same_preview_is_the_same_plan(planned: Kusion) -> None:
    path = planned.root / "shop.plan"
    first = path.read_bytes()
    planned.done("preview", "-w", "dev", "--save", "shop.plan")
    assert path.read_bytes() == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in planned.root.iterdir() if "plan" in each.name] == ["shop.plan"]


def test_a_plan_brings_its_options_workspace_and_target(kusion: Kusion) -> None:
    kusion.done("workspace", "create", "eu")
    kusion.stack(SHOP.replace('"shop:1"', "f\"shop:{option('tag', default='1')}\""))
    chosen = ("--workspace", "eu", "-D", "tag=7", "--target-dir", "there")
    kusion.done("preview", "-w", "dev", *chosen, "--save", "shop.plan")
    kusion.done(*APPLY)
    [container] = kusion.engine.live["manifests:there"][DEPLOYMENT]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "shop:7"
    assert kusion.done("release", "list", "-w", "dev", "--workspace", "eu", "-o", "json").document["releases"]


def test_a_plan_without_live_is_applied_without_live(planned: Kusion) -> None:
    planned.done("preview", "-w", "dev", "--no-live", "--save", "shop.plan")
    spec: dict[str, Any] = planned.live[DEPLOYMENT]["spec"]
    spec["replicas"] = 9
    planned.done(*APPLY)
    assert planned.live[DEPLOYMENT]["spec"]["replicas"] == 3


def test_a_plan_to_do_nothing(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.done("preview", "-w", "dev", "--save", "shop.plan")
    assert kusion.done(*APPLY).out.endswith("Nothing to do; no release was made.\n")


def edit_the_app(kusion: Kusion) -> None:
    kusion.stack(FOUR)


def write_a_comment(kusion: Kusion) -> None:
    kusion.stack(THREE + "    # the same\n")


def apply_something_else(kusion: Kusion) -> None:
    kusion.stack(FOUR)
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(THREE)


def change_the_workspace(kusion: Kusion) -> None:
    text = "modules: {service: {configs: {others: {projectSelector: [other], replicas: 7}}}}\n"
    kusion.write({"default.yaml": text})
    kusion.done("workspace", "update", "default", "-f", "default.yaml")


def scale(kusion: Kusion) -> None:
    spec: dict[str, Any] = kusion.live[DEPLOYMENT]["spec"]
    spec["replicas"] = 9


def label_the_namespace(kusion: Kusion) -> None:
    metadata: dict[str, Any] = kusion.live[NAMESPACE]["metadata"]
    metadata["labels"] = {"by": "hand"}


def delete_the_deployment(kusion: Kusion) -> None:
    del kusion.live[DEPLOYMENT]


@pytest.mark.parametrize(
    ("happens", "reasons"),
    [
        (
            edit_the_app,
            [f"{DEPLOYMENT} is another one in the Spec", f"{DEPLOYMENT}: spec.replicas: after 3 -> 4"],
        ),
        (change_the_workspace, ["the workspace default says something else by now"]),
        (
            scale,
            [f"{DEPLOYMENT}: spec.replicas: live 2 -> 9", f"{DEPLOYMENT}: spec.replicas: cause yours -> conflict"],
        ),
        (label_the_namespace, [f"{NAMESPACE}: no change -> update"]),
        (
            delete_the_deployment,
            [
                f"{DEPLOYMENT}: update -> create",
                f"{DEPLOYMENT}: spec.replicas: live 2 -> (absent)",
                f"{DEPLOYMENT}: spec.replicas: cause yours -> conflict",
            ],
        ),
    ],
)
def test_a_plan_is_refused_where_anything_is_not_as_it_was(
    planned: Kusion, happens: Callable[[Kusion], None], reasons: list[str]
) -> None:
    happens(planned)
    assert refusal(planned) == reasons


def test_a_plan_is_refused_where_somebody_has_applied(planned: Kusion) -> None:
    apply_something_else(planned)
    base, *others = refusal(planned)
    assert base.startswith("it was made against release 1 (") and " and the newest is release 2 (" in base
    assert others == [
        f"{DEPLOYMENT}: spec.replicas: before 2 -> 4",
        f"{DEPLOYMENT}: spec.replicas: live 2 -> 4",
    ]


def test_a_comment_in_the_app_changes_no_plan(planned: Kusion) -> None:
    write_a_comment(planned)
    planned.done(*APPLY)


def test_a_plan_with_other_options_is_refused(kusion: Kusion) -> None:
    kusion.stack(SHOP.replace('"shop:1"', "f\"shop:{option('tag', default='1')}\""))
    kusion.done("preview", "-w", "dev", "-D", "tag=7", "--save", "shop.plan")
    assert refusal(kusion, "-D", "tag=8") == ["option tag: 7 -> 8", f"{DEPLOYMENT} is another one in the Spec"]


def test_a_plan_for_another_target_is_refused(planned: Kusion) -> None:
    assert "lives on the manifests in .manifests/default/dev" in planned.refused(*APPLY, "--target-dir", "there")
    planned.done("destroy", "-w", "dev", "--yes")
    planned.done("preview", "-w", "dev", "--save", "shop.plan")
    assert refusal(planned, "--target-dir", "there") == [
        "the target: manifests:.manifests/default/dev -> manifests:there"
    ]


def test_a_plan_for_another_stack_is_refused(planned: Kusion) -> None:
    planned.stack(THREE, name="prod")
    told = planned.refused("apply", "shop.plan", "-w", "prod", "--yes").splitlines()
    assert told[1] == ("  it is a plan for shop/dev in workspace default, and this is shop/prod in workspace default")
    assert f"  {DEPLOYMENT} is gone from the Spec" in told


@pytest.mark.parametrize(
    ("version", "text", "reason"),
    [
        ("2.0", ECHO, "module echo: kusion-echo 1.0 -> kusion-echo 2.0"),
        ("1.0", f"{ECHO}\n# another line\n", "module echo: kusion-echo 1.0 has other files than it had"),
    ],
)
def test_a_plan_is_refused_where_a_module_is_another(
    kusion: Kusion, distributions: Distributions, version: str, text: str, reason: str
) -> None:
    entry, file = "echo = kusion_echo:echo", "kusion_echo/__init__.py"
    distributions.install("kusion-echo", entry, {file: ECHO})
    kusion.stack(f"from kusion_echo import Echo\n\n\n{SHOP}    echo = Echo(text='a')\n")
    kusion.done("preview", "-w", "dev", "--save", "shop.plan")
    for path in (distributions.directory / "kusion-echo").glob("*.dist-info/*"):
        path.unlink()
    for directory in (distributions.directory / "kusion-echo").glob("*.dist-info"):
        directory.rmdir()
    distributions.install("kusion-echo", entry, {file: text}, version)
    assert refusal(kusion) == [reason]


@dataclass
class Meddler(FakeEngine):
    """An engine that sees somebody change the number of replicas right before the given one of its calls."""

    kusion: Kusion
    at: int

    def __post_init__(self) -> None:
        super().__init__()
        self.live, self.state = self.kusion.engine.live, self.kusion.engine.state

    def preview(self, run: Run) -> tuple[Step, ...]:
        self._meddle()
        return super().preview(run)

    def apply(self, run: Run, report: Report) -> Outcome:
        self._meddle()
        return super().apply(run, report)

    def _meddle(self) -> None:
        if len(self.calls) == self.at:
            label_the_namespace(self.kusion)


def test_what_changes_while_somebody_decides_is_seen_before_anything_is_done(planned: Kusion) -> None:
    planned.engine = Meddler(planned, at=1)
    result = planned(*APPLY)
    assert result.code == 1
    assert f"  {NAMESPACE}: no change -> update\n" in result.err
    assert planned.engine.calls == ["preview", "preview"]
    assert planned.live[DEPLOYMENT]["spec"]["replicas"] == 2
    assert len(planned.done("release", "list", "-w", "dev", "-o", "json").document["releases"]) == 1


def test_what_was_done_and_not_shown_is_told_and_is_a_failure(planned: Kusion) -> None:
    planned.engine = Meddler(planned, at=2)
    result = planned(*APPLY)
    assert result.code == 1
    assert f"warning: update of {NAMESPACE}: this was not shown before\n" in result.err
    assert planned.done("release", "show", "-w", "dev", "-o", "json").document["phase"] == "succeeded"


def test_an_apply_without_a_plan_only_warns_of_what_was_not_shown(planned: Kusion) -> None:
    planned.engine = Meddler(planned, at=1)
    assert f"warning: update of {NAMESPACE}" in planned.done("apply", "-w", "dev", "--yes").err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "this is not the plan that was saved: it is not JSON"),
        ("{", "this is not the plan that was saved: it is not JSON"),
        ("[" * 100_000, "this is not the plan that was saved: it is not JSON"),
        ("{}", "this is no plan\n  make one: kusion preview --save FILE"),
        ("[]", "this is no plan"),
        ('{"version": 3, "kind": "release"}', "this is no plan"),
        ('{"kind": "kusion plan"}', "it has no version"),
        ('{"kind": "kusion plan", "version": true}', "it has no version"),
        ('{"kind": "kusion plan", "version": 2}', "it has format 2, this kusion-dsl reads up to 1"),
        ('{"kind": "kusion plan", "version": 1}', "its digest is not that of what it says"),
        ('{"kind": "kusion plan", "version": 1, "n": 1e999}', "this is not the plan that was saved"),
    ],
)
def test_what_is_no_plan_is_refused(planned: Kusion, text: str, told: str) -> None:
    planned.write({"shop.plan": text})
    assert told in planned.refused(*APPLY)


def test_a_plan_that_was_edited_is_refused(planned: Kusion) -> None:
    text = (planned.root / "shop.plan").read_text(encoding="utf-8")
    for old, new in (('"after": 3', '"after": 4'), ('"live": true', '"live": false'), ("sha256:", "sha256:0")):
        planned.write({"shop.plan": text.replace(old, new, 1)})
        assert "its digest is not that of what it says" in planned.refused(*APPLY)


def test_a_plan_that_is_not_there(planned: Kusion) -> None:
    assert planned.refused("apply", "other.plan", "-w", "dev", "--yes") == lines(
        """
        error: other.plan: the plan cannot be read: No such file or directory
          make one: kusion preview --save FILE
        """
    )


def test_a_plan_that_cannot_be_saved_changes_nothing(planned: Kusion) -> None:
    assert planned.refused("preview", "-w", "dev", "--save", "no/such/directory/shop.plan") == lines(
        """
        error: no/such/directory/shop.plan: the plan cannot be saved: No such file or directory
          name a file in a directory that is there and can be written to
        """
    )


def test_there_is_no_secret_in_a_plan(kusion: Kusion, tmp_path: Path) -> None:
    canary = "kn4ry-s3cr3t-v4lu3"
    kusion.environment["STRIPE"] = canary
    kusion.write({"default.yaml": "secretStore: {provider: {env: {}}}\n"})
    kusion.done("workspace", "update", "default", "-f", "default.yaml")
    kusion.stack(SHOP.replace('"shop:1"', '"shop:1", env={"KEY": Secret("stripe")}'))
    kusion.done("preview", "-w", "dev", "--save", "first.plan")
    kusion.done("apply", "first.plan", "-w", "dev", "--yes")
    metadata: dict[str, Any] = kusion.live[DEPLOYMENT]["metadata"]
    metadata["annotations"] = {"leaked": f"by hand: {canary}"}
    kusion.done("preview", "-w", "dev", "--save", "second.plan")
    for name in ("first.plan", "second.plan"):
        assert canary not in (tmp_path / name).read_text(encoding="utf-8")
    kusion.done("apply", "second.plan", "-w", "dev", "--yes")
    assert "annotations" not in kusion.live[DEPLOYMENT]["metadata"]


def test_the_shell_completes_files() -> None:
    [completed] = ShellComplete(cli, {}, "kusion", "_KUSION_COMPLETE").get_completions(["apply"], "sho")
    assert (completed.type, completed.value) == ("file", "sho")
