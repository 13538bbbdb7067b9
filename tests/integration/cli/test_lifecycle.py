"""From the first apply to the last destroy of a stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.machine import Machine, snapshot, touched

QUICKSTART = "quickstart/dev"
SHOP = "shop/dev"


def test_demo_ends_in_release_1_and_says_where_the_manifests_lie(machine: Machine) -> None:
    directory = machine.directory(QUICKSTART)

    spec = machine.kusion("generate", "-w", directory)
    previewed = machine.kusion("preview", "-w", directory)
    applied = machine.kusion("apply", "-w", directory, "--yes")
    shown = machine.kusion("release", "show", "-w", directory)

    assert spec.out.startswith("resources:") and "id: apps/v1:Deployment:quickstart:" in spec.out
    assert "3 to create." in previewed.out
    assert applied.out.endswith("Release 1 of quickstart/dev in workspace default succeeded.\n")
    assert applied.err.count("created ") == 3
    assert "1 of quickstart/dev" in shown.out
    assert f"manifests {machine.target(QUICKSTART)}\n" in shown.out
    assert sorted(path.name.partition("_")[0] for path in machine.target(QUICKSTART).iterdir()) == [
        "deployment",
        "kustomization.yaml",
        "namespace",
        "service",
    ]


@pytest.mark.parametrize("stack", [QUICKSTART, SHOP])
def test_second_apply_touches_nothing(machine: Machine, stack: str) -> None:
    first = machine.apply(stack)
    places = (machine.target(stack), machine.secrets(stack), machine.backend)
    before = snapshot(*places)

    done = machine.apply(stack)

    assert "No changes" in done.out and "no release was made" in done.out
    assert "[secret]" not in first.said, "names are no secrets, though they lie in one"
    assert done.err == ""
    assert touched(before, snapshot(*places)) == set()
    assert [each["revision"] for each in machine.releases(stack)] == [1]


def test_one_field_changes_one_file_and_is_traced_to_its_line(machine: Machine) -> None:
    machine.apply(QUICKSTART)
    before = snapshot(machine.target(QUICKSTART))
    machine.edit("quickstart/dev/app.py", "replicas=2", "replicas=3")

    document = machine.preview(QUICKSTART)
    table = machine.kusion("preview", "-w", machine.directory(QUICKSTART))
    machine.apply(QUICKSTART)

    changes = [change for change in document["changes"] if change["operation"] != "same"]
    assert [change["id"] for change in changes] == ["apps/v1:Deployment:quickstart:quickstart-dev-quickstart"]
    [field] = changes[0]["fields"]
    assert (field["path"], field["cause"], field["before"], field["after"]) == ("spec.replicas", "yours", 2, 3)
    origin = field["origins"][0]
    line = Path(machine.root, origin["file"]).read_text(encoding="utf-8").splitlines()[origin["line"] - 1]
    assert Path(machine.root, origin["file"]).samefile(machine.stacks / "quickstart/dev/app.py")
    assert "replicas=3" in line
    assert "spec.replicas: 2 -> 3" in table.out and f"dev/app.py:{origin['line']}" in table.out
    assert touched(before, snapshot(machine.target(QUICKSTART))) == {
        "deployment_apps_v1_quickstart_quickstart-dev-quickstart.yaml"
    }
    assert "replicas: 3\n" in next(machine.target(QUICKSTART).glob("deployment_*")).read_text(encoding="utf-8")


def test_destroy_leaves_nothing_and_says_so_in_a_release(machine: Machine) -> None:
    machine.apply(SHOP)

    machine.destroy(SHOP)

    assert not machine.target(SHOP).exists() and not machine.secrets(SHOP).exists()
    assert resources_in_state(machine, SHOP) == []
    release = machine.release(SHOP)
    assert (release["revision"], release["kind"], release["phase"]) == (2, "destroy", "succeeded")
    assert release["resources"] == [] and {result["operation"] for result in release["results"]} == {"delete"}

    before = snapshot(machine.backend)
    again = machine.destroy(SHOP)
    assert "no release was made" in again.out
    assert touched(before, snapshot(machine.backend)) == set()

    machine.apply(SHOP)
    assert machine.release(SHOP)["revision"] == 3


def resources_in_state(machine: Machine, stack: str) -> list[Any]:
    """What a plain ``pulumi`` finds in the state."""
    project, name = stack.split("/")
    exported = machine.plain_pulumi("stack", "export", "--stack", f"organization/{project}/{name}.default")
    resources: list[Any] = json.loads(exported)["deployment"].get("resources") or []
    return resources


def test_removed_accessory_takes_its_resources_and_variables_and_nothing_else(machine: Machine) -> None:
    machine.edit(
        "shop/base.py",
        '                    "CATALOGUE_DSN": f"host={catalogue.host} port={catalogue.port} dbname={catalogue.database}",\n'
        '                    "CATALOGUE_PASSWORD": catalogue.password,\n',
        "",
    )
    machine.apply(SHOP)
    places = (machine.target(SHOP), machine.secrets(SHOP))
    before = snapshot(*places)
    web = machine.target(SHOP) / "deployment_apps_v1_shop_shop-dev-shop.yaml"
    variables = variables_of(machine)
    machine.edit("shop/base.py", '    catalogue = Postgres(version="17")\n', "")

    machine.apply(SHOP)

    after = snapshot(*places)
    gone = {Path(path).name for path in before.keys() - after.keys()}
    changed = {web.name, "kustomization.yaml"}
    kept = {path for path in before if Path(path).name not in gone | changed}
    assert len(gone) == 5 and all("catalogue" in name for name in gone), gone
    assert {path: after[path] for path in kept} == {path: before[path] for path in kept}
    assert after.keys() == before.keys() - {path for path in before if Path(path).name in gone}
    assert set(variables) - set(variables_of(machine)) == {
        f"KUSION_DB_{what}_SHOP_DEV_SHOP_CATALOGUE" for what in ("HOST", "USERNAME", "PASSWORD")
    }
    assert [name for name in variables if name in variables_of(machine)] == variables_of(machine)
    assert not [id for id in machine.release(SHOP)["resources"] if "catalogue" in id]


def variables_of(machine: Machine) -> list[str]:
    """The names of the web container's variables, as the release has them."""
    resources = {each["id"]: each for each in machine.release(SHOP)["spec"]["resources"]}
    pod = resources["apps/v1:Deployment:shop:shop-dev-shop"]["attributes"]["spec"]["template"]["spec"]
    return [variable["name"] for variable in pod["containers"][0]["env"]]


