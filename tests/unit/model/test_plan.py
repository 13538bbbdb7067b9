"""Plans: what is stored is what is read, and whatever differs from a plan is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.errors import StorageError
from kusion_dsl.model.identity import ModuleVersion, StackRef
from kusion_dsl.model.plan import Plan
from kusion_dsl.model.target import Target

texts = st.text(max_size=5)
values = st.none() | st.booleans() | st.integers(-9, 9) | texts | st.lists(texts, max_size=2)
fields: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"path": st.sampled_from("abc"), "cause": st.sampled_from(["yours", "drift", "conflict"])},
    optional={"before": values, "after": values, "live": values},
)
changes: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["x", "y", "z"]),
            "type": texts,
            "operation": st.sampled_from(["create", "update", "replace", "delete"]),
            "fields": st.lists(fields, max_size=3, unique_by=lambda field: field["path"]),
        }
    ),
    max_size=3,
    unique_by=lambda change: change["id"],
)
modules = st.lists(
    st.builds(ModuleVersion, st.sampled_from("mn"), texts, texts, texts), max_size=2, unique_by=lambda each: each.name
)
plans = st.builds(
    Plan,
    ref=st.builds(StackRef, texts, texts, texts),
    base=st.tuples(st.integers(0, 9), texts),
    workspace_digest=texts,
    modules=modules.map(tuple),
    options=st.dictionaries(texts, texts, max_size=2),
    target=st.builds(Target, st.sampled_from(["manifests", "cluster"]), texts),
    live=st.booleans(),
    spec_digest=texts,
    resources=st.dictionaries(st.sampled_from(["x", "y", "z"]), texts, max_size=3),
    changes=changes.map(tuple),
)
PLAN = Plan(
    ref=StackRef("shop", "dev", "default"),
    base=(3, "sha256:abc"),
    workspace_digest="w",
    modules=(ModuleVersion("service", "kusion-service", "1.0", "d"),),
    options={"tag": "1"},
    target=Target("manifests", "out"),
    live=True,
    spec_digest="s",
    resources={"x": "1", "y": "2"},
    changes=(
        {"id": "x", "type": "t", "operation": "update", "fields": [{"path": "a", "cause": "yours", "after": None}]},
    ),
)


@given(plans)
def test_what_is_stored_is_what_is_read(plan: Plan) -> None:
    assert Plan.from_json(json.loads(json.dumps(plan.to_json())), "a.plan") == plan


@given(plans)
def test_a_plan_does_not_deviate_from_itself(plan: Plan) -> None:
    assert plan.deviations(Plan.from_json(plan.to_json(), "a.plan")) == ()


@given(plans, st.data())
def test_every_changed_member_is_found(plan: Plan, data: st.DataObject) -> None:
    document = plan.to_json()
    name = data.draw(st.sampled_from(sorted(document.keys() - {"digest"})))
    document[name] = data.draw(values.filter(lambda value: json.dumps(value) != json.dumps(document[name])))
    with pytest.raises(StorageError):
        Plan.from_json(document, "a.plan")


def change(**fields: Any) -> tuple[dict[str, Any], ...]:
    [first] = PLAN.changes
    return ({**first, "fields": [{**first["fields"][0], **fields}]},)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (replace(PLAN, base=(0, "")), "it was made against release 3 (abc), and the newest is nothing"),
        (replace(PLAN, modules=()), "module service: kusion-service 1.0 -> none"),
        (
            replace(PLAN, modules=(*PLAN.modules, ModuleVersion("job", "kusion-job", "2.0"))),
            "module job: none -> kusion-job 2.0",
        ),
        (replace(PLAN, options={}), "option tag: 1 -> not given"),
        (replace(PLAN, live=False), "live objects were read for it, and not now"),
        (replace(PLAN, target=Target("cluster")), "the target: manifests:out -> cluster"),
        (replace(PLAN, spec_digest="t", resources={"x": "1", "y": "2", "z": "3"}), "z is new in the Spec"),
        (replace(PLAN, spec_digest="t", resources={"x": "1"}), "y is gone from the Spec"),
        (replace(PLAN, spec_digest="t"), "the Spec has other providers, another context or another secret store"),
        (replace(PLAN, changes=()), "x: update -> no change"),
        (replace(PLAN, changes=change(after="v" * 80)), f"x: a: after None -> {'v' * 59}…"),
        (replace(PLAN, changes=change(before=None)), "x: a: before (absent) -> None"),
    ],
)
def test_what_is_not_as_planned_is_told(now: Plan, told: str) -> None:
    assert PLAN.deviations(now) == (told,)
