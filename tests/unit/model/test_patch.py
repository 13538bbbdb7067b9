"""Patches that people write: which are taken, and what they fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from kusion_dsl import AppConfiguration, Secret, patch
from kusion_dsl.errors import AppError
from kusion_dsl.model.app import application_of
from kusion_dsl.model.load_session import LoadSession, load_session

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
INSTANCE = "aws:rds/instance:Instance"


@pytest.mark.parametrize(
    ("target", "type", "name", "accessory", "fits"),
    [
        ({"kind": "Deployment"}, DEPLOYMENT, "a", "workload", True),
        ({"kind": "Deploy*"}, DEPLOYMENT, "a", "workload", True),
        ({"kind": "deployment"}, DEPLOYMENT, "a", "workload", False),
        ({"kind": "Service"}, DEPLOYMENT, "a", "workload", False),
        ({"kind": INSTANCE}, INSTANCE, "a", "database", True),
        ({"kind": "Instance"}, INSTANCE, "a", "database", True),
        ({"kind": "aws:*"}, INSTANCE, "a", "database", True),
        ({"name": "*-private"}, DEPLOYMENT, "shop-private", "network", True),
        ({"name": "*-private"}, DEPLOYMENT, "shop-public", "network", False),
        ({"accessory": "data*"}, INSTANCE, "a", "database", True),
        ({"accessory": "workload"}, INSTANCE, "a", "database", False),
        ({"kind": "Instance", "name": "b", "accessory": "database"}, INSTANCE, "a", "database", False),
        ({"kind": "Instance", "name": "a", "accessory": "database"}, INSTANCE, "a", "database", True),
    ],
)
def test_it_fits_what_has_all_that_it_names(
    target: dict[str, Any], type: str, name: str, accessory: str, fits: bool
) -> None:
    assert patch(**target, merge={"a": 1}).fits(type, name, accessory) is fits


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"merge": {"a": 1}}, "say which resources it changes"),
        ({"kind": "Service"}, "say what it changes"),
        ({"kind": "", "merge": {"a": 1}}, "kind: String should have at least 1 character"),
        ({"kin": "Service", "merge": {"a": 1}}, "kin: unknown field, did you mean 'kind'?"),
        ({"kind": "a", "merge": {"a": [object()]}}, "merge: a value of the type object has no place in a resource"),
        ({"kind": "a", "merge": {"a": {1: 2}}}, "merge: the key 1 is no text"),
        ({"kind": "a", "json_patch": [{"op": "set", "path": "/a"}]}, r"json_patch\[0\]: the op is 'set', none of add"),
        ({"kind": "a", "json_patch": [{"op": ["add"], "path": "/a"}]}, r"the op is \['add'\], none of add"),
        ({"kind": "a", "json_patch": [{"op": "add", "path": "a", "value": 1}]}, "the path is 'a', not like '/spec"),
        ({"kind": "a", "json_patch": [{"op": "add", "path": "", "value": {}}]}, "the path is '', not like '/spec"),
        ({"kind": "a", "json_patch": [{"op": "remove"}]}, "the path is None"),
        ({"kind": "a", "json_patch": [{"op": "replace", "path": "/a"}]}, "'replace' needs a 'value'"),
        ({"kind": "a", "json_patch": [{"op": "move", "path": "/a"}]}, "'move' needs a 'from'"),
        ({"kind": "a", "json_patch": [{"op": "copy", "path": "/a", "from": "b"}]}, "the from is 'b', not like"),
        ({"kind": "a", "json_patch": [{"op": "remove", "path": "/a", "value": 1}]}, "'remove' takes no 'value'"),
        ({"kind": "a", "json_patch": [{"op": "add", "path": "/a", "value": {"b": object()}}]}, "of the type object"),
    ],
)
def test_what_is_wrong_is_told_when_it_is_written(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(AppError, match=message):
        patch(**fields)


def test_every_operation_of_the_standard_is_one() -> None:
    operations: list[dict[str, Any]] = [
        {"op": "add", "path": "/a", "value": None},
        {"op": "replace", "path": "/a", "value": Secret("x")},
        {"op": "test", "path": "/a", "value": [1, 2.5, True]},
        {"op": "remove", "path": "/a"},
        {"op": "move", "path": "/a", "from": "/b"},
        {"op": "copy", "path": "/a", "from": "/b"},
    ]
    assert patch(kind="a", json_patch=operations).json_patch == operations


@pytest.mark.parametrize(
    ("patches", "message"),
    [
        (patch(kind="a", merge={"b": 1}), r"patches is of the type patch, not a list"),
        ([patch(kind="a", merge={"b": 1}), {"kind": "a"}], r"patches\[1\] is of the type dict, not a patch"),
    ],
)
def test_an_application_takes_a_list_of_them(patches: Any, message: str) -> None:
    with pytest.raises(AppError, match=message):
        AppConfiguration(name="shop", patches=patches)
    with pytest.raises(AppError, match=message):
        type("Shop", (AppConfiguration,), {"patches": patches})


def test_a_wrong_list_is_told_with_everything_else_that_is_wrong_with_a_file() -> None:
    session = LoadSession()
    with load_session(session):
        type("Shop", (AppConfiguration,), {"patches": [1, 2]})
    assert [problem.what for problem in session.problems] == [
        "Shop.patches[0] is of the type int, not a patch",
        "Shop.patches[1] is of the type int, not a patch",
    ]


def test_a_subclass_has_those_of_its_base_unless_it_says_otherwise() -> None:
    class Base(AppConfiguration, abstract=True):
        patches: ClassVar[Sequence[patch]] = [patch(kind="a", merge={"b": 1})]

    class Same(Base):
        pass

    class More(Base):
        patches: ClassVar[Sequence[patch]] = [*Base.patches, patch(kind="c", merge={"d": 1})]

    assert [each.kind for each in application_of(Same).patches] == ["a"]
    assert [each.kind for each in application_of(More).patches] == ["a", "c"]