def test_documents_for_programs(machine: Machine) -> None:
    machine.apply(QUICKSTART)

    shown = machine.release(QUICKSTART)
    listed = machine.kusion("release", "list", "-w", machine.directory(QUICKSTART), "-o", "json").document

    assert shown["target"]["directory"] == str(machine.target(QUICKSTART))
    assert listed["version"] == 1
    assert [(each["revision"], each["phase"]) for each in listed["releases"]] == [(1, "succeeded")]


def test_release_1_is_written_before_pulumi_begins(machine: Machine) -> None:
    """A Pulumi that ends at once leaves the release, and says what is wrong."""
    broken = machine.root / "bin" / "pulumi"
    broken.parent.mkdir()
    version = "v3.259.0"
    broken.write_text(
        f'#!/bin/sh\ncase "$*" in *version*) echo {version}; exit 0;; *preview*) exec "{machine.pulumi}" "$@";; esac\n'
        "echo 'error: out of order' >&2; exit 255\n",
        encoding="utf-8",
    )
    broken.chmod(0o755)
    machine.environment["PATH"] = f"{broken.parent}:{machine.variables()['PATH']}"

    done = machine.apply(QUICKSTART, code=1)

    assert "out of order" in done.err
    assert not machine.target(QUICKSTART).exists()
    assert [(each["revision"], each["phase"]) for each in machine.releases(QUICKSTART)] == [(1, "failed")]
    del machine.environment["PATH"]
    machine.apply(QUICKSTART)
    assert [(each["revision"], each["phase"]) for each in machine.releases(QUICKSTART)] == [
        (2, "succeeded"),
        (1, "failed"),
    ]
