"""Targets as workspaces write them."""

from __future__ import annotations

from typing import Any

import pytest

from kusion_dsl.errors import WorkspaceError
from kusion_dsl.model.target import Target, target_of

CLUSTER = {"kind": "cluster", "kubeconfig": "~/.kube/prod", "context": "admin", "identifier": "prod-eu"}


@pytest.mark.parametrize(
    ("context", "target"),
    [
        ({}, Target("manifests", ".manifests/prod/web")),
        ({"target": "cluster"}, Target("cluster")),
        ({"target": CLUSTER}, Target("cluster", "", "~/.kube/prod", "admin", "prod-eu")),
        ({"target": "cluster", "KUBECONFIG_PATH": "$HOME/k"}, Target("cluster", kubeconfig="$HOME/k")),
        ({"target": "cluster", "KUBECONFIG_CONTENT": "ref://k"}, Target("cluster", kubeconfig="ref://k")),
    ],
)
def test_a_target_is_what_the_context_says(context: dict[str, Any], target: Target) -> None:
    assert target_of(context, "prod", "web") == target
    assert Target.from_json(target.to_json()) == target


@pytest.mark.parametrize(
    ("context", "what"),
    [
        ({"target": {"kind": "cluster", "kubeconfg": "k"}}, "context.target: unknown key 'kubeconfg'"),
        ({"target": {"kind": "cluster", "directory": "k"}}, "context.target: unknown key 'directory'"),
        ({"target": {"kind": "cluster", "context": 1}}, "context.target.context must be a text"),
        ({"target": {"kind": "cluster", "kubeconfig": "users:\n- a"}}, "a kubeconfig holds credentials"),
        ({"target": "cluster", "KUBECONFIG_CONTENT": "users: []"}, "a kubeconfig holds credentials"),
        ({"target": "pods"}, "context.target is 'pods', not one of manifests, cluster"),
    ],
)
def test_what_is_wrong_is_told(context: dict[str, Any], what: str) -> None:
    with pytest.raises(WorkspaceError, match=what):
        target_of(context, "prod", "web")


@pytest.mark.parametrize(
    ("one", "other", "may_be"),
    [
        (Target("cluster"), Target("cluster", identifier="eu"), True),
        (Target("cluster", identifier="eu"), Target("cluster", identifier="eu", kubeconfig="k"), True),
        (Target("cluster", identifier="eu"), Target("cluster", identifier="us"), False),
        (Target("cluster"), Target("manifests", "/m"), False),
        (Target("manifests", "/m"), Target("manifests", "/m"), True),
        (Target("manifests", "/m"), Target("manifests", "/n"), False),
    ],
)
def test_a_cluster_of_which_nobody_says_which_it_is_may_be_any(one: Target, other: Target, may_be: bool) -> None:
    assert one.may_be(other) is may_be
    assert other.may_be(one) is may_be


def test_how_a_cluster_is_reached_is_no_part_of_which_it_is() -> None:
    assert Target("cluster", kubeconfig="a").identity == Target("cluster", kubeconfig="b", context="c").identity
    assert Target("cluster", identifier="eu").identity != Target("cluster", identifier="us").identity
