"""What Pulumi says, condensed."""

from __future__ import annotations

import pytest

from kusion_dsl.engine.diagnostics import Diagnostics, condensed
from kusion_dsl.errors import Problem

URN = "urn:pulumi:prod.dev::shop::kubernetes:core/v1:ConfigMap::v1:ConfigMap:shop:web"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("<{%reset%}>error: <{%fg 1%}>the disk is full<{%reset%}>\n", "the disk is full"),
        (f"creating {URN}: 1 error occurred:\n\t* the disk is full\n\n", "the disk is full"),
        ("error: rpc error: code = FailedPrecondition desc = /x/y.yaml:3: not YAML\n", "/x/y.yaml:3: not YAML"),
        ("error: update failed\n", ""),
        ("error: preview failed\n", ""),
        ("Preview failed: the file is odd", "the file is odd"),
        (
            "error: kubernetes:core/v1:Pod resource 'a:b': property data.x value {multi\nline} has a problem: too long",
            "data.x: too long",
        ),
        ("error: aws:s3/bucket:Bucket resource 'a' has a problem: missing region", "missing region"),
        (
            'error: boom\nTraceback (most recent call last):\n  File "/x/y.py", line 3, in run\n    ^^^^\n',
            "boom",
        ),
        (
            f'resource "{URN}" cannot be deleted\nbecause it is protected. To unprotect the resource, run `pulumi up`',
            "it is protected: apply it once without the option 'protect', then remove it",
        ),
        (
            f"could not load provider for resource {URN}: could not create provider "
            "urn:pulumi:prod.dev::shop::pulumi:providers:aws::aws::a7358649-f56d: no such host",
            "could not load provider for resource v1:ConfigMap:shop:web: could not create provider aws: no such host",
        ),
        ("the same\nthe same\n", "the same"),
        ("first line\n  second line", "first line\nsecond line"),
        ("an update of your password failed", "an update of your password failed"),
    ],
)
def test_condensed(message: str, text: str) -> None:
    assert condensed(message) == text


def test_text_names_the_resource_and_tells_everything_once() -> None:
    diagnostics = Diagnostics()
    diagnostics.add("b", "error: two")
    diagnostics.add("b", "error: two")
    diagnostics.add("a", "error: one")
    diagnostics.add("", "error: the whole run")
    diagnostics.add("", "error: update failed")

    assert diagnostics.text({"c": "", "a": "not said"}) == "the whole run\na: one\nb: two\nc: failed"
    assert diagnostics.of("b") == "two" and diagnostics.of("x") == ""


def test_a_problem_stands_at_its_resource_and_says_what_to_do() -> None:
    diagnostics = Diagnostics()
    diagnostics.add("b", "it is invalid: spec.replicas: Invalid value: -1\nand more")
    diagnostics.add("a", 'pods "web" is forbidden: exceeded quota: small, requested: pods=1')

    quota, invalid, silent = diagnostics.problems({"c": "nobody knows"})

    assert (quota.where, quota.hint is not None) == ("a", True)
    assert invalid == Problem("it is invalid: spec.replicas: Invalid value: -1", "b", None, ("and more",))
    assert silent == Problem("nobody knows", "c")


def test_what_is_the_cluster_s_trouble_is_told_once() -> None:
    diagnostics = Diagnostics()
    for id in "abc":
        diagnostics.add(id, f'Get "https://10.0.0.1/{id}": dial tcp 10.0.0.1:6443: connect: connection refused')

    [problem] = diagnostics.problems()

    assert problem.where == "a" and problem.details == ("the same holds for 2 other resources",)


def test_a_provider_that_ended_is_one_problem_of_all_that_it_was_doing() -> None:
    diagnostics = Diagnostics()
    diagnostics.add("a", "error reading from server: EOF")
    diagnostics.add("b", "error reading from server: EOF")
    diagnostics.add(
        "",
        "Detected that /home/ada/plugins/pulumi-resource-kubernetes exited prematurely.\n"
        "       This is *always* a bug in the provider. Please report the issue to the provider author as appropriate.\n\n"
        "To assist with debugging we have dumped the STDOUT and STDERR streams of the plugin:\n",
    )

    [problem] = diagnostics.problems()

    assert (problem.where, problem.what) == ("a", "the provider pulumi-resource-kubernetes has ended before its time")
    assert problem.details == ("the same holds for another resource",) and "run this again" in str(problem.hint)


def test_what_is_each_resource_s_own_trouble_is_told_of_each() -> None:
    diagnostics = Diagnostics()
    for id in "ab":
        diagnostics.add(id, f'pods "{id}" is forbidden: exceeded quota: small, requested: pods=1')

    assert [problem.where for problem in diagnostics.problems()] == ["a", "b"]
