"""The patches of the workspace and of the application: what they change, in which order, and who is named for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl import AppConfiguration, Secret, patch
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.errors import CompileError, KusionError, WorkspaceError
from kusion_dsl.model.reference import Path
from tests.unit.compiler.sample import DEPLOYMENT, Change, Server, Store, compiled, config_map, deployment, env

SERVICE = "v1:Service:test:test-dev-shop"
NAMESPACE = "v1:Namespace:test"
STORE = "secretStore: {provider: {env: {}}}\n"


def patched(*patches: patch, workspace: str = "", **accessories: Any) -> Compiled:
    app = AppConfiguration(
        name="shop", workload=Server(env={"A": "1"}), accessories=accessories, labels={"team": "web"}, patches=patches
    )
    return compiled(app, workspace=f"{STORE}{workspace}")


def origins(result: Compiled, id: str, path: Path) -> list[str]:
    return [str(origin).rpartition("/")[2] for origin in result.provenance.of(id, path)]


def test_a_merge_goes_key_by_key_and_item_by_item() -> None:
    merge = {
        "spec": {"replicas": 4, "template": {"spec": {"containers": [{"name": "web", "tty": True}, {"name": "side"}]}}},
        "metadata": {"annotations": {"pool": None}},
    }
    found = deployment(patched(patch(kind="Deployment", merge=merge)))
    plain = deployment(patched())
    [web, side] = found["spec"]["template"]["spec"]["containers"]
    [before] = plain["spec"]["template"]["spec"]["containers"]
    assert web == {**before, "tty": True}
    assert side == {"name": "side"}
    assert found["spec"]["replicas"] == 4
    assert found["metadata"]["annotations"].keys() == plain["metadata"]["annotations"].keys() - {"pool"}


def test_operations_come_after_the_merge_in_their_order() -> None:
    operations: list[dict[str, Any]] = [
        {"op": "test", "path": "/spec/x", "value": 1},
        {"op": "replace", "path": "/spec/x", "value": [1, 2]},
        {"op": "add", "path": "/spec/x/-", "value": {"a": None, "b": 3}},
        {"op": "copy", "from": "/spec/x/2", "path": "/spec/y~1z"},
        {"op": "add", "path": "/spec/last", "value": {"c": None}},
    ]
    found = deployment(patched(patch(kind="Deployment", merge={"spec": {"x": 1}}, json_patch=operations)))
    assert found["spec"]["x"] == [1, 2, {"b": 3}]
    assert found["spec"]["y/z"] == {"b": 3}
    assert found["spec"]["last"] == {}


def test_the_application_has_the_last_word_and_modules_the_first() -> None:
    module = Change(merge={"spec": {"a": "module", "b": "module", "c": "module"}})
    workspace = """
patches:
- {kind: Deployment, merge: {spec: {b: first, c: first}}}
- {kind: Deployment, merge: {spec: {b: workspace, c: workspace}}}
"""
    result = patched(patch(kind="Deployment", merge={"spec": {"c": "app"}}), workspace=workspace, change=module)
    spec = deployment(result)["spec"]
    assert [spec[key] for key in "abc"] == ["module", "workspace", "app"]


def test_the_application_s_labels_can_be_patched_too() -> None:
    result = patched(patch(kind="Deployment", merge={"metadata": {"labels": {"team": None}}}))
    assert "team" not in deployment(result)["metadata"]["labels"]


def test_all_that_fit_are_changed_each_by_itself() -> None:
    operations: list[dict[str, Any]] = [
        {"op": "add", "path": "/list", "value": [{}]},
        {"op": "add", "path": "/list/0/n", "value": 1},
    ]
    result = patched(
        patch(name="*", merge={"metadata": {"labels": {"x": "y"}}}, json_patch=operations), store=Store(), other=Store()
    )
    made = [each for each in result.spec.resources if each.id != NAMESPACE and each.id.startswith(("v1:", "apps/"))]
    assert len(made) == 3
    assert all(each.attributes["list"] == [{"n": 1}] for each in made)
    assert all(each.attributes["metadata"]["labels"]["x"] == "y" for each in made)


def test_another_application_s_resources_are_not() -> None:
    shop = AppConfiguration(name="shop", workload=Server(), patches=[patch(kind="*", merge={"spec": {"x": 1}})])
    blog = AppConfiguration(name="blog", workload=Server())
    result = compiled(shop, blog)
    assert result.spec["apps/v1:Deployment:test:test-dev-blog"].attributes["spec"].get("x") is None
    assert deployment(result)["spec"]["x"] == 1


def test_a_cloud_resource_is_chosen_by_its_accessory() -> None:
    result = patched(patch(accessory="store", kind="RandomPassword", merge={"length": 40}), store=Store(), b=Store())
    lengths = {each.id: each.attributes["length"] for each in result.spec.resources if "RandomPassword" in each.id}
    assert sorted(lengths.values()) == [16, 40]
    assert lengths["kusion:index:RandomPassword:test-dev-shop-password"] == 40


def test_what_it_brings_is_wired_lifted_and_escaped_like_everything_else() -> None:
    store = Store()
    variables = [
        {"name": "KEY", "value": Secret("k")},
        {"name": "HOST", "value": store.host},
        {"name": "A", "value": "${1}"},
    ]
    merge = {"spec": {"template": {"spec": {"containers": [{"name": "web", "env": variables}]}}}}
    found = {each["name"]: each for each in env(patched(patch(kind="Deployment", merge=merge), store=store))}
    assert found["KEY"]["valueFrom"]["secretKeyRef"] == {"name": "test-dev-shop-env", "key": "web.KEY"}
    assert found["HOST"]["value"] == f"${{{SERVICE}#status.loadBalancer.ingress[0].hostname}}"
    assert found["A"]["value"] == "$${1}"


def test_the_workspace_changes_what_it_selects() -> None:
    workspace = """
