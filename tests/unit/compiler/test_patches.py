"""Patches: who wins, what is refused, and what is told about it."""

from __future__ import annotations

from typing import Any

import pytest

from kusion_dsl.errors import CompileError, KusionError, ModuleError
from tests.unit.compiler.sample import DEPLOYMENT, Change, Server, compiled, config_map, deployment, env, shop


def test_variables_of_modules_come_first_in_order_of_accessory_names() -> None:
    result = compiled(
        shop(Server(env={"OWN": "1"}), b=Change(environment={"B": "b"}), a=Change(environment={"A2": "x", "A1": "y"}))
    )
    assert [entry["name"] for entry in env(result)] == ["A2", "A1", "B", "OWN"]
    assert result.warnings == ()


def test_the_authors_variable_wins_and_the_shadowing_is_told() -> None:
    result = compiled(shop(Server(env={"X": "own", "Y": "own"}), b=Change(environment={"Y": "b", "X": "b", "Z": "b"})))
    assert env(result) == [
        {"name": "Z", "value": "b"},
        {"name": "X", "value": "own"},
        {"name": "Y", "value": "own"},
    ]
    assert [warning.what.partition(" of ")[0] for warning in result.warnings] == ["the variable Y", "the variable X"]
    assert "shop.b (kusion-change 0.2.0)" in result.warnings[0].what


@pytest.mark.parametrize("field", ["environment", "labels"])
def test_two_modules_that_set_one_key_differently_are_an_error_that_names_both(field: str) -> None:
    one, other = Change(**{field: {"key": "1"}}), Change(**{field: {"key": "2"}})  # type: ignore[arg-type]
    with pytest.raises(CompileError) as raised:
        compiled(shop(a=one, b=other))
    assert "'key' to different values" in str(raised.value)
    assert "shop.a (kusion-change 0.2.0) and shop.b (kusion-change 0.2.0)" in str(raised.value)


@pytest.mark.parametrize("field", ["environment", "labels"])
def test_two_modules_may_agree(field: str) -> None:
    compiled(shop(a=Change(**{field: {"key": "1"}}), b=Change(**{field: {"key": "1"}})))  # type: ignore[arg-type]


def test_a_label_is_put_on_the_workload_and_its_pods() -> None:
    attributes = deployment(compiled(shop(a=Change(labels={"tier": "front"}))))
    assert attributes["metadata"]["labels"]["tier"] == "front"
    assert attributes["spec"]["template"]["metadata"]["labels"]["tier"] == "front"


def test_the_authors_label_stays() -> None:
    attributes = deployment(compiled(shop(Server(labels={"tier": "own"}), a=Change(labels={"tier": "front"}))))
    assert attributes["metadata"]["labels"]["tier"] == "own"


def test_a_label_that_the_workloads_module_set_is_not_changed_in_silence() -> None:
    with pytest.raises(CompileError, match=r"sets 'app.kubernetes.io/name'"):
        compiled(shop(a=Change(labels={"app.kubernetes.io/name": "other"})))
    compiled(shop(a=Change(labels={"app.kubernetes.io/name": "shop"})))


def test_a_merge_changes_the_workload_and_none_removes() -> None:
    merge: dict[str, Any] = {
        "spec": {"minReadySeconds": 5, "template": {"spec": {"containers": [{"name": "web", "tty": True}]}}},
        "metadata": {"annotations": None},
    }
    attributes = deployment(compiled(shop(Server(env={"A": "1"}), a=Change(merge=merge))))
    assert "annotations" not in attributes["metadata"]
    assert attributes["spec"]["minReadySeconds"] == 5
    (container,) = attributes["spec"]["template"]["spec"]["containers"]
    assert container == {"name": "web", "env": [{"name": "A", "value": "1"}], "tty": True}


def test_a_json_patch_changes_another_resource_and_provenance_says_who() -> None:
    result = compiled(
        shop(
            a=Change(makes=[config_map("config", key="old")]),
            b=Change(
                target="v1:ConfigMap:test:config",
                operations=[{"op": "replace", "path": "/data/key", "value": "new"}],
            ),
        )
    )
    assert result.spec["v1:ConfigMap:test:config"].attributes["data"] == {"key": "new"}
    origins = result.provenance.of("v1:ConfigMap:test:config", ("data", "key"))
    assert (origins[0].kind, origins[0].name) == ("author", "shop.b")
    assert "shop.b (kusion-change 0.2.0)" in [origin.name for origin in origins]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/data/missing", "value": 1},
        {"op": "nonsense", "path": "/data"},
        {"op": "test", "path": "/data/key", "value": "other"},
        {"path": "/data"},
        {"op": "add", "path": "no slash", "value": 1},
        {"op": "add", "path": "/data/key/deeper", "value": 1},
        {"op": "remove", "path": "/spec/template/spec/containers/9"},
    ],
)
def test_a_json_patch_that_does_not_apply_is_an_error_of_the_module(operation: dict[str, Any]) -> None:
    with pytest.raises(ModuleError, match="cannot patch"):
        compiled(
            shop(
                a=Change(makes=[config_map("config", key="old")]),
                b=Change(target="v1:ConfigMap:test:config", operations=[operation]),
            )
        )


def test_a_patch_of_nothing_is_an_error_that_suggests_the_right_one() -> None:
    with pytest.raises(ModuleError, match=f"did you mean '{DEPLOYMENT}'"):
        compiled(shop(a=Change(merge={"spec": {}}, target=f"{DEPLOYMENT}p")))


@pytest.mark.parametrize("field", ["environment", "labels", "merge"])
def test_what_is_for_the_workload_needs_one(field: str) -> None:
    from kusion_dsl import AppConfiguration

    app = AppConfiguration(name="shop", accessories={"a": Change(**{field: {"key": "1"}})})  # type: ignore[arg-type]
    with pytest.raises(CompileError, match="needs a workload"):
        compiled(app)


@pytest.mark.parametrize(
    "merge",
    [
        {"metadata": {"name": "renamed"}},
        {"metadata": {"namespace": "elsewhere"}},
        {"kind": "DaemonSet"},
        {"metadata": None},
    ],
)
def test_a_patch_cannot_make_another_object_of_one(merge: dict[str, Any]) -> None:
    with pytest.raises(KusionError) as raised:
        compiled(shop(a=Change(merge=merge)))
    assert DEPLOYMENT in str(raised.value)
    assert "shop.a (kusion-change 0.2.0)" in str(raised.value)


def test_a_patch_leaves_what_the_module_gave_it_alone() -> None:
    merge = {"spec": {"list": [{"a": 1}]}}
    app = shop(a=Change(merge=merge), b=Change(operations=[{"op": "add", "path": "/spec/list/0/b", "value": 2}]))
    assert deployment(compiled(app))["spec"]["list"] == [{"a": 1, "b": 2}]
    assert merge == {"spec": {"list": [{"a": 1}]}}
    assert compiled(app).spec.digest == compiled(app).spec.digest
