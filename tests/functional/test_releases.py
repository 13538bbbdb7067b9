"""Releases as people meet them: compared, verified, of every format, damaged, and too new."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from kusion_dsl.engine.run import Outcome, Report, Run
from kusion_dsl.model.identity import StackRef
from kusion_dsl.storage.records import seal
from kusion_dsl.testing import FakeEngine
from tests.functional.commandline import DEPLOYMENT, NAMESPACE, SHOP, SHOP_WITH_DATABASE, Kusion, lines
from tests.functional.distributions import ECHO, Distributions
from tests.functional.stored_releases import FORMATS, phases, restored

THREE = SHOP.replace("replicas=2", "replicas=3")
EVERY = [(format, ref) for format in FORMATS for ref in phases(format)]
TAGGED = SHOP.replace('"shop:1"', "f\"shop:{option('tag', default='1')}\"")


def named(ref: StackRef) -> tuple[str, ...]:
    return ("--project", ref.project, "--stack", ref.stack, "--workspace", ref.workspace)


DEV = named(StackRef("shop", "dev", "default"))


def apply(kusion: Kusion, *apps: str) -> None:
    for app in apps:
        kusion.stack(app)
        kusion.done("apply", "-w", "dev", "--yes")


def records(kusion: Kusion) -> Path:
    """Where the records of the stack ``dev`` lie."""
    return kusion.home / "backend/.kusion/v1/releases/shop/default/dev"


def rewrite(path: Path, **parts: object) -> None:
    """Write a record anew, as a program of ours would that has other things to say."""
    document = json.loads(path.read_bytes())
    document.pop("digest", None)
    path.write_bytes(seal({**document, **parts}))


@pytest.mark.parametrize(("format", "ref"), EVERY)
def test_releases_of_every_format_are_listed_shown_compared_and_whole(
    kusion: Kusion, format: int, ref: StackRef
) -> None:
    restored(format, kusion.root)
    listed = kusion.done("release", "list", *named(ref), "-o", "json").document["releases"]
    assert [(each["kind"], each["phase"]) for each in reversed(listed)] == list(phases(format)[ref])
    for number in range(1, len(listed) + 1):
        shown = kusion.done("release", "show", str(number), *named(ref), "-o", "json").document
        assert (shown["revision"], shown["stack"], shown["workspace"]) == (number, ref.stack, ref.workspace)
        assert kusion.done("release", "show", str(number), *named(ref)).out.startswith(
            f"release    {number} of {ref}\n"
        )
        for other in range(1, len(listed) + 1):
            found = kusion.done("release", "diff", str(number), str(other), *named(ref), "-o", "json").document
            assert (found["old"]["revision"], found["new"]["revision"]) == (number, other)
            differ = any(each["operation"] != "same" for each in found["changes"])
            assert differ == (
                [each["specDigest"] for each in (found["old"], found["new"])] != [found["old"]["specDigest"]] * 2
            )
    verified = kusion.done("release", "verify", *named(ref), "-o", "json").document
    assert (verified["ok"], verified["stacks"][0]["newest"]) == (True, len(listed))


@pytest.mark.parametrize(
    ("format", "ref", "revision"),
    [
        (format, ref, revision)
        for format, ref in EVERY
        for revision, (kind, phase) in enumerate(phases(format)[ref], 1)
        if kind != "destroy" and phase == "succeeded"
    ],
)
def test_a_release_of_every_format_can_be_rolled_back_to(
    kusion: Kusion, format: int, ref: StackRef, revision: int
) -> None:
    kusion.environment["STRIPE_API_KEY"] = "sk-4242-never-stored"
    place = restored(format, kusion.root)
    before = {path: path.read_bytes() for path in place.rglob("*.json")}
    shown = kusion.done("release", "show", str(revision), *named(ref), "-o", "json").document
    result = kusion("rollback", str(revision), *named(ref), "--yes", "--take-over")
    assert result.code == 0, result
    [objects] = kusion.engine.live.values()
    assert objects == {each["id"]: each["attributes"] for each in shown["spec"]["resources"]}
    newest = kusion.done("release", "show", *named(ref), "-o", "json").document
    assert (newest["kind"], newest["restores"], newest["specDigest"]) == ("rollback", revision, shown["specDigest"])
    assert newest["modules"] == shown["modules"]
    assert newest["provenance"] == shown["provenance"]
    assert kusion.done("release", "verify", *named(ref), "-o", "json").document["stacks"][0]["unvouched"] is None
    assert {path: path.read_bytes() for path in before} == before


def test_a_release_tells_what_it_was_made_of(kusion: Kusion) -> None:
    kusion.engine.outputs[DEPLOYMENT] = {"status": {"replicas": 2}, "__inputs": {}}
    kusion.stack(TAGGED)
    kusion.done("apply", "-w", "dev", "--yes", "-D", "tag=2")
    shown = kusion.done("release", "show", "-w", "dev", "-o", "json").document
    [service] = shown["modules"]
    assert service["digest"].startswith("sha256:")
    assert shown["kusion"] == kusion.done("version", "-o", "json").document["versions"]["kusion-dsl"]
    assert shown["outputs"] == {DEPLOYMENT: {"status": {"replicas": 2}}}
    assert 0 <= shown["seconds"] < 60
    assert [each["phase"] for each in shown["phases"]] == ["applying", "succeeded"]
    origins, fields = shown["provenance"]["origins"], shown["provenance"]["fields"]
    image = origins[fields[DEPLOYMENT]["spec.template.spec.containers[0].image"]]
    assert image == {
        "kind": "author",
        "name": "shop.workload",
        "file": "dev/app.py",
        "line": 7,
        "options": ["tag"],
    }
    out = kusion.done("release", "show", "-w", "dev").out
    assert f"modules    kusion-service {service['version']} ({service['digest'][:19]})\n" in out
    assert '    status: {"replicas": 2}\n' in out


class SlowEngine(FakeEngine):
    """Takes its time."""

    def apply(self, run: Run, report: Report) -> Outcome:
        time.sleep(0.05)
        return super().apply(run, report)


def test_how_long_a_run_took_is_measured(kusion: Kusion) -> None:
    kusion.get_engine = SlowEngine
    apply(kusion, SHOP)
    [listed] = kusion.done("release", "list", "-w", "dev", "-o", "json").document["releases"]
    assert 0.05 <= listed["seconds"] < 30
    assert ", took " in kusion.done("release", "show", "-w", "dev").out


def test_no_place_of_the_machine_is_in_what_is_stored_wherever_it_is_run(kusion: Kusion) -> None:
    """But for the path that is the origin of what no git repository holds."""
    kusion.write({"default.yaml": "modules: {service: {configs: {default: {replicas: 4}}}}\n"})
    kusion.done("workspace", "update", "default", "-f", "default.yaml")
    kusion.stack(SHOP.replace(", replicas=2", ""))
    stored = []
    for number, directory in enumerate(("", "dev", "home"), 1):
        os.chdir(kusion.root / directory)
        kusion.done("apply", "-w", str(kusion.root / "dev"), "--yes")
        document = json.loads((records(kusion) / f"{2 * number - 1:08d}.json").read_bytes())
        stored.append(document["provenance"])
        kusion.done("destroy", "-w", str(kusion.root / "dev"), "--yes")
    assert stored[0] == stored[1] == stored[2]
    assert str(kusion.root) not in json.dumps(stored)
    files = {origin["file"] for origin in stored[0]["origins"] if "file" in origin}
    assert files == {"dev/app.py", ".kusion/v1/workspaces/default/00000001.yaml"}


def test_the_digest_of_a_module_is_that_of_its_source(kusion: Kusion, distributions: Distributions) -> None:
    app = "from kusion_echo import Echo\n\nclass Shop(AppConfiguration):\n    greeting = Echo(text='hello')\n"
    digests = []
    for text in (ECHO, ECHO, f"{ECHO}\n# another\n"):
        distributions.module(text)
        kusion.stack(app)
        kusion.done("apply", "-w", "dev", "--yes")
        shown = kusion.done("release", "show", "-w", "dev", "-o", "json").document
        digests.append({each["name"]: each["digest"] for each in shown["modules"]}["echo"])
        kusion.done("destroy", "-w", "dev", "--yes")
    assert digests[0] == digests[1] != digests[2]
    found = kusion.done("release", "diff", "1", "5", "-w", "dev", "-o", "json").document
    facts = {each["name"]: (each["before"], each["after"]) for each in found["facts"]}
    assert facts == {"modules.echo.digest": (digests[0], digests[2])}


def test_what_changed_between_two_releases_and_who_changed_it(kusion: Kusion) -> None:
    kusion.stack(TAGGED)
    kusion.done("apply", "-w", "dev", "--yes", "-D", "tag=1")
    kusion.stack(TAGGED.replace("replicas=2", "replicas=3"))
    kusion.done("apply", "-w", "dev", "--yes", "-D", "tag=2")
    out = kusion.done("release", "diff", "-w", "dev").out
    assert out == lines(
        """
        shop/dev in workspace default: release 1 -> 2
            options.tag: "1" -> "2"

        ~ apps/v1:Deployment:shop:shop-dev-shop  dev/app.py:7 (shop.workload)
            spec.replicas: 2 -> 3  dev/app.py:7 (shop.workload)
            spec.template.spec.containers[web].image: "shop:1" -> "shop:2"  dev/app.py:7 (shop.workload, option tag)

        1 resource differs, 1 the same.
        """
    )
    assert "spec.replicas: 3 -> 2" in kusion.done("release", "diff", "2", "1", "-w", "dev").out


def test_a_workspace_that_changed_is_told_with_the_block_that_did(kusion: Kusion) -> None:
    kusion.stack(SHOP.replace(", replicas=2", ""))
    for replicas in (4, 5):
        kusion.write(
            {"default.yaml": f"modules:\n  service:\n    configs:\n      default:\n        replicas: {replicas}\n"}
        )
        kusion.done("workspace", "update", "default", "-f", "default.yaml")
        kusion.done("apply", "-w", "dev", "--yes")
    found = kusion.done("release", "diff", "1", "-w", "dev", "-o", "json").document
    assert [each["name"] for each in found["facts"]] == ["workspaceDigest"]
    [deployment] = (each for each in found["changes"] if each["operation"] == "update")
    [field] = deployment["fields"]
    assert (field["path"], field["before"], field["after"]) == ("spec.replicas", 4, 5)
    assert field["origins"][0] == {
        "kind": "workspace",
        "name": "workspace default",
        "file": ".kusion/v1/workspaces/default/00000002.yaml",
        "line": 5,
        "column": 9,
    }


def test_what_came_and_went_and_what_else_a_spec_says(kusion: Kusion) -> None:
    apply(kusion, SHOP, SHOP_WITH_DATABASE)
    found = kusion.done("release", "diff", "-w", "dev", "-o", "json").document
    operations = {each["id"]: each["operation"] for each in found["changes"]}
    assert operations.pop(NAMESPACE) == "same"
    assert operations.pop(DEPLOYMENT) == "update"
    assert set(operations.values()) == {"create"}
    [deployment] = (each for each in found["changes"] if each["id"] == DEPLOYMENT)
    assert [each["path"].partition("[")[0] for each in deployment["fields"]] == [
        "spec.template.spec.containers",
        "dependsOn",
    ]
    back = kusion.done("release", "diff", "2", "1", "-w", "dev").out
    assert "no longer in the Spec" in back
    assert "modules.postgres: {3 fields: distribution, version, digest} -> (absent)" in back


def test_what_takes_the_value_of_another_resource_is_told_with_its_own_cause(
    kusion: Kusion, distributions: Distributions
) -> None:
    distributions.module(ECHO)
    plain = SHOP.replace('image="shop:1"', 'image="shop:1", env={"GREETING": "hello"}')
    echo = "from kusion_echo import Echo\n\n" + plain.replace(
        "    workload", "    echo = Echo(text='hello')\n    workload"
    )
    apply(kusion, plain, echo.replace('"GREETING": "hello"', '"GREETING": echo.said'))
    out = kusion.done("release", "diff", "-w", "dev").out
    assert '"hello" -> "${v1:ConfigMap:shop:shop-dev-shop#data.text}"  dev/app.py:10 (shop.workload)' in out
    assert "follows" not in out


def test_an_order_that_matters_is_told(kusion: Kusion) -> None:
    containers = '{{"web": Container(image="shop:1", args=[{}])}}'
    for arguments in ("'a', 'b'", "'b', 'a'"):
        apply(
            kusion,
            f"class Shop(AppConfiguration):\n    workload = Service(containers={containers.format(arguments)})\n",
        )
    out = kusion.done("release", "diff", "-w", "dev").out
    assert 'spec.template.spec.containers[web].args (order): ["a", "b"] -> ["b", "a"]  dev/app.py:7' in out


def test_that_a_secret_changed_is_told_and_no_more(kusion: Kusion) -> None:
    secret = 'secrets={"token": SecretSpec(type="opaque", data={"key": "open-sesame-1"})}'
    app = SHOP.replace("replicas=2", f"replicas=2, {secret}")
    apply(kusion, app, app.replace("sesame-1", "sesame-2"))
    for format in ("table", "json", "yaml"):
        out = kusion.done("release", "diff", "-w", "dev", "-o", format, "--detail").out
        assert "open-sesame" not in out
        assert "[secret]" in out
        assert "stringData.key" in out or "data.key" in out


def test_there_is_nothing_to_compare(kusion: Kusion) -> None:
    kusion.stack()
    error = "error: shop/dev in workspace default has {}, so there is nothing to compare\n  see `kusion release list`\n"
    assert kusion.refused("release", "diff", "-w", "dev") == error.format("no release yet")
    apply(kusion, SHOP)
    assert kusion.refused("release", "diff", "-w", "dev") == error.format("only one release")
    assert "there is no release 7" in kusion.refused("release", "diff", "1", "7", "-w", "dev")
    assert kusion.done("release", "diff", "1", "1", "-w", "dev").out.endswith("No resources differ, 2 the same.\n")


def test_only_the_newest_are_listed_and_read(kusion: Kusion) -> None:
    apply(kusion, SHOP, THREE, SHOP, THREE)
    listed = kusion.done("release", "list", "-w", "dev", "--limit", "2", "-o", "json").document["releases"]
    assert [each["revision"] for each in listed] == [4, 3]
    (records(kusion) / "00000001.json").write_text("damaged")
    rows = kusion.done("release", "list", "-w", "dev", "-n", "3").out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["4", "3", "2"]
    everything = kusion.done("release", "list", "-w", "dev", "-n", "9")
    assert everything.out.splitlines()[-1].split() == ["1", "damaged"]
    assert "warning: release 1: " in everything.err
    assert "00000001.json: the record is damaged: it is not JSON" in everything.err


def test_a_list_tells_what_was_done_and_how_long_it_took(kusion: Kusion) -> None:
    apply(kusion, SHOP, SHOP_WITH_DATABASE)
    kusion.engine.failing.add(DEPLOYMENT)
    kusion.stack(THREE)
    assert kusion("apply", "-w", "dev", "--yes").code == 1
    header, failed, second, first = kusion.done("release", "list", "-w", "dev").out.splitlines()
    place = header.index("RESULT")
    results = [row[place : header.index("BY")].strip() for row in (failed, second, first)]
    assert results == ["-6 1 failed", "+6 ~1", "+2"]
    out = kusion.done("release", "show", "-w", "dev").out
    assert out.index(f"failed     {DEPLOYMENT} (update)\n") < out.index("\n- ")
    assert "             made to fail\n" in out


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (60, "REVISION KIND PHASE CREATED RESULT"),
        (75, "REVISION KIND PHASE CREATED RESULT BY"),
        (80, "REVISION KIND PHASE CREATED TOOK RESULT BY"),
        (100, "REVISION KIND PHASE CREATED TOOK RESULT BY RESOURCES"),
        (300, "REVISION KIND PHASE CREATED TOOK RESULT BY RESOURCES SOURCE"),
    ],
)
def test_a_narrow_terminal_gets_the_columns_that_matter_most(
    kusion: Kusion, monkeypatch: pytest.MonkeyPatch, width: int, columns: str
) -> None:
    apply(kusion, SHOP)
    monkeypatch.setenv("COLUMNS", str(width))
    kusion.environment["NO_COLOR"] = "1"
    table = kusion.done("release", "list", "-w", "dev", answer="").out.splitlines()
    assert table[0].split() == columns.split()
    assert max(map(len, table)) <= width


def test_numbers_of_releases_are_completed(kusion: Kusion) -> None:
    from click.shell_completion import ShellComplete

    from kusion_dsl.cli.invocation import Invocation
    from kusion_dsl.cli.main import cli

    apply(kusion, SHOP, THREE)
    completion = ShellComplete(cli, {"obj": Invocation({}, kusion.host)}, "kusion", "_KUSION_COMPLETE")
    for command in (
        ["release", "show", "-w", "dev"],
        ["release", "diff", "-w", "dev", "1"],
        ["rollback", "-w", "dev"],
        ["why", "Deployment", "-w", "dev", "--release"],
    ):
        assert [each.value for each in completion.get_completions(command, "")] == ["2", "1"], command
    assert [each.value for each in completion.get_completions(["release", "show", *DEV], "1")] == ["1"]
    assert completion.get_completions(["release", "show", "-w", "nowhere"], "") == []


def test_why_asks_a_release(kusion: Kusion) -> None:
    apply(kusion, SHOP, f"# a\n# b\n{THREE}")
    now = kusion.done("why", "Deployment", "spec.replicas", "-w", "dev").out
    assert now.splitlines()[:2] == ["spec.replicas = 3", "  dev/app.py:9 (shop.workload)"]
    then = kusion.done("why", "Deployment", "spec.replicas", "-w", "dev", "--release", "1").out
    assert then.splitlines()[:2] == ["spec.replicas = 2", "  dev/app.py:7 (shop.workload)"]
    assert kusion("why", "Deployment", "-w", "dev", "--release", "1", "-D", "tag=1").code == 2


def test_why_of_a_release_that_does_not_know(kusion: Kusion) -> None:
    kusion.stack()
    restored(1, kusion.root)
    assert "release 7 does not tell who put its fields there" in kusion.refused(
        "why", "shop-dev-shop", "-w", "dev", "--release", "7"
    )


def test_a_newer_format_is_refused_by_what_needs_it_and_nothing_is_changed(kusion: Kusion) -> None:
    apply(kusion, SHOP, THREE)
    newest = records(kusion) / "00000002.json"
    rewrite(newest, version=3)
    told = (
        f"error: {newest}: it has format 3, this kusion-dsl reads up to 2\n  upgrade kusion-dsl; nothing was changed\n"
    )
    for command in (
        ("preview", "-w", "dev"),
        ("apply", "-w", "dev", "--yes"),
        ("destroy", "-w", "dev", "--yes"),
        ("destroy", *DEV, "--yes"),
        ("rollback", "1", "-w", "dev", "--yes"),
        ("drift", "-w", "dev"),
        ("release", "show", "-w", "dev"),
        ("release", "diff", "-w", "dev"),
    ):
        assert told in kusion.refused(*command), command
    listed = kusion.done("release", "list", "-w", "dev", "-o", "json").document["releases"]
    assert [each["phase"] for each in listed] == ["damaged", "succeeded"]
    assert kusion.done("release", "list", "-w", "dev").out.splitlines()[1].split() == ["2", "newer"]
    assert kusion.done("release", "show", "1", "-w", "dev").out.startswith("release    1 of")
    [stack] = kusion("release", "verify", "-w", "dev", "-o", "json").document["stacks"]
    assert [(each["revision"], each["hint"]) for each in stack["faults"]] == [
        (2, "upgrade kusion-dsl; nothing was changed")
    ]


def test_a_stack_of_which_everything_is_whole(kusion: Kusion) -> None:
    apply(kusion, SHOP, THREE)
    assert kusion.done("release", "verify", "-w", "dev").out == (
        "shop/dev in workspace default: whole, 6 records of 2 releases\n"
    )
    assert kusion.done("release", "verify", "--all").out == kusion.done("release", "verify", "-w", "dev").out


def test_there_is_nothing_to_verify(kusion: Kusion) -> None:
    kusion.stack()
    assert kusion.done("release", "verify", "-w", "dev").out == "shop/dev in workspace default has no release yet.\n"
    assert kusion.done("release", "verify", "--all").out == "There is no release in this backend.\n"


def test_an_old_release_that_is_damaged_is_named_and_stands_in_nobodys_way(kusion: Kusion) -> None:
    apply(kusion, SHOP, THREE, SHOP)
    damaged = records(kusion) / "00000001.2-succeeded.json"
    damaged.write_bytes(damaged.read_bytes().replace(b"create", b"Create", 1))
    result = kusion("release", "verify", "--all")
    assert (result.code, result.err) == (1, "")
    assert result.out == lines(
        f"""
        shop/dev in workspace default: damaged, 9 records of 3 releases
          {damaged}: the record is damaged: its digest is not that of what it says
            restore this file from a copy of the backend
          Previews and applies work without it; release 1 cannot be shown, compared or restored.
        """
    )
    apply(kusion, THREE)
    assert kusion.live[DEPLOYMENT]["spec"]["replicas"] == 3
    kusion.done("rollback", "3", "-w", "dev", "--yes")
    assert "00000001.2-succeeded.json" in kusion.refused("release", "show", "1", "-w", "dev")
    assert "00000001.2-succeeded.json" in kusion.refused("rollback", "1", "-w", "dev", "--yes")
    kusion.done("destroy", "-w", "dev", "--yes")


def test_an_old_release_that_is_damaged_and_needed_is_made_up_for(kusion: Kusion) -> None:
    """After a failure what was applied is known from an older release; without it Pulumi's state has to do."""
    apply(kusion, SHOP)
    kusion.engine.failing.add(DEPLOYMENT)
    kusion.stack(THREE)
    assert kusion("apply", "-w", "dev", "--yes").code == 1
    kusion.engine.failing.clear()
    (records(kusion) / "00000001.json").write_bytes(b"")
    result = kusion.done("apply", "-w", "dev", "--yes")
    assert "00000001.json: the record is damaged" in result.err
    assert "spec.replicas: 2 -> 3  dev/app.py:7" in result.out
    assert kusion.live[DEPLOYMENT]["spec"]["replicas"] == 3