patches:
- {kind: Deployment, merge: {spec: {all: 1}}}
- {projectSelector: [tes*], stackSelector: [dev], appSelector: [shop], kind: Deployment, merge: {spec: {closely: 1}}}
- {projectSelector: [other], kind: Deployment, merge: {spec: {project: 1}}}
- {stackSelector: [prod], kind: Deployment, merge: {spec: {stack: 1}}}
- {appSelector: [blog], kind: Deployment, merge: {spec: {app: 1}}}
"""
    result = patched(workspace=workspace)
    assert deployment(result)["spec"].keys() & {"all", "closely", "project", "stack", "app"} == {"all", "closely"}
    assert not result.warnings


def test_the_workspace_changes_the_namespace_too() -> None:
    result = patched(workspace="patches: [{kind: Namespace, merge: {metadata: {labels: {a: 'b${c}'}}}}]")
    assert result.spec[NAMESPACE].attributes["metadata"] == {"name": "test", "labels": {"a": "b$${c}"}}
    assert type(result.spec[NAMESPACE].attributes["metadata"]["labels"]["a"]) is str


def test_one_of_the_workspace_that_fits_nothing_is_warned_of() -> None:
    workspace = "patches:\n- {kind: Deploymnt, merge: {a: 1}}\n- {name: x, appSelector: [blog], merge: {a: 1}}\n"
    [warning] = patched(workspace=workspace).warnings
    assert str(warning) == (
        "workspace.yaml:3:3: patches[0] of the workspace test fits no resource: kind 'Deploymnt'\n"
        "  Deployment test-dev-shop of workload\n"
        "  Namespace test of the stack\n"
        "  did you mean 'Deployment'?"
    )


def test_one_of_the_application_that_fits_nothing_is_an_error() -> None:
    with pytest.raises(CompileError) as raised:
        patched(patch(kind="Service", merge={"a": 1}), patch(accessory="stor", merge={"a": 1}), store=Store())
    first, second = raised.value.problems[0], raised.value.problems[-1]
    assert len(raised.value.problems) == 1
    assert first is second
    assert first.what == "shop.patches[1] fits no resource: accessory 'stor'"
    assert first.details == (
        "Deployment test-dev-shop of workload",
        "RandomPassword test-dev-shop-password of store",
        "Service test-dev-shop of store",
    )
    assert first.hint == "did you mean 'store'?"


@pytest.mark.parametrize(
    "change",
    [
        {"merge": {"metadata": {"name": "x"}}},
        {"merge": {"metadata": {"namespace": "x"}}},
        {"merge": {"metadata": "x"}},
        {"merge": {"kind": "StatefulSet"}},
        {"merge": {"apiVersion": "apps/v2"}},
        {"json_patch": [{"op": "remove", "path": "/metadata"}]},
        {"json_patch": [{"op": "replace", "path": "/metadata/namespace", "value": "x"}]},
    ],
)
def test_no_other_object_is_made_of_one(change: dict[str, Any]) -> None:
    with pytest.raises(CompileError, match=r"shop.patches\[0\] makes another object of apps/v1:Deployment"):
        patched(patch(kind="Deployment", **change))
    field = "jsonPatch" if "json_patch" in change else "merge"
    entry = json.dumps({"kind": "Deployment", field: next(iter(change.values()))})
    with pytest.raises(WorkspaceError, match=r"workspace.yaml:2:11: patches\[0\] of the workspace test makes another"):
        patched(workspace=f"patches: [{entry}]")


@pytest.mark.parametrize(
    ("operation", "hint"),
    [
        ({"op": "remove", "path": "/spec/templat"}, "did you mean 'template'?"),
        ({"op": "remove", "path": "/zzz"}, "it has apiVersion, kind, metadata, spec"),
        ({"op": "remove", "path": "/spec/template/spec/containers/3"}, "containers has 1 items, numbered from 0"),
        ({"op": "add", "path": "/kind/x", "value": 1}, "/kind has nothing in it"),
        ({"op": "move", "from": "/spec/x", "path": "/spec/y"}, "/spec has "),
        ({"op": "test", "path": "/kind", "value": "x"}, "something else is there"),
        ({"op": "add", "path": "/spec/template/spec/containers/9", "value": {}}, "numbered from 0"),
    ],
)
def test_an_operation_that_is_impossible_says_what_is_there(operation: dict[str, Any], hint: str) -> None:
    with pytest.raises(CompileError) as raised:
        patched(patch(kind="Deployment", json_patch=[operation]))
    [problem] = raised.value.problems
    assert problem.what == f"shop.patches[0] cannot {operation['op']} {operation['path']} in {DEPLOYMENT}"
    assert hint in str(problem.hint)
    assert "test_amendments.py" in str(problem.where)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(KusionError) as raised:
        patched(
            patch(kind="x", merge={"a": 1}),
            patch(kind="Deployment", merge={"kind": "y"}),
            workspace="patches: [{kind: Deployment, jsonPatch: [{op: remove, path: /x}]}]",
        )
    assert [problem.what.partition(" ")[0] for problem in raised.value.problems] == [
        "patches[0]",
        "shop.patches[0]",
        "shop.patches[1]",
    ]


def test_who_changed_a_field_is_named_first() -> None:
    workspace = """
