"""Applying: what becomes of files, state and results."""

from __future__ import annotations

import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kusion_dsl.engine.manifest_files import HEADER
from kusion_dsl.errors import EngineError
from kusion_dsl.model.change import Progress

if TYPE_CHECKING:
    from tests.integration.engine.conftest import Bench


def touched(root: Path) -> dict[str, tuple[int, int]]:
    """When each file was written, and which one it is."""
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_ino)
        for directory in ("out", "out.secrets")
        for path in (root / "project" / directory).glob("*")
    }


def test_create_writes_one_file_per_object_and_reports_each(bench: Bench) -> None:
    outcome = bench.apply(bench.namespace(), bench.config_map("web", {"mode": "fast"}, "v1:Namespace:shop"))

    assert outcome.error == ""
    assert outcome.resources == ("v1:ConfigMap:shop:web", "v1:Namespace:shop")
    assert [(each.id, each.operation, each.status) for each in outcome.results] == [
        ("v1:Namespace:shop", "create", "done"),
        ("v1:ConfigMap:shop:web", "create", "done"),
    ]
    assert bench.reports == [
        Progress("v1:Namespace:shop", "create", "running"),
        Progress("v1:Namespace:shop", "create", "done"),
        Progress("v1:ConfigMap:shop:web", "create", "running"),
        Progress("v1:ConfigMap:shop:web", "create", "done"),
    ]
    assert sorted(path.name for path in bench.manifests.iterdir()) == [
        "configmap_core_v1_shop_web.yaml",
        "kustomization.yaml",
        "namespace_core_v1__shop.yaml",
    ]
    assert (bench.manifests / "configmap_core_v1_shop_web.yaml").read_text() == (
        f"{HEADER}apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  namespace: shop\ndata:\n  mode: fast\n"
    )


def test_same_spec_again_touches_nothing(bench: Bench) -> None:
    resources = (bench.namespace(), bench.config_map("web", {"count": "1"}), bench.secret("s", {"key": "abc"}))
    bench.apply(*resources)
    before = touched(bench.root)

    outcome = bench.apply(*resources)

    assert outcome.results == () and bench.reports == []
    assert outcome.resources == tuple(sorted(each.id for each in resources))
    assert touched(bench.root) == before


def test_update_of_one_field_writes_one_file(bench: Bench) -> None:
    bench.apply(bench.namespace(), bench.config_map("web", {"mode": "fast"}))
    before = touched(bench.root)

    outcome = bench.apply(bench.namespace(), bench.config_map("web", {"mode": "safe"}))

    assert [(each.id, each.operation) for each in outcome.results] == [("v1:ConfigMap:shop:web", "update")]
    changed = {Path(path).name for path, when in touched(bench.root).items() if before[path] != when}
    assert changed == {"configmap_core_v1_shop_web.yaml"}


def test_numbers_stay_whole(bench: Bench) -> None:
    service = bench.kubernetes(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"ports": [{"port": 80, "targetPort": 8080}], "weight": 0.5},
        }
    )
    bench.apply(service)

    text = (bench.manifests / "service_core_v1_shop_web.yaml").read_text()
    assert "port: 80\n" in text and "targetPort: 8080\n" in text and "weight: 0.5\n" in text


def test_removed_resource_loses_its_file_and_foreign_files_stay(bench: Bench) -> None:
    bench.apply(bench.namespace(), bench.config_map("web", {}))
    (bench.manifests / "kustomization.yaml").write_text("resources: []\n")

    outcome = bench.apply(bench.namespace())
    assert [(each.id, each.operation) for each in outcome.results] == [("v1:ConfigMap:shop:web", "delete")]
    assert sorted(path.name for path in bench.manifests.iterdir()) == [
        "kustomization.yaml",
        "namespace_core_v1__shop.yaml",
    ]

    bench.destroy(bench.namespace())
    assert [path.name for path in bench.manifests.iterdir()] == ["kustomization.yaml"]


