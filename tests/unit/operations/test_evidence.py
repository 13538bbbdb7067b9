"""What a release tells beside its Spec: what resources came to have, and who ran."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from kusion_dsl.engine.acquisition import InstallProgress
from kusion_dsl.engine.run import Outcome
from kusion_dsl.model.masking import Mask
from kusion_dsl.model.spec import Spec, SpecResource
from kusion_dsl.operations.evidence import outputs_of
from kusion_dsl.operations.host import this_host

DATABASE = SpecResource("aws:rds/instance:Instance:db", "aws:rds/instance:Instance", {"engine": "postgres"})
SECRET = SpecResource("v1:Secret:shop:s", "kubernetes:core/v1:Secret", {"kind": "Secret", "stringData": {"a": "b"}})
SPEC = Spec((DATABASE, SECRET))
Given = dict[str, dict[str, Any]]


def test_outputs_are_what_a_resource_has_beside_its_attributes() -> None:
    given: Given = {
        DATABASE.id: {"engine": "postgres", "address": "db.example.org", "__meta": "{}"},
        "another": {"a": 1},
    }
    assert outputs_of(SPEC, Outcome(outputs=given), Mask()) == {DATABASE.id: {"address": "db.example.org"}}


def test_no_secret_is_among_the_outputs() -> None:
    given: Given = {
        DATABASE.id: {"url": "postgres://hunter2-hunter2@db", "deep": [{"password": "hunter2-hunter2"}]},
        SECRET.id: {"kind": "Secret", "data": {"a": "Yg=="}, "stringData": {"a": "b"}},
    }
    assert outputs_of(SPEC, Outcome(outputs=given), Mask(["hunter2-hunter2"])) == {
        DATABASE.id: {"url": "postgres://[secret]@db", "deep": [{"password": "[secret]"}]}
    }


def _silent(progress: InstallProgress) -> None:
    """Report to nobody."""


GITHUB = {
    "GITHUB_RUN_ID": "77",
    "GITHUB_ACTOR": "ada",
    "GITHUB_SERVER_URL": "https://github.example.org",
    "GITHUB_REPOSITORY": "acme/shop",
}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (GITHUB, ("ada", "77", "https://github.example.org/acme/shop/actions/runs/77")),
        ({"GITHUB_RUN_ID": "77", "GITHUB_ACTOR": "ada"}, ("ada", "77", "")),
        (
            {"CI_PIPELINE_ID": "8", "CI_PIPELINE_URL": "https://gitlab.example.org/p/8", "GITLAB_USER_LOGIN": "bob"},
            ("bob", "8", "https://gitlab.example.org/p/8"),
        ),
        (
            {"BUILD_ID": "9", "BUILD_URL": "https://jenkins.example.org/9/"},
            (None, "9", "https://jenkins.example.org/9/"),
        ),
        ({"BUILD_URL": "https://jenkins.example.org/9/"}, (None, "", "")),
    ],
)
def test_a_run_of_ci_is_told_with_who_began_it_and_its_page(
    environment: dict[str, str], expected: tuple[str | None, str, str]
) -> None:
    actor = this_host(environment, "", lambda: nullcontext(_silent)).actor
    user, ci, url = expected
    assert (actor.ci, actor.url) == (ci, url)
    assert actor.user == (user or this_host({}, "", lambda: nullcontext(_silent)).actor.user)
    assert type(actor).from_json(actor.to_json()) == actor
