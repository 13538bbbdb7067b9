"""Whose the fields of an object are: the trees of ``managedFields`` become labels."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.engine.cluster.ownership import ownership_of
from kusion_dsl.model.difference import labels
from kusion_dsl.model.field_owner import Manager

OBJECT: Mapping[str, Any] = {
    "metadata": {
        "labels": {"team": "a", "app.kubernetes.io/name": "web"},
        "finalizers": ["a.example/x", "b.example/y"],
    },
    "spec": {
        "replicas": 5,
        "selector": {"matchLabels": {"app": "web"}},
        "containers": [
            {"name": "proxy", "image": "proxy:1"},
            {
                "name": "web",
                "image": "web:1",
                "args": ["serve"],
                "ports": [
                    {"containerPort": 80, "protocol": "TCP"},
                    {"containerPort": 80, "protocol": "UDP", "name": "quic"},
                ],
            },
        ],
    },
    "status": {"replicas": 5},
}
WEB: Mapping[str, Any] = {
    ".": {},
    "f:name": {},
    "f:image": {},
    "f:args": {},
    "f:ports": {'k:{"containerPort":80,"protocol":"UDP"}': {".": {}, "f:name": {}}},
}

TEAM: Mapping[str, Any] = {"f:metadata": {"f:labels": {"f:team": {}}}}
REPLICAS: Mapping[str, Any] = {"f:spec": {"f:replicas": {}}}


def entry(fields: Mapping[str, Any], manager: str = "operator", operation: str = "Update", **more: str) -> Any:
    return {"manager": manager, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": fields, **more}


def managed(*entries: Any) -> dict[str, Any]:
    """The object as these entries have it."""
    obj = copy.deepcopy(dict(OBJECT))
    obj["metadata"]["managedFields"] = list(entries)
    return obj


def test_fields_items_and_values_become_labels() -> None:
    fields = {
        "f:metadata": {
            "f:labels": {".": {}, "f:team": {}, "f:app.kubernetes.io/name": {}, "f:gone": {}},
            "f:finalizers": {".": {}, 'v:"b.example/y"': {}, 'v:"gone"': {}},
        },
        "f:spec": {
            "f:selector": {},
            "f:containers": {'k:{"name":"web"}': WEB, 'k:{"name":"gone"}': {"f:image": {}}},
        },
    }
    owned = ownership_of(managed(entry(fields)), "kusion")
    assert set(owned.others) == {
        "metadata.finalizers[1]",
        'metadata.labels["app.kubernetes.io/name"]',
        "metadata.labels.team",
        "spec.containers[web].args",
        "spec.containers[web].image",
        "spec.containers[web].name",
        "spec.containers[web].ports[1].name",
        "spec.selector",
    }
    assert owned.swept == frozenset()


def test_what_we_applied_is_ours_also_as_the_provider_created_it() -> None:
    for manager, operation in (("kusion", "Apply"), ("pulumi-kubernetes", "Update")):
        assert ownership_of(managed(entry(REPLICAS, manager, operation)), "kusion").others == {}
    for manager, operation in (("kusion", "Update"), ("pulumi-kubernetes", "Apply"), ("kusion-2", "Apply")):
        assert ownership_of(managed(entry(REPLICAS, manager, operation)), "kusion").others == {
            "spec.replicas": Manager(manager)
        }


def test_the_last_one_who_wrote_it_is_told_and_the_status_is_nobodys_business() -> None:
    live = managed(
        entry(REPLICAS, "late", time="2026-02-01T00:00:00Z"),
        entry(REPLICAS, "early", time="2026-01-01T00:00:00Z"),
        entry(REPLICAS, "unknown", subresource="scale"),
        entry({"f:status": {"f:replicas": {}}}, "controller", subresource="status"),
    )
    assert ownership_of(live, "kusion").others == {"spec.replicas": Manager("late", "2026-02-01T00:00:00Z")}


def test_what_only_kubectl_wrote_goes_with_the_next_update() -> None:
    live = managed(entry(TEAM, "kubectl-label"), entry(REPLICAS, "kubectl", subresource="scale"))
    owned = ownership_of(live, "kusion")
    assert {label: manager.name for label, manager in owned.others.items()} == {
        "metadata.labels.team": "kubectl-label",
        "spec.replicas": "kubectl",
    }
    assert owned.swept == {"metadata.labels.team"}


def test_what_another_one_wrote_as_well_stays() -> None:
    owned = ownership_of(managed(entry(TEAM, "kubectl-label"), entry(TEAM, "operator")), "kusion")
    assert owned.others == {"metadata.labels.team": Manager("operator")}
    assert owned.swept == frozenset()


def test_what_we_wrote_as_well_is_taken_over_from_kubectl_but_not_from_others() -> None:
    ours = entry(REPLICAS, "kusion", "Apply")
    assert ownership_of(managed(ours, entry(REPLICAS, "kubectl-client-side-apply")), "kusion").others == {}
    assert ownership_of(managed(ours, entry(REPLICAS, "operator")), "kusion").others == {
        "spec.replicas": Manager("operator")
    }


def test_an_object_without_managed_fields_is_nobodys() -> None:
    assert ownership_of({"metadata": {}}, "kusion").others == {}


names = st.sampled_from(["a", "b.c", "name", "x/y"])
leaves = st.integers(0, 3) | st.booleans()
items = st.lists(
    st.builds(lambda name, image: {"name": name, "image": image}, st.text("ab]", min_size=1, max_size=2), leaves),
    unique_by=lambda item: str(item["name"]),
    max_size=3,
)
documents = st.recursive(
    st.dictionaries(names, leaves, min_size=1, max_size=3),
    lambda inner: st.dictionaries(names, inner, max_size=2) | st.fixed_dictionaries({"containers": items, "d": inner}),
    max_leaves=8,
)


def written(value: Any) -> dict[str, Any]:
    """The tree of fields of whoever wrote all of a value, as the API server keeps it."""
    if isinstance(value, Mapping):
        return {f"f:{key}": written(item) for key, item in value.items()}
    if isinstance(value, list):
        keys = [json.dumps({"name": item["name"]}, separators=(",", ":")) for item in value]
        return {f"k:{key}": {".": {}, **written(item)} for key, item in zip(keys, value, strict=True)}
    return {}


@given(documents)
def test_every_field_of_a_value_has_the_label_that_a_difference_gives_it(value: dict[str, Any]) -> None:
    live = {"metadata": {"managedFields": [entry({"f:spec": written(value)})]}, "spec": value}
    named = dict(labels({"spec": value}))
    leaf = {label for label in named if not any(other.startswith((f"{label}.", f"{label}[")) for other in named)}
    assert set(ownership_of(live, "kusion").others) == leaf