def test_a_run_that_died_after_an_old_release_that_is_damaged_stands_in_nobodys_way(kusion: Kusion) -> None:
    apply(kusion, SHOP, THREE)
    (records(kusion) / "00000002.2-succeeded.json").unlink()
    (records(kusion) / "00000001.2-succeeded.json").write_bytes(b"")
    result = kusion.done("apply", "-w", "dev", "--yes")
    assert "00000001.2-succeeded.json: the record is damaged" in result.err
    listed = kusion.done("release", "list", "-w", "dev", "-o", "json").document["releases"]
    assert [each["phase"] for each in listed] == ["succeeded", "abandoned", "damaged"]


def test_a_newest_release_that_is_damaged_does_not_block_other_stacks(kusion: Kusion) -> None:
    for name in ("dev", "prod"):
        kusion.stack(name=name)
        kusion.done("apply", "-w", name, "--yes")
    (records(kusion) / "00000001.json").write_bytes(b"")
    kusion.stack(THREE, name="prod")
    kusion.done("apply", "-w", "prod", "--yes")


def test_a_newest_release_that_is_damaged_blocks_until_it_is_restored_or_moved_away(kusion: Kusion) -> None:
    apply(kusion, SHOP, THREE)
    newest = records(kusion) / "00000002.json"
    whole = newest.read_bytes()
    newest.write_bytes(whole.replace(b'"replicas": 3', b'"replicas": 9'))
    assert str(newest) in kusion.refused("apply", "-w", "dev", "--yes")
    result = kusion("release", "verify", "-w", "dev")
    assert result.code == 1
    assert result.out.splitlines()[-2:] == [
        "  Nothing can be previewed, applied or destroyed while release 2 is damaged.",
        "  Without a copy of it, move its files (00000002*) out of the directory: the release before is the newest "
        "then, and a preview tells what differs from it.",
    ]
    newest.write_bytes(whole)
    assert kusion.done("preview", "-w", "dev").out.endswith("No changes; 2 resources are as they should be.\n")
    for path in records(kusion).glob("00000002*"):
        path.unlink()
    kusion.stack(SHOP.replace("replicas=2", "replicas=4"))
    assert "spec.replicas: 2 -> 4" in kusion.done("preview", "-w", "dev").out
    kusion.done("apply", "-w", "dev", "--yes")
    assert kusion.live[DEPLOYMENT]["spec"]["replicas"] == 4
    assert kusion.done("release", "verify", "-w", "dev").out.endswith("whole, 6 records of 2 releases\n")


def test_a_damaged_stack_does_not_hide_the_others(kusion: Kusion) -> None:
    for name in ("dev", "prod"):
        kusion.stack(name=name)
        kusion.done("apply", "-w", name, "--yes")
    (records(kusion) / "00000001.json").write_bytes(b"{")
    (records(kusion) / "notes.txt").write_bytes(b"mine")
    result = kusion("release", "verify", "--all", "-o", "json")
    assert result.code == 1
    assert not result.document["ok"]
    dev, prod = result.document["stacks"]
    assert (dev["ok"], dev["blocked"], dev["damaged"]) == (False, True, [1])
    assert [Path(each["file"]).name for each in dev["faults"]] == ["00000001.json", "notes.txt"]
    assert (prod["stack"], prod["ok"], prod["faults"]) == ("prod", True, [])


def test_verifying_changes_nothing(kusion: Kusion) -> None:
    apply(kusion, SHOP)
    before = kusion.snapshot()
    kusion.done("release", "verify", "--all")
    assert kusion.snapshot() == before
