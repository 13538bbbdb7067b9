"""The order of a Spec: dependencies first, otherwise by id; whatever cannot be ordered is told."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.compiler.dependencies import with_dependencies
from kusion_dsl.errors import CompileError
from kusion_dsl.model.spec import SpecResource, kubernetes_id, kubernetes_type
from tests.unit.compiler.sample import Change, compiled, config_map, shop


def resource(id: str, *refers_to: str, depends_on: tuple[str, ...] = ()) -> SpecResource:
    return SpecResource(id, "aws:x:Y", {"refs": [f"${{{each}#out}}" for each in refers_to]}, depends_on)


def manifest(api_version: str, kind: str, name: str, namespace: str = "test", **rest: Any) -> SpecResource:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    attributes = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}
    return SpecResource(kubernetes_id(attributes), kubernetes_type(api_version, kind), attributes)


def ordered(*resources: SpecResource) -> tuple[SpecResource, ...]:
    return with_dependencies(resources, {each.id: "app.py" for each in resources})


@given(st.lists(st.sets(st.integers(0, 30), max_size=4), max_size=30), st.randoms(use_true_random=False))
def test_dependencies_come_first_and_the_order_of_input_does_not_matter(
    needs: list[set[int]], chance: random.Random
) -> None:
    resources = [
        resource(f"r{number}", *(f"r{needed}" for needed in needed_by if needed < number))
        for number, needed_by in enumerate(needs)
    ]
    result = ordered(*resources)
    chance.shuffle(resources)
    assert ordered(*resources) == result
    seen: set[str] = set()
    for each in result:
        assert set(each.depends_on) <= seen
        seen.add(each.id)
    assert len(result) == len(needs)


def test_without_dependencies_the_order_is_that_of_ids() -> None:
    assert [each.id for each in ordered(resource("c"), resource("a"), resource("b"))] == ["a", "b", "c"]


def test_a_long_chain_needs_no_recursion() -> None:
    chain = [resource("r0000"), *(resource(f"r{n:04}", f"r{n - 1:04}") for n in range(1, 5000))]
    assert [each.id for each in ordered(*reversed(chain))] == [each.id for each in chain]


def test_a_long_cycle_needs_no_recursion() -> None:
    circle = [resource(f"r{n:04}", f"r{(n + 1) % 3000:04}") for n in range(3000)]
    with pytest.raises(CompileError, match="in a cycle"):
        ordered(*circle)


def test_a_cycle_is_printed_and_nothing_beside_it() -> None:
    with pytest.raises(CompileError) as raised:
        ordered(resource("a", "b"), resource("b", "c"), resource("c", "b"), resource("z"), resource("d", "z"))
    (problem,) = raised.value.problems
    assert problem.details == ("b -> c -> b",)


def test_a_reference_to_itself_is_a_cycle() -> None:
    with pytest.raises(CompileError):
        ordered(resource("a", "a"))


def test_a_reference_to_nothing_suggests_the_right_one() -> None:
    with pytest.raises(CompileError, match="did you mean 'password'"):
        ordered(resource("a", "pasword"), resource("password"))


def test_a_value_of_the_secret_store_is_no_dependency() -> None:
    (only,) = ordered(SpecResource("a", "t", {"x": "${ref://stripe#key}"}))
    assert only.depends_on == ()


def test_what_a_module_says_must_come_first_must_exist() -> None:
    with pytest.raises(CompileError) as raised:
        compiled(shop(a=Change(makes=[config_map("one")], needs=["two"])))
    assert "v1:ConfigMap:test:two" in str(raised.value)
    assert "v1:ConfigMap:test:one" in str(raised.value)


@pytest.mark.parametrize(
    ("pod", "needed"),
    [
        ({"serviceAccountName": "x"}, "v1:ServiceAccount:test:x"),
        ({"imagePullSecrets": [{"name": "x"}]}, "v1:Secret:test:x"),
        ({"volumes": [{"secret": {"secretName": "x"}}]}, "v1:Secret:test:x"),
        ({"volumes": [{"configMap": {"name": "x"}}]}, "v1:ConfigMap:test:x"),
        ({"volumes": [{"persistentVolumeClaim": {"claimName": "x"}}]}, "v1:PersistentVolumeClaim:test:x"),
        ({"volumes": [{"projected": {"sources": [{"secret": {"name": "x"}}]}}]}, "v1:Secret:test:x"),
        ({"volumes": [{"projected": {"sources": [{"configMap": {"name": "x"}}]}}]}, "v1:ConfigMap:test:x"),
        ({"containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "x"}}}]}]}, "v1:Secret:test:x"),
        ({"initContainers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": "x"}}}]}]}, "v1:ConfigMap:test:x"),
        ({"containers": [{"envFrom": [{"secretRef": {"name": "x"}}]}]}, "v1:Secret:test:x"),
        ({"containers": [{"envFrom": [{"configMapRef": {"name": "x"}}]}]}, "v1:ConfigMap:test:x"),
    ],
)
@pytest.mark.parametrize("kind", ["Deployment", "CronJob"])
def test_a_use_by_name_is_a_dependency(pod: dict[str, Any], needed: str, kind: str) -> None:
    template = {"template": {"spec": pod}}
    user = (
        manifest("apps/v1", "Deployment", "user", spec=template)
        if kind == "Deployment"
        else manifest("batch/v1", "CronJob", "user", spec={"jobTemplate": {"spec": template}})
    )
    _, used_kind, _, _ = needed.split(":")
    everything = [
        manifest("v1", "Namespace", "test", ""),
        manifest("v1", used_kind, "x"),
        manifest("v1", used_kind, "y"),
        manifest("v1", used_kind, "x", "elsewhere"),
        user,
    ]
    found = {each.id: each.depends_on for each in ordered(*everything)}
    assert found[user.id] == tuple(sorted([needed, "v1:Namespace:test"]))


def test_what_is_used_by_name_need_not_be_ours() -> None:
    template = {"template": {"spec": {"serviceAccountName": "default", "volumes": "odd", "containers": [None]}}}
    (only,) = ordered(manifest("apps/v1", "Deployment", "user", spec=template))
    assert only.depends_on == ()
