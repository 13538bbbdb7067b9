"""What the workspace's blocks say to the compiler itself: imports, health; and modules that nobody uses."""

from __future__ import annotations

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.errors import WorkspaceError
from tests.unit.compiler.sample import DEPLOYMENT, Change, Server, Store, compiled, config_map, shop

SERVICE = "v1:Service:test:test-dev-shop"


def configs(text: str, module: str = "store") -> str:
    return f"modules:\n  {module}:\n    configs:\n      {text}\n"


def test_an_imported_resource_keeps_its_inputs() -> None:
    decided = configs(f'default: {{importedResources: {{"{SERVICE}": "test/web"}}}}')
    result = compiled(shop(store=Store()), workspace=decided)
    plain = compiled(shop(store=Store()))
    assert result.spec[SERVICE].attributes == plain.spec[SERVICE].attributes
    assert result.spec[SERVICE].options == {"import": "test/web", "protect": True}
    assert not plain.spec[SERVICE].options
    assert {id.id for id in result.spec.resources if id.options} == {SERVICE}


def test_a_block_that_selects_the_project_imports_too() -> None:
    decided = configs(f'some: {{projectSelector: ["te*"], importedResources: {{"{SERVICE}": "test/web"}}}}')
    assert compiled(shop(store=Store()), workspace=decided).spec[SERVICE].options["import"] == "test/web"
    elsewhere = compiled(shop(store=Store()), workspace=decided, project="other")
    assert not any(each.options for each in elsewhere.spec.resources)


def test_an_import_in_any_modules_block_counts() -> None:
    """As in the ancestor: the ids say what is meant, not the module under which they stand."""
    decided = configs(f'default: {{importedResources: {{"{SERVICE}": "test/web"}}}}', module="elsewhere")
    assert compiled(shop(store=Store()), workspace=decided).spec[SERVICE].options["import"] == "test/web"


def test_the_ids_of_the_ancestor_mean_what_is_made_now() -> None:
    theirs = "aliyun:alicloud:alicloud_db_instance:kusion"
    result = compiled(shop(), workspace=configs(f'default: {{importedResources: {{"{theirs}": "rm-1"}}}}'))
    [warning] = [each for each in result.warnings if "imported" in each.what]
    assert warning.what.startswith("alicloud:rds/instance:Instance:kusion is to be imported")


def test_an_import_of_nothing_is_warned_of_with_the_nearest_id() -> None:
    result = compiled(shop(store=Store()), workspace=configs(f'default: {{importedResources: {{"{SERVICE}x": a}}}}'))
    [warning] = result.warnings
    assert str(warning) == (
        f"workspace.yaml:4:37: {SERVICE}x is to be imported, but this stack has no such resource\n"
        f"  did you mean '{SERVICE}'?"
    )


def test_one_id_with_two_values_is_an_error() -> None:
    decided = configs(f'default: {{importedResources: {{"{SERVICE}": a}}}}')
    decided += configs(f'default: {{importedResources: {{"{SERVICE}": b}}}}', module="server").removeprefix(
        "modules:\n"
    )
    with pytest.raises(WorkspaceError) as raised:
        compiled(shop(store=Store()), workspace=decided)
    assert str(raised.value) == (
        f"workspace.yaml:7:37: {SERVICE} is imported as 'b' here, and as 'a' elsewhere\n"
        "  keep one of them; the other is at workspace.yaml:4:37"
    )


@pytest.mark.parametrize("value", ["[a]", '{"x": 1}', '{"x": ""}', "text"])
def test_imports_are_texts_by_texts(value: str) -> None:
    with pytest.raises(WorkspaceError) as raised:
        compiled(shop(), workspace=configs(f"default: {{importedResources: {value}}}"))
    [problem] = raised.value.problems
    assert str(problem.where).startswith("workspace.yaml:4:")
    assert "importedResources" in problem.what


def test_the_health_of_a_workload_is_kept_with_it() -> None:
    decided = configs('default: {healthPolicy: {health.kcl: "assert res.a"}}', module="server")
    result = compiled(shop(store=Store()), workspace=decided)
    assert result.spec[DEPLOYMENT].health == {"health.kcl": "assert res.a"}
    assert result.spec[DEPLOYMENT].to_json()["health"] == {"health.kcl": "assert res.a"}
    assert {each.id for each in result.spec.resources if each.health} == {DEPLOYMENT}