def test_another_name_under_the_same_id_replaces(bench: Bench) -> None:
    bench.apply(bench.config_map("web", {"a": "1"}))
    renamed = bench.config_map("www", {"a": "1"})
    resource = type(renamed)("v1:ConfigMap:shop:web", renamed.type, renamed.attributes)

    step = bench.preview(resource)["v1:ConfigMap:shop:web"]
    outcome = bench.apply(resource)

    assert step.operation == "replace" and step.replaces == ("metadata.name",)
    assert [(each.id, each.operation, each.status) for each in outcome.results] == [
        ("v1:ConfigMap:shop:web", "replace", "done")
    ]
    assert bench.reports == [
        Progress("v1:ConfigMap:shop:web", "replace", "running"),
        Progress("v1:ConfigMap:shop:web", "replace", "done"),
    ]
    assert sorted(path.name for path in bench.manifests.iterdir()) == [
        "configmap_core_v1_shop_www.yaml",
        "kustomization.yaml",
    ]
    assert "- configmap_core_v1_shop_www.yaml\n" in (bench.manifests / "kustomization.yaml").read_text()


def test_drift_is_reverted_and_a_missing_file_made_again(bench: Bench) -> None:
    resources = (bench.config_map("web", {"mode": "fast"}), bench.config_map("api", {"mode": "fast"}))
    bench.apply(*resources)
    edited, removed = (bench.manifests / f"configmap_core_v1_shop_{name}.yaml" for name in ("web", "api"))
    text = edited.read_text()
    edited.write_text(text.replace("fast", "slow"))
    removed.unlink()

    steps = bench.preview(*resources)
    outcome = bench.apply(*resources)

    web, api = steps["v1:ConfigMap:shop:web"], steps["v1:ConfigMap:shop:api"]
    assert web.operation == "update" and web.live is not None and web.live["data"] == {"mode": "slow"}
    assert web.state is not None and web.state["data"] == {"mode": "fast"} and web.wanted == web.state
    assert web.differs == ("data.mode",)
    assert api.operation == "create" and api.live is None and api.state == api.wanted
    assert {(each.id, each.operation) for each in outcome.results} == {
        ("v1:ConfigMap:shop:web", "update"),
        ("v1:ConfigMap:shop:api", "create"),
    }
    assert edited.read_text() == text and removed.exists()


def test_without_refresh_live_is_not_read(bench: Bench) -> None:
    resource = bench.config_map("web", {"mode": "fast"})
    bench.apply(resource)
    path = bench.manifests / "configmap_core_v1_shop_web.yaml"
    path.write_text(path.read_text().replace("fast", "slow"))

    step = bench.preview(resource, refresh=False)[resource.id]

    assert step.operation == "same" and step.live == step.state
    assert bench.apply(resource, refresh=False).results == ()


def test_object_that_lies_there_already_is_taken_over(bench: Bench) -> None:
    bench.manifests.mkdir()
    path = bench.manifests / "namespace_core_v1__shop.yaml"
    path.write_text("kind: Namespace\napiVersion: v1\nmetadata: {name: shop}\n")

    assert bench.apply(bench.namespace()).error == ""
    assert path.read_text().startswith(HEADER)


def test_foreign_file_fails_one_resource_and_the_others_go_on(bench: Bench) -> None:
    bench.manifests.mkdir()
    path = bench.manifests / "configmap_core_v1_shop_web.yaml"
    path.write_text("# mine\nkind: ConfigMap\n")
    web = bench.config_map("web", {"a": "1"})
    dependent = bench.config_map("after", {"of": f"${{{web.id}#metadata.name}}"}, web.id)
    bench.apply(dependent_without := bench.config_map("after", {"of": "nobody"}), bench.config_map("old", {}))
    assert dependent_without.id == dependent.id

    others = [f"v1:ConfigMap:shop:c{number}" for number in range(20)]
    chain = [
        bench.config_map(id.rpartition(":")[2], {}, *([former] if former else []))
        for id, former in zip(others, ["", *others], strict=False)
    ]

    outcome = bench.apply(web, dependent, *chain)

    results = {each.id: (each.operation, each.status) for each in outcome.results}
    assert results[web.id] == ("create", "failed")
    assert {results[id] for id in others} == {("create", "done")}, "long after the failure, too"
    assert dependent.id not in results, "what depends on a failed resource is left as it is"
    assert dependent.id in outcome.resources
    assert f"{web.id}: {path}: there is a file in the place of this object's manifest" in outcome.error
    assert "rpc error" not in outcome.error and "urn:pulumi" not in outcome.error
    assert path.read_text() == "# mine\nkind: ConfigMap\n"
    assert "of: nobody" in (bench.manifests / "configmap_core_v1_shop_after.yaml").read_text()


