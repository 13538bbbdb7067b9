"""Which projects the blocks of a workspace are about, and when two are about one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.discovery.workspaces import read_workspace
from kusion_dsl.errors import WorkspaceError
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
    assert workspace("      default:").config.modules["a"].blocks_for("shop") == ("default",)


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
    assert policy.blocks_for(project) == blocks


_NAMES = st.text("ab-", min_size=1, max_size=4)


@given(st.lists(_NAMES, min_size=1, max_size=3), st.lists(_NAMES, min_size=1, max_size=3))
def test_blocks_of_exact_names_are_taken_if_no_project_is_in_both(one: list[str], two: list[str]) -> None:
    configs = {"one": {"projectSelector": one, "x": 1}, "two": {"projectSelector": two, "x": 1}}
    document = json.dumps({"modules": {"a": {"configs": configs}}})
    if len({*one, *two}) == len(one) + len(two):
        policy = read_workspace("test", document, "workspace.yaml").config.modules["a"]
        assert all(policy.blocks_for(project) == ("one",) for project in one)
    else:
        with pytest.raises(WorkspaceError, match="is selected"):
            read_workspace("test", document, "workspace.yaml")
