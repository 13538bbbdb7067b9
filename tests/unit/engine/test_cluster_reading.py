"""Steps beside live objects: what is told of them, whose it is, and which updates are none."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given

from kusion_dsl.engine.cluster.reading import as_read
from kusion_dsl.engine.cluster.view import View
from kusion_dsl.model.change import Step
from kusion_dsl.model.field_owner import Manager
from tests.unit.engine.test_cluster_ownership import TEAM, documents, entry

TYPE = "kubernetes:apps/v1:Deployment"
WEB = {"name": "web", "image": "web:1"}
PROXY = {"name": "proxy", "image": "proxy:1"}


def deployment(*containers: Mapping[str, Any], labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {
        "metadata": {"name": "shop", "labels": dict(labels or {"app": "shop"})},
        "spec": {"containers": [*containers]},
    }


def live(obj: Mapping[str, Any], *entries: Any) -> dict[str, Any]:
    """As the API server has it: with what it adds."""
    whole = copy.deepcopy(dict(obj))
    whole["metadata"] |= {"managedFields": [*entries], "resourceVersion": "7", "generation": 2, "uid": "u"}
    return {**whole, "status": {"replicas": 1}, "__fieldManager": "kusion"}


def update(state: Any, seen: Any, wanted: Any, *differs: str, **more: Any) -> Step:
    return Step("shop", TYPE, "update", state, seen, wanted, differs=differs, drifted=differs, **more)


def test_a_container_before_ours_is_not_taken_for_ours() -> None:
    """The provider compares them by their numbers."""
    applied, now = deployment(WEB), deployment(PROXY, {**WEB, "image": "web:0"})
    step = update(applied, deployment(PROXY), applied, "spec.containers[0].name", "spec.containers[0].image")
    read = as_read(step, live(now), live(deployment(PROXY, WEB)))
    assert read.operation == "update"
    assert read.live == deployment({**WEB, "image": "web:0"})
    assert read.differs == read.drifted == ("spec.containers[0].image",)


def test_an_update_that_the_api_server_says_would_change_nothing_is_none() -> None:
    applied, now = deployment(WEB), deployment(PROXY, {**WEB, "image": "mirror/web:1"})
    step = update(applied, deployment({**WEB, "image": "mirror/web:1"}), applied, "spec.containers[0].image")
    later = {**live(now), "metadata": {**live(now)["metadata"], "resourceVersion": "8", "generation": 3}}
    assert as_read(step, live(now), later).operation == "same"
    assert as_read(step, live(now), live(applied)).operation == "update"
    assert as_read(step, live(now), None).operation == "update"


def test_an_update_that_changes_something_of_ours_is_one_whatever_becomes_of_it() -> None:
    applied, wanted = deployment(WEB), deployment({**WEB, "image": "web:2"})
    step = update(applied, applied, wanted, "spec.containers[0].image")
    assert as_read(step, live(applied), live(applied)).operation == "update"


@pytest.mark.parametrize("hidden", ["[secret]", "[unknown]"])
def test_nothing_is_concluded_from_what_cannot_be_seen(hidden: str) -> None:
    applied = deployment({**WEB, "args": [hidden]})
    step = update(applied, applied, applied, "spec.containers[0].args[0]")
    read = as_read(step, live(applied), live(applied))
    assert (read.operation, read.differs) == ("update", ("spec.containers[0].args[0]",))


def test_what_a_rollout_that_failed_does_anew_stays_an_update() -> None:
    applied = deployment(WEB)
    assert as_read(update(applied, applied, applied), live(applied), live(applied)).operation == "update"


def test_a_field_of_others_is_told_where_it_is_newly_wanted_only() -> None:
    theirs = {"app": "shop", "team": "theirs", "tier": "gold"}
    owned = entry({"f:metadata": {"f:labels": {"f:team": {}, "f:tier": {}}}}, "operator")
    wanted = deployment(WEB, labels={"app": "shop", "team": "ours"})
    step = update(deployment(WEB), deployment(WEB), wanted, "metadata.labels.team")
    read = as_read(step, live(deployment(WEB, labels=theirs), owned), None)
    assert read.live == deployment(WEB, labels={"app": "shop", "team": "theirs"})
    assert read.managers["metadata.labels.team"] == Manager("operator")


def test_what_kubectl_added_is_told_with_an_update_and_keeps_it_one() -> None:
    applied, now = deployment(WEB), deployment(WEB, labels={"app": "shop", "team": "x"})
    step = update(applied, deployment({**WEB, "image": "web:0"}), applied, "spec.containers[0].image")
    read = as_read(step, live(now, entry(TEAM, "kubectl-label")), live(now))
    assert read.live == now
    assert read.operation == "update"


def test_of_a_secret_nothing_is_shown_that_others_put_there() -> None:
    applied = {"metadata": {"name": "s", "labels": {"a": "1"}}, "data": {"k": "[secret]"}}
    now = {"metadata": {"name": "s", "labels": {"a": "2"}}, "data": {"k": "aHVzaA==", "more": "aHVzaA=="}}
    step = Step("s", "kubernetes:core/v1:Secret", "update", applied, applied, applied, differs=("metadata.labels.a",))
    read = as_read(step, live(now, entry({"f:data": {"f:more": {}}}, "kubectl-edit")), None)
    assert read.live == {**now, "data": {"k": "[secret]", "more": "[secret]"}}


def test_what_was_applied_as_a_secret_stays_one_wherever_it_is() -> None:
    applied, now = deployment({**WEB, "args": ["[secret]"]}), deployment({**WEB, "image": "web:0", "args": ["hush"]})
    read = as_read(update(applied, applied, applied, "spec.containers[0].image"), live(now), None)
    assert read.live == deployment({**WEB, "image": "web:0", "args": ["[secret]"]})


def test_a_list_without_keys_is_told_as_a_whole_where_others_wrote_it() -> None:
    applied, now = deployment({**WEB, "args": ["a"]}), deployment({**WEB, "args": ["a", "b"]})
    step = update(applied, applied, applied, "metadata.labels.app")
    fields: Mapping[str, Any] = {"f:spec": {"f:containers": {'k:{"name":"web"}': {"f:args": {}}}}}
    assert as_read(step, live(now, entry(fields)), None).live == now
    assert as_read(step, live(now), None).live == applied


@pytest.mark.parametrize(
    ("operation", "type"),
    [
        ("same", TYPE),
        ("create", TYPE),
        ("delete", TYPE),
        ("update", "aws:s3/bucket:Bucket"),
        ("update", "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"),
    ],
)
def test_other_steps_stay_as_they_are(operation: Any, type: str) -> None:
    step = Step("shop", type, operation, deployment(WEB), deployment(WEB), deployment(WEB))
    assert as_read(step, live(deployment(PROXY)), None) is step


@given(documents, documents)
def test_of_what_is_live_exactly_that_is_seen_which_the_state_has(state: dict[str, Any], extra: dict[str, Any]) -> None:
    now = {**{f"other-{key}": value for key, value in extra.items()}, **copy.deepcopy(state)}
    assert View(state, state, (), ()).of(now) == state
    assert View({}, {}, (), ()).of(now) == {}
