"""The platform's decisions: which block applies, who wins, and that nothing is changed in the workspace."""

from __future__ import annotations

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.discovery.workspaces import read_workspace
from kusion_dsl.errors import ModuleError, WorkspaceError
from kusion_dsl.model.selector import Place
from tests.unit.compiler.sample import DEPLOYMENT, Server, compiled, deployment, shop


def blocks(text: str, version: str = "") -> str:
    return f"modules:\n  server:\n    version: '{version}'\n    configs: {text}\n"


@pytest.mark.parametrize(
    ("developer", "platform", "expected"),
    [(None, None, None), (2, None, 2), (None, 3, 3), (2, 3, 2), (0, 3, 0)],
)
def test_the_developer_overrides(developer: int | None, platform: int | None, expected: int | None) -> None:
    decided = "{}" if platform is None else f"{{default: {{replicas: {platform}}}}}"
    given = Server() if developer is None else Server(replicas=developer)
    assert deployment(compiled(shop(given), workspace=blocks(decided)))["spec"].get("replicas") == expected


@pytest.mark.parametrize(
    ("developer", "platform", "expected"),
    [(None, None, None), (2, None, 2), (None, 3, 3), (2, 3, 3), (2, 0, 0)],
)
def test_the_platform_overrides(developer: int | None, platform: int | None, expected: int | None) -> None:
    decided = "{}" if platform is None else f"{{default: {{size: {platform}}}}}"
    given = Server() if developer is None else Server(size=developer)
    assert deployment(compiled(shop(given), workspace=blocks(decided)))["spec"].get("size") == expected


def test_mappings_are_merged_and_lists_are_joined() -> None:
    given = Server(settings={"a": "dev", "b": "dev"}, limits={"a": "dev", "b": "dev"}, zones=["z1", "z2"])
    decided = "{default: {settings: {b: ws, c: ws}, limits: {b: ws, c: ws}, zones: [z2, z3]}}"
    annotations = deployment(compiled(shop(given), workspace=blocks(decided)))["metadata"]["annotations"]
    assert sorted(annotations["settings"].split(",")) == ["a=dev", "b=dev", "c=ws"]
    assert sorted(annotations["limits"].split(",")) == ["a=dev", "b=ws", "c=ws"]
    assert annotations["zones"] == "z1,z2,z3"


def test_a_selecting_block_replaces_what_the_default_says() -> None:
    decided = "{default: {nodePool: all, replicas: 1}, some: {projectSelector: ['te*', other], nodePool: special}}"
    attributes = deployment(compiled(shop(), workspace=blocks(decided)))
    assert attributes["metadata"]["annotations"]["pool"] == "special"
    assert attributes["spec"]["replicas"] == 1
    other = compiled(shop(), workspace=blocks(decided), project="another")
    (found,) = (each for each in other.spec.resources if each.workload)
    assert found.attributes["metadata"]["annotations"]["pool"] == "all"


def test_stacks_and_applications_have_sizes_of_their_own() -> None:
    decided = """{
        default: {nodePool: all, replicas: 1},
        big: {appSelector: [shop], replicas: 5},
        prod: {stackSelector: [prod], replicas: 3},
        dev: {stackSelector: [dev], nodePool: small, replicas: 2}
    }"""
    blog = AppConfiguration(name="blog", workload=Server())
    result = compiled(shop(), blog, workspace=blocks(decided))
    found = {each.id.rpartition("-")[2]: each.attributes for each in result.spec.resources if each.workload}
    assert {name: each["spec"]["replicas"] for name, each in found.items()} == {"shop": 5, "blog": 2}
    assert {each["metadata"]["annotations"]["pool"] for each in found.values()} == {"small"}
    [origin, *_] = result.provenance.of(DEPLOYMENT, ("spec", "replicas"))
    assert str(origin.position).startswith("workspace.yaml:6:")


def test_globs_that_meet_only_in_one_place_are_told_there() -> None:
    decided = "{a: {stackSelector: ['d*'], nodePool: x}, b: {stackSelector: ['*v'], nodePool: y}}"
    with pytest.raises(WorkspaceError) as raised:
        compiled(shop(), workspace=blocks(decided))
    [problem] = raised.value.problems
    assert problem.what == "the blocks 'a' and 'b' of module server both select 'dev'"
    assert str(problem.where).startswith("workspace.yaml:")


def test_two_blocks_that_select_one_project_are_an_error() -> None:
    decided = "{a: {projectSelector: [test], nodePool: x}, b: {projectSelector: ['t*'], nodePool: y}}"
    with pytest.raises(WorkspaceError, match="selected by the block 'a' too"):
        compiled(shop(), workspace=blocks(decided))


@pytest.mark.parametrize(
    ("decided", "what"),
    [
        ("{default: {nodePol: x}}", "nodePol: unknown field, did you mean 'nodePool'"),
        ("{default: {node_pool: x}}", "node_pool: unknown field, did you mean 'nodePool'"),
        ("{default: {nodePool: [1]}}", "nodePool: "),
        ("{default: {replicas: many}}", "replicas: "),
        ("{default: {replicas: -1}}", "replicas: "),
        ("{default: {env: {A: b}}}", "env: unknown field"),
    ],
)
def test_what_is_wrong_in_a_block_is_told_with_its_place(decided: str, what: str) -> None:
    with pytest.raises(WorkspaceError) as raised:
        compiled(shop(), workspace=blocks(decided))
    (problem,) = raised.value.problems
    assert what in problem.what
    assert str(problem.where).startswith("workspace.yaml:4:")


def test_the_workspace_stays_as_it_is() -> None:
    text = blocks("{default: {settings: {b: ws}, zones: [z2]}, some: {projectSelector: [test], limits: {a: ws}}}")
    workspace = read_workspace("test", text, "workspace.yaml")
    before = workspace.config.model_dump_json()
    from kusion_dsl.compiler.policy import decide
    from tests.unit.compiler.sample import MODULES

    decision = decide(workspace, Place("test", "dev", "shop"), MODULES[0])
    decision.shared["settings"]["more"] = "changed"
    decision.shared["zones"].append("changed")
    decision.shared["limits"].clear()
    assert workspace.config.model_dump_json() == before


def test_provenance_names_the_block() -> None:
    result = compiled(shop(), workspace=blocks("{default: {nodePool: x, replicas: 3}}"))
    for path in (("spec", "replicas"), ("metadata", "annotations", "pool")):
        origin = result.provenance.of(DEPLOYMENT, path)[0]
        assert (origin.kind, origin.name) == ("workspace", "workspace test")
        assert str(origin.position).startswith("workspace.yaml:4:")


@pytest.mark.parametrize(
    ("version", "allowed"),
    [("", True), ("1.2.3", True), (">=1.2,<2", True), ("~=1.2.0", True), ("1.2.4", False), ("<1.2.3", False)],
)
def test_the_installed_version_must_be_allowed(version: str, allowed: bool) -> None:
    if allowed:
        compiled(shop(), workspace=blocks("{}", version))
        return
    with pytest.raises(ModuleError) as raised:
        compiled(shop(), workspace=blocks("{}", version))
    assert f"kusion-server 1.2.3 is installed, but the workspace allows {version}" in str(raised.value)
    assert "workspace.yaml:3:" in str(raised.value)