patches:
- kind: Deployment
  merge:
    spec:
      from: workspace
      paused: true
  jsonPatch:
  - {op: add, path: /spec/added, value: [1]}
"""
    changes = {"spec": {"both": "x", "template": {"spec": {"hostNetwork": True}}}}
    result = patched(patch(kind="Deployment", merge=changes), workspace=workspace)
    assert origins(result, DEPLOYMENT, ("spec", "from"))[0] == "workspace.yaml:7:7 (workspace test)"
    assert origins(result, DEPLOYMENT, ("spec", "paused"))[0] == "workspace.yaml:8:7 (workspace test)"
    assert origins(result, DEPLOYMENT, ("spec", "added", 0))[0] == "workspace.yaml:10:42 (workspace test)"
    for path in (("spec", "both"), ("spec", "template", "spec", "hostNetwork")):
        assert origins(result, DEPLOYMENT, path)[0].endswith("(shop.patches[0])")
    assert not any("patches" in each for each in origins(result, DEPLOYMENT, ("metadata", "name"))[:2])


def test_what_was_removed_or_stands_in_a_list_is_named_around_it() -> None:
    remove = {"metadata": {"annotations": {"pool": None}}}
    listed = {"spec": {"template": {"spec": {"containers": [{"name": "web", "tty": True}]}}}}
    result = patched(patch(kind="Deployment", merge=remove), patch(kind="Deployment", merge=listed))
    assert origins(result, DEPLOYMENT, ("metadata", "annotations"))[0].endswith("(shop.patches[0])")
    containers: Path = ("spec", "template", "spec", "containers")
    assert origins(result, DEPLOYMENT, (*containers, 0, "tty"))[0].endswith("(shop.patches[1])")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab$ {", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["data", "x", "y"]), _JSON, min_size=1))
def test_a_merge_is_done_once_and_for_all(change: dict[str, Any]) -> None:
    """Merging the same again changes nothing, in whichever of the two places it is written."""

    def attributes(*patches: patch, workspace: str = "") -> Any:
        made = Change(makes=[config_map("settings", data="1", more="2")])
        return patched(*patches, workspace=workspace, made=made).spec["v1:ConfigMap:test:settings"].attributes

    once = patch(name="settings", merge=change)
    again = patch(name="settings", merge=change)
    written = f"patches: [{json.dumps({'name': 'settings', 'merge': change})}]"
    assert attributes(once) == attributes(once, again) == attributes(workspace=written)
