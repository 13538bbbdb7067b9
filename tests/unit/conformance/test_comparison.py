"""The comparison with the ancestor finds what differs, and nothing else."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from kusion_dsl.model.reference import Path as FieldPath
from kusion_dsl.model.reference import format_path
from kusion_dsl.model.spec import Spec, SpecResource
from tests.conformance.comparison import ABSENT, Difference, compare
from tests.conformance.generation import generate
from tests.conformance.naming import Naming
from tests.conformance.translation import Expected, ExpectedSpec, translate
from tests.unit.conformance.vectors import APP, SPEC, case

VARIABLES = {"demo-dev-web": {"main": ["B", "A"]}}
WEB = "apps/v1:Deployment:demo:demo-dev-web"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Spec:
    """What we make of the sample."""
    return generate(case(tmp_path_factory.mktemp("sample"))).spec


def differences(theirs: Any, ours: Spec) -> list[Difference]:
    naming = Naming.of_case("demo", "dev", APP, {})
    return compare(translate(theirs, naming), ours, ignored=["AWS_REGION"], variables=VARIABLES)


def test_the_sample_is_the_same(ours: Spec) -> None:
    assert differences(SPEC, ours) == []


def leaves(value: Any, path: FieldPath = ()) -> Iterator[FieldPath]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    elif value is not None:
        yield path


ATTRIBUTES = [
    (index, path)
    for index, resource in enumerate(SPEC["resources"])
    for path in leaves(resource["attributes"])
    if path not in (("apiVersion",), ("kind",))  # the id and the type are made of them
]


def changed(index: int, path: FieldPath, change: Callable[[Any, Any], None]) -> Any:
    theirs = copy.deepcopy(SPEC)
    owner = theirs["resources"][index]["attributes"]
    for step in path[:-1]:
        owner = owner[step]
    change(owner, path[-1])
    return theirs


def other(value: Any) -> Any:
    return not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"{value}x"


@pytest.mark.parametrize(
    ("index", "path"), ATTRIBUTES, ids=lambda each: str(each) if isinstance(each, int) else format_path(each)
)
def test_every_changed_value_is_found(ours: Spec, index: int, path: FieldPath) -> None:
    def change(owner: Any, key: Any) -> None:
        owner[key] = other(owner[key])

    def drop(owner: Any, key: Any) -> None:
        del owner[key]

    def wrap(owner: Any, key: Any) -> None:
        owner[key] = {"instead": [owner[key]]}

    for mutate in (change, drop, wrap):
        assert differences(changed(index, path, mutate), ours), mutate.__name__


@pytest.mark.parametrize("index", range(len(SPEC["resources"])))
def test_every_missing_and_every_additional_field_and_resource_is_found(ours: Spec, index: int) -> None:
    theirs = copy.deepcopy(SPEC)
    theirs["resources"][index]["attributes"]["more"] = {"deep": ["x"]}
    [found] = differences(theirs, ours)
    assert (format_path(found.path), found.theirs, found.ours) == ("more.deep", ["x"], ABSENT)
    theirs = copy.deepcopy(SPEC)
    removed = theirs["resources"].pop(index)
    assert any(each.path == () and each.theirs is ABSENT for each in differences(theirs, ours))
    theirs["resources"] += [removed, {**removed, "id": f"{removed['id']}-more"}]
    [found] = differences(theirs, ours)
    assert found.path == () and found.ours is ABSENT


@pytest.mark.parametrize("nothing", [None, {}, [], {"deep": {"deeper": None, "list": []}}])
def test_what_is_nothing_does_not_count(ours: Spec, nothing: Any) -> None:
    theirs = copy.deepcopy(SPEC)
    for resource in theirs["resources"]:
        resource["attributes"]["nothing"] = nothing
        resource["attributes"].pop("status", None)
        resource["attributes"].get("metadata", {}).pop("creationTimestamp", None)
    assert differences(theirs, ours) == []


@pytest.mark.parametrize("something", ["", 0, False, [None], [{}], {"deep": ""}])
def test_what_is_merely_small_counts(ours: Spec, something: Any) -> None:
    theirs = copy.deepcopy(SPEC)
    theirs["resources"][0]["attributes"]["something"] = something
    assert differences(theirs, ours)


def test_a_boolean_is_no_number(ours: Spec) -> None:
    assert differences(changed(7, ("skip_final_snapshot",), lambda owner, key: owner.update({key: 1})), ours)
    assert not differences(changed(3, ("spec", "replicas"), lambda owner, key: owner.update({key: 2.0})), ours)


def resource(theirs: Any, id: str) -> Any:
    return next(each for each in theirs["resources"] if each["id"] == id)


def test_the_ancestor_may_wait_for_more(ours: Spec) -> None:
    theirs = copy.deepcopy(SPEC)
    service = resource(theirs, "v1:Service:demo:demo-dev-web-private")
    service["dependsOn"] += ["v1:Secret:demo:keys", "v1:Namespace:demo"]
    assert differences(theirs, ours) == []


def test_a_real_use_may_be_one_that_the_ancestor_does_not_wait_for(ours: Spec) -> None:
    theirs = copy.deepcopy(SPEC)
    for each in theirs["resources"]:
        each.pop("dependsOn", None)
    assert differences(theirs, ours) == []


def with_resource(ours: Spec, id: str, **changes: Any) -> Spec:
    resources = tuple(replace(each, **changes) if each.id == id else each for each in ours.resources)
    return replace(ours, resources=resources)


def test_a_dependency_without_a_use_and_without_the_ancestor_is_found(ours: Spec) -> None:
    service = "v1:Service:demo:demo-dev-web-private"
    depending = with_resource(ours, service, depends_on=(*ours[service].depends_on, "v1:Secret:demo:keys"))
    [found] = differences(SPEC, depending)
    assert found.path == ("#dependsOn", "v1:Secret:demo:keys")


def test_what_the_ancestor_reaches_over_others_may_be_depended_on(ours: Spec) -> None:
    theirs = copy.deepcopy(SPEC)
    resource(theirs, "v1:Service:demo:demo-dev-web-private")["dependsOn"] = ["v1:Secret:demo:demo-dev-web-mysql-mysql"]
    service, group = (
        "v1:Service:demo:demo-dev-web-private",
        "aws:ec2/securityGroup:SecurityGroup:demo-dev-web-mysql-mysql",
    )
    assert differences(theirs, with_resource(ours, service, depends_on=("v1:Namespace:demo", group))) == []


@pytest.mark.parametrize(
    "used",
    [
        "v1:Namespace:demo",
        "v1:ConfigMap:demo:demo-dev-web-main-0",
        "v1:Secret:demo:keys",
        "v1:Secret:demo:demo-dev-web-mysql-mysql",
    ],
)
def test_a_use_without_a_dependency_is_found(ours: Spec, used: str) -> None:
    fewer = tuple(id for id in ours[WEB].depends_on if id != used)
    assert len(fewer) < len(ours[WEB].depends_on)
    [found] = differences(SPEC, with_resource(ours, WEB, depends_on=fewer))
    assert (found.path, found.theirs, found.ours) == (("#dependsOn", used), used, ABSENT)


def test_the_workload_its_health_and_imports_must_be_found(ours: Spec) -> None:
    [workload] = differences(SPEC, with_resource(ours, WEB, workload=False))
    assert workload.path == ("#workload",)
    [health] = differences(SPEC, with_resource(ours, WEB, health={"health.kcl": "assert b"}))
    assert health.path[0] == "#health"
    theirs = copy.deepcopy(SPEC)
    resource(theirs, "hashicorp:aws:aws_db_instance:demo-dev-web-mysql")["extensions"] = {
        "kusionstack.io/import-id": "x"
    }
    [imported] = differences(theirs, ours)
    assert (imported.path, imported.theirs) == (("#import",), "x")
    instance = "aws:rds/instance:Instance:demo-dev-web-mysql"
    assert differences(theirs, with_resource(ours, instance, options={"import": "x"})) == []
    assert differences(SPEC, with_resource(ours, instance, options={"import": "y"}))


def test_a_workload_that_the_ancestor_does_not_know_is_none_of_its_business(ours: Spec) -> None:
    theirs = copy.deepcopy(SPEC)
    del resource(theirs, WEB)["extensions"]["kusion.io/is-workload"]
    assert differences(theirs, ours) == []


def test_variables_are_a_mapping_with_the_injected_ones_first(ours: Spec) -> None:
    attributes = copy.deepcopy(dict(ours[WEB].attributes))
    env = attributes["spec"]["template"]["spec"]["containers"][0]["env"]
    assert [entry["name"] for entry in env][3:] == ["A", "B"]
    env[0], env[1] = env[1], env[0]  # the order of the injected ones is each module's own
    assert differences(SPEC, with_resource(ours, WEB, attributes=attributes)) == []
    for order in ([3, 0, 1, 2, 4], [0, 1, 2, 4, 3]):
        attributes["spec"]["template"]["spec"]["containers"][0]["env"] = [env[index] for index in order]
        [found] = differences(SPEC, with_resource(ours, WEB, attributes=attributes))
        assert format_path(found.path) == "spec.template.spec.containers[0].env"


def test_variables_are_compared_by_name_where_the_ancestor_has_none_at_all(ours: Spec) -> None:
    theirs = copy.deepcopy(SPEC)
    del resource(theirs, WEB)["attributes"]["spec"]["template"]["spec"]["containers"][0]["env"]
    found = {format_path(each.path) for each in differences(theirs, ours)}
    container = "spec.template.spec.containers[0].env"
    assert {f"{container}.A.name", f"{container}.KUSION_DB_HOST_DEMO_DEV_WEB_MYSQL.name"} <= found
    assert container not in found


@pytest.mark.parametrize(
    ("env", "right"),
    [
        ({"A": "1", "B": "2"}, True),
        ({"B": "2", "A": "1"}, False),
        ({"B": "2", "A": "$(B)"}, True),
        ({"A": "$(B)", "B": "2"}, False),
        ({"A": "$$(B)", "B": "2"}, True),
        ({"A": "$(C)", "B": "2"}, True),
        ({"A": "$(B)", "B": "$(A)"}, True),
        ({"OWN": "", "A": "1"}, True),
        ({"A": "1", "OWN": ""}, False),
    ],
)
def test_the_authors_variables_are_in_order_of_names_and_uses(env: dict[str, str], right: bool) -> None:
    container = {"name": "main", "env": [{"name": name, "value": value} for name, value in env.items()]}
    attributes = {"spec": {"template": {"spec": {"containers": [container]}}}}
    spec = Spec((SpecResource("apps/v1:Deployment:a:a", "kubernetes:apps/v1:Deployment", attributes, workload=True),))
    expected = ExpectedSpec(
        (Expected("apps/v1:Deployment:a:a", "kubernetes:apps/v1:Deployment", attributes),), {}, None
    )
    assert (compare(expected, spec, variables={"a": {"main": ["A", "B"]}}) == []) is right


def test_an_object_in_another_namespace_is_the_same_with_one_difference(ours: Spec) -> None:
    theirs = copy.deepcopy(SPEC)
    service = resource(theirs, "v1:Service:demo:demo-dev-web-private")
    service["id"] = "v1:Service:elsewhere:demo-dev-web-private"
    service["attributes"]["metadata"]["namespace"] = "elsewhere"
    [found] = differences(theirs, ours)
    assert (format_path(found.path), found.theirs, found.ours) == ("metadata.namespace", "elsewhere", "demo")


def test_context_and_secret_store_are_compared(ours: Spec) -> None:
    theirs = {**SPEC, "context": {"KUBECONFIG_PATH": "other"}, "secretStore": None}
    found = {format_path(each.path) for each in differences(theirs, ours)}
    assert found == {"context.KUBECONFIG_PATH", "secretStore"}


def test_lists_that_the_ancestor_leaves_in_any_order() -> None:
    theirs = {
        "resources": [
            {
                "id": "apps/v1:Deployment:a:a",
                "type": "Kubernetes",
                "attributes": {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "topologySpreadConstraints": [{"topologyKey": "b"}, {"topologyKey": "a"}],
                    "httpHeaders": [{"name": "x", "value": "1"}, {"name": "y", "value": "2"}],
                    "args": ["b", "a"],
                },
            }
        ]
    }
    expected = translate(theirs, Naming())
    [only] = expected.resources

    def found(**changes: Any) -> list[str]:
        attributes = {**only.attributes, **{name: value[::-1] for name, value in changes.items()}}
        spec = Spec((SpecResource(only.id, only.type, attributes),))
        return [format_path(each.path) for each in compare(expected, spec)]

    assert found() == []
    assert found(**{name: only.attributes[name] for name in ("topologySpreadConstraints", "httpHeaders")}) == []
    assert found(args=only.attributes["args"]) == ["args[0]", "args[1]"]