@pytest.mark.parametrize("kind", ["ConfigMap", "configmap"])
def test_the_health_of_other_objects_is_that_of_a_kind(kind: str) -> None:
    policy = f"{{health.kcl: assert res.a, apiVersion: v1, kind: {kind}}}"
    made = Change(makes=[config_map("a"), config_map("b"), {**config_map("c"), "kind": "Secret"}])
    result = compiled(shop(change=made), workspace=configs(f"default: {{healthPolicy: {policy}}}", module="change"))
    assert {each.id for each in result.spec.resources if each.health} == {
        "v1:ConfigMap:test:a",
        "v1:ConfigMap:test:b",
    }
    assert not result.warnings


def test_the_policy_of_the_block_that_selects_the_project_wins() -> None:
    decided = "default: {healthPolicy: {health.kcl: assert res.all}}\n      some: {projectSelector: [test], healthPolicy: {health.kcl: assert res.some}}"
    assert compiled(shop(), workspace=configs(decided, "server")).spec[DEPLOYMENT].health == {
        "health.kcl": "assert res.some"
    }


def test_stacks_and_applications_are_selected_for_health_and_imports_too() -> None:
    decided = """prod: {stackSelector: [prod], healthPolicy: {health.kcl: assert res.prod}}
      dev: {stackSelector: [dev], healthPolicy: {health.kcl: assert res.dev}}
      app: {appSelector: [shop], healthPolicy: {health.kcl: assert res.app}, importedResources: {"x:y:Z:n": "1"}}
      elsewhere: {appSelector: [other], importedResources: {"x:y:Z:m": "1"}}"""
    blog = AppConfiguration(name="blog", workload=Server())
    result = compiled(shop(), blog, workspace=configs(decided, "server"))
    health = {each.id: each.health for each in result.spec.resources if each.workload}
    assert health[DEPLOYMENT] == {"health.kcl": "assert res.app"}
    assert health["apps/v1:Deployment:test:test-dev-blog"] == {"health.kcl": "assert res.dev"}
    assert [warning.what.split()[0] for warning in result.warnings] == ["x:y:Z:n"]


def test_a_policy_that_is_about_nothing_is_warned_of() -> None:
    result = compiled(shop(store=Store()), workspace=configs("default: {healthPolicy: {health.kcl: assert res.a}}"))
    [warning] = result.warnings
    assert str(warning.where) == "workspace.yaml:4:17"
    assert "apiVersion and kind" in str(warning.hint)


@pytest.mark.parametrize(
    ("policy", "what"),
    [
        ("{helth.kcl: a}", "healthPolicy.health.kcl: is required"),
        ("{health.kcl: assert res.a, knd: b}", "did you mean 'kind'?"),
        ("{health.kcl: ''}", "at least 1 character"),
        ("text", "healthPolicy: "),
        ("{health.kcl: assert a}", "line 1: 'a' is not known; the live object is called 'res'"),
    ],
)
def test_a_policy_that_is_not_valid_is_told_with_its_place(policy: str, what: str) -> None:
    with pytest.raises(WorkspaceError) as raised:
        compiled(shop(), workspace=configs(f"default: {{healthPolicy: {policy}}}", "server"))
    assert all(str(problem.where).startswith("workspace.yaml:4:") for problem in raised.value.problems)
    assert what in str(raised.value).replace('["health.kcl"]', ".health.kcl")


def test_neither_field_reaches_the_module() -> None:
    """The module's own model does not know them, and is strict."""
    decided = configs(
        "default: {nodePool: x, healthPolicy: {health.kcl: assert res.a}, importedResources: {}}", "server"
    )
    assert compiled(shop(), workspace=decided).spec[DEPLOYMENT].attributes["metadata"]["annotations"]["pool"] == "x"


def test_modules_that_nobody_uses_are_warned_of_in_one_go() -> None:
    text = "modules:\n  server: {}\n  stroe: {}\n  other: {}\n"
    [warning] = compiled(shop(store=Store()), workspace=text).warnings
    assert str(warning) == (
        "workspace.yaml:3:3: no application of this stack uses stroe, other\n"
        "  workspace.yaml:3:3: stroe\n"
        "  workspace.yaml:4:3: other\n"
        "  'stroe': did you mean 'store'?"
    )
    [alone] = compiled(shop(), workspace="modules:\n  mysql: {}\n").warnings
    assert str(alone).splitlines() == [
        "workspace.yaml:2:3: no application of this stack uses mysql",
        "  nothing is to be done if other stacks of the workspace do",
    ]
