"""Which projects the blocks of a workspace are about, and when two are about one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.discovery.workspaces import read_workspace
from kusion_dsl.errors import WorkspaceError
from kusion_dsl.model.selector import Place
from kusion_dsl.model.workspace import ModulePolicy, Workspace


def workspace(configs: str) -> Workspace:
    return read_workspace("test", f"modules:\n  a:\n    configs:\n{configs}", "workspace.yaml")


@pytest.mark.parametrize(
    ("configs", "where", "what"),
    [
        ("      default: {projectSelector: [a], x: 1}", "4:17", "the block 'default' applies to every project"),
        ("      some: {x: 1}", "4:7", "the block 'some' needs a projectSelector: a list of project names or globs"),
        ("      some: {projectSelector: [], x: 1}", "4:7", "needs a projectSelector"),
        ("      some: {projectSelector: [a]}", "4:7", "the block 'some' selects projects but decides nothing"),
        ("      some: {projectSelector: a, x: 1}", "4:14", "projectSelector: Input should be a valid list"),
        ("      some: {projectSelector: [''], x: 1}", "4:32", "at least 1 character"),
        ("      some: {projectSelector: [1], x: 1}", "4:32", "projectSelector[0]: Input should be a valid string"),
        ("      some: {projectSelector: [a, b, a], x: 1}", "4:38", "'a' is selected twice, as 'a': remove one of them"),
        ("      some: {projectSelector: [a*, ab], x: 1}", "4:36", "'ab' is selected twice, as 'a*'"),
        (
            "      one: {projectSelector: [shop], x: 1}\n      two: {projectSelector: [blog, shop], x: 1}",
            "5:37",
            "'shop' is selected by the block 'one' too, as 'shop': remove one of them",
        ),
        (
            "      one: {projectSelector: ['sh*'], x: 1}\n      two: {projectSelector: [shop], x: 1}",
            "5:31",
            "'shop' is selected by the block 'one' too, as 'sh*'",
        ),
        (
            "      one: {projectSelector: [shop], x: 1}\n      two: {projectSelector: ['s??p'], x: 1}",
            "5:31",
            "'s??p' is selected by the block 'one' too, as 'shop': remove one of them",
        ),
        (
            "      default: {stackSelector: [a], x: 1}",
            "4:17",
            "the block 'default' applies to every project and takes no s",
        ),
        ("      default: {appSelector: [a], x: 1}", "4:17", "takes no appSelector"),
        ("      some: {stackSelector: [a], appSelector: [b]}", "4:7", "selects projects but decides nothing"),
        ("      some: {stackSelector: [], x: 1}", "4:14", "stackSelector: List should have at least 1 item"),
        ("      some: {stackSelector: [a, 'a*'], x: 1}", "4:33", "'a*' is selected twice, as 'a': remove one"),
        ("      some: {appSelector: [''], x: 1}", "4:28", "at least 1 character"),
        (
            "      one: {stackSelector: [prod], x: 1}\n      two: {stackSelector: ['p*'], x: 1}",
            "5:29",
            "'p*' is selected by the block 'one' too, as 'prod'",
        ),
        (
            "      one: {projectSelector: [a], appSelector: [b], x: 1}\n"
            "      two: {projectSelector: [c, a], appSelector: ['*'], x: 1}",
            "5:34",
            "'a' is selected by the block 'one' too, as 'a'",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(configs: str, where: str, what: str) -> None:
    with pytest.raises(WorkspaceError) as raised:
        workspace(configs)
    found = {str(problem.where): problem.what for problem in raised.value.problems}
    assert what in found[f"workspace.yaml:{where}"]


def test_several_wrong_blocks_are_told_at_once() -> None:
    with pytest.raises(WorkspaceError) as raised:
        workspace("      one: {x: 1}\n      two: {x: 1}")
    assert len(raised.value.problems) == 2


def test_an_empty_block_is_one() -> None:
    assert workspace("      default:").config.modules["a"].blocks_for(Place("shop", "dev", "shop")) == ("default",)


@pytest.mark.parametrize(
    ("project", "blocks"),
    [
        ("shop", ("default", "exact")),
        ("team-a", ("default", "globs")),
        ("x-prod", ("default", "globs")),
        ("Team-a", ("default",)),
        ("shopping", ("default",)),
    ],
)
def test_exact_names_and_globs_select(project: str, blocks: tuple[str, ...]) -> None:
    policy = ModulePolicy.model_validate(
        {
            "configs": {
                "exact": {"projectSelector": ["shop"], "x": 1},
                "default": {"x": 0},
                "globs": {"projectSelector": ["team-*", "?-prod"], "x": 2},
            }
        }
    )
    assert policy.blocks_for(Place(project, "dev", "shop")) == blocks


@pytest.mark.parametrize(
    ("place", "blocks"),
    [
        (Place("shop", "dev", "web"), ("default", "project")),
        (Place("shop", "prod", "web"), ("default", "project", "stack", "both")),
        (Place("shop", "prod", "api"), ("default", "project", "stack", "both", "app", "all")),
        (Place("blog", "prod", "api"), ("default", "stack", "app")),
        (Place("blog", "dev", "web"), ("default",)),
    ],
)
def test_the_more_closely_a_block_selects_the_later_it_applies(place: Place, blocks: tuple[str, ...]) -> None:
    configs = {
        "all": {"projectSelector": ["shop"], "stackSelector": ["prod"], "appSelector": ["api"], "x": 1},
        "app": {"appSelector": ["a*"], "x": 1},
        "both": {"projectSelector": ["shop"], "stackSelector": ["prod"], "x": 1},
        "stack": {"stackSelector": ["prod"], "x": 1},
        "project": {"projectSelector": ["sh*"], "x": 1},
        "default": {"x": 1},
    }
    assert ModulePolicy.model_validate({"configs": configs}).blocks_for(place) == blocks


@pytest.mark.parametrize(
    "configs",
    [
        "      one: {projectSelector: [a], x: 1}\n      two: {projectSelector: [a], stackSelector: [b], x: 1}",
        "      one: {projectSelector: [a], x: 1}\n      two: {appSelector: [a], x: 1}",
        "      one: {projectSelector: [a], stackSelector: [b], x: 1}\n"
        "      two: {projectSelector: [a], stackSelector: [c], x: 1}",
    ],
)
def test_blocks_that_select_differently_may_meet(configs: str) -> None:
    assert len(workspace(configs).config.modules["a"].configs) == 2


_SELECTORS = st.fixed_dictionaries(
    {},
    optional={
        name: st.lists(st.sampled_from(["a", "b", "a*", "*"]), min_size=1, max_size=1)
        for name in ("projectSelector", "stackSelector", "appSelector")
    },
).filter(bool)


@given(_SELECTORS, _SELECTORS)
def test_two_blocks_that_are_taken_never_apply_to_one_place_as_closely(
    one: dict[str, list[str]], two: dict[str, list[str]]
) -> None:
    configs = {"one": {**one, "x": 1}, "two": {**two, "x": 2}}
    document = json.dumps({"modules": {"a": {"configs": configs}}})
    names = "ab"
    try:
        policy = read_workspace("test", document, "workspace.yaml").config.modules["a"]
    except WorkspaceError:
        assert one.keys() == two.keys()
        return
    for place in (Place(p, s, a) for p in names for s in names for a in names):
        applied = policy.blocks_for(place)
        assert len({policy.configs[name].closeness for name in applied}) == len(applied)


_NAMES = st.text("ab-", min_size=1, max_size=4)


@given(st.lists(_NAMES, min_size=1, max_size=3), st.lists(_NAMES, min_size=1, max_size=3))
def test_blocks_of_exact_names_are_taken_if_no_project_is_in_both(one: list[str], two: list[str]) -> None:
    configs = {"one": {"projectSelector": one, "x": 1}, "two": {"projectSelector": two, "x": 1}}
    document = json.dumps({"modules": {"a": {"configs": configs}}})
    if len({*one, *two}) == len(one) + len(two):
        policy = read_workspace("test", document, "workspace.yaml").config.modules["a"]
        assert all(policy.blocks_for(Place(project, "dev", "shop")) == ("one",) for project in one)
    else:
        with pytest.raises(WorkspaceError, match="is selected"):
            read_workspace("test", document, "workspace.yaml")