def test_invalid_yaml_says_file_and_line(bench: Bench) -> None:
    bench.apply(bench.config_map("web", {"a": "1"}))
    path = bench.manifests / "configmap_core_v1_shop_web.yaml"
    path.write_text(HEADER + "data: {\n")

    with pytest.raises(EngineError) as caught:
        bench.preview(bench.config_map("web", {"a": "1"}))
    assert f"v1:ConfigMap:shop:web: {path}:3:1: this is not YAML" in str(caught.value)
    assert f"{path}:3:1: this is not YAML" in bench.apply(bench.config_map("web", {"a": "1"})).error


def test_reference_into_the_middle_of_text(bench: Bench) -> None:
    first = bench.config_map("first", {"host": "db", "port": 5432})
    url = f"pg://${{{first.id}#data.host}}:${{{first.id}#data.port}}/x"
    second = bench.config_map(
        "second", {"url": url, "port": f"${{{first.id}#data.port}}", "literal": "$${not}"}, first.id
    )

    planned = bench.preview(second, first)[second.id].wanted
    outcome = bench.apply(second, first)

    assert outcome.error == ""
    assert planned is not None and planned["data"] == {"url": "pg://db:5432/x", "port": 5432, "literal": "${not}"}
    text = (bench.manifests / "configmap_core_v1_shop_second.yaml").read_text()
    assert "url: pg://db:5432/x\n" in text and "port: 5432\n" in text and "literal: ${not}\n" in text
    dependencies = {each["urn"].split("::")[-1]: each for each in bench.state()}[second.id]
    assert [urn.split("::")[-1] for urn in dependencies["dependencies"]] == [first.id]
    assert [urn.split("::")[-1] for urn in dependencies["propertyDependencies"]["data"]] == [first.id]


def test_missing_output_fails_what_refers_to_it_and_deletes_nothing(bench: Bench) -> None:
    first = bench.config_map("first", {})
    bench.apply(bench.config_map("old", {}))

    outcome = bench.apply(first, bench.config_map("second", {"ip": f"${{{first.id}#status.ip}}"}, first.id))

    assert "v1:ConfigMap:shop:first: it has no output 'status.ip'" in outcome.error
    assert outcome.resources == ("v1:ConfigMap:shop:first", "v1:ConfigMap:shop:old")


def test_bad_object_is_told_by_preview_and_apply(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bad = bench.kubernetes({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}})
    bad = type(bad)(bad.id, "kubernetes:core/v1:Pod", bad.attributes)

    with pytest.raises(EngineError, match="apiVersion and kind make it a kubernetes:core/v1:ConfigMap"):
        bench.preview(bad)
    assert "apiVersion and kind make it a kubernetes:core/v1:ConfigMap" in bench.apply(bad).error
    time.sleep(1)
    assert caplog.text == "", "the program that was cut short is silent, also where it ends after us"


def test_last_delete_removes_the_directories(bench: Bench) -> None:
    resources = (bench.namespace(), bench.secret("s", {"key": "abcdef"}))
    bench.apply(*resources)
    secrets = bench.manifests.with_name("out.secrets")
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert (secrets / ".gitignore").read_text() == "*\n"
    assert stat.S_IMODE((secrets / "secret_core_v1_shop_s.yaml").stat().st_mode) == 0o600

    outcome = bench.destroy(*resources)

    assert outcome.error == "" and outcome.resources == ()
    assert {each.operation for each in outcome.results} == {"delete"}
    assert not bench.manifests.exists() and not secrets.exists()


@pytest.mark.timeout(300)
def test_chain_of_a_thousand(bench: Bench) -> None:
    """The Automation API's own Resource objects die of recursion here; previewing needs no thousand checkpoints."""
    names = [f"c{number:04}" for number in range(1000)]
    chain = [bench.config_map(names[0], {"n": "0"})]
    for name, former in zip(names[1:], names, strict=False):
        chain.append(bench.config_map(name, {"n": f"${{v1:ConfigMap:shop:{former}#data.n}}"}))

    steps = bench.preview(*chain)

    assert len(steps) == 1000 and {step.operation for step in steps.values()} == {"create"}
    last = steps["v1:ConfigMap:shop:c0999"].wanted
    assert last is not None and last["data"] == {"n": "0"}
