"""Labels and annotations of an application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.errors import AppError
from kusion_dsl.model.load_session import LoadSession, load_session
from tests.unit.compiler.sample import DEPLOYMENT, Server, Store, compiled


class Shop(AppConfiguration):
    labels: ClassVar[Mapping[str, str]] = {"team": "shop"}
    annotations: ClassVar[Mapping[str, str]] = {"acme.example/owner": "ada"}

    workload = Server(labels={"own": "yes"}, env={"URL": "x"})
    store = Store()


def metadata(app: Any) -> dict[str, dict[str, Any]]:
    return {each.id: each.attributes.get("metadata", {}) for each in compiled(app).spec.resources}


def test_labels_are_on_everything() -> None:
    found = metadata(Shop)
    for id in (DEPLOYMENT, "v1:Service:test:test-dev-shop"):
        assert found[id]["labels"]["team"] == "shop"
        assert found[id]["annotations"]["acme.example/owner"] == "ada"
    template = compiled(Shop).spec[DEPLOYMENT].attributes["spec"]["template"]["metadata"]
    assert template["labels"]["team"] == "shop"
    assert template["annotations"] == {"acme.example/owner": "ada"}
    assert "labels" not in found["v1:Namespace:test"], "it is the stack's, not the application's"
    assert not found["kusion:index:RandomPassword:test-dev-shop-password"], "it is no object of Kubernetes"


def test_by_code_it_is_the_same() -> None:
    app = AppConfiguration(
        name="shop",
        workload=Shop.workload,
        accessories={"store": Shop.store},
        labels=Shop.labels,
        annotations=Shop.annotations,
    )
    assert compiled(app).spec.digest == compiled(Shop).spec.digest


def test_an_object_says_it_better_itself() -> None:
    class Other(Shop):
        labels: ClassVar[Mapping[str, str]] = {"own": "no", "app.kubernetes.io/name": "no"}

    found = metadata(Other)[DEPLOYMENT]["labels"]
    assert found["own"] == "yes"
    assert found["app.kubernetes.io/name"] == "shop"
    assert "team" not in found, "a subclass says all of them"


def test_no_other_application_gets_them() -> None:
    class Blog(AppConfiguration):
        workload = Server()

    found = {each.id: each.attributes.get("metadata", {}) for each in compiled(Shop, Blog).spec.resources}
    assert "team" not in found["apps/v1:Deployment:test:test-dev-blog"]["labels"]


def test_it_is_known_who_wrote_them() -> None:
    [first, *_] = compiled(Shop).provenance.of(DEPLOYMENT, ("metadata", "labels", "team"))
    assert (first.kind, first.name) == ("author", "shop.labels")
    assert first.position is not None and first.position.file == __file__


@pytest.mark.parametrize(
    ("labels", "annotations", "what"),
    [
        ({"no label": "x"}, {}, "labels['no label']: 'no label' is no name of a label"),
        ({"a": "no value"}, {}, "labels['a']: 'no value' is no value of a label"),
        ({"a": 1}, {}, "labels['a']: Input should be a valid string"),
        ("text", {}, "labels: Input should be a valid dictionary"),
        ({}, {"a b": "x"}, "annotations['a b']: 'a b' is no name"),
    ],
)
def test_they_are_checked_where_they_are_written(labels: Any, annotations: Any, what: str) -> None:
    with pytest.raises(AppError) as raised:
        AppConfiguration(name="shop", labels=labels, annotations=annotations)
    assert f"shop.{what}" in str(raised.value)
    assert str(raised.value).startswith(__file__)
    with load_session(LoadSession()) as session:
        type("Shop", (AppConfiguration,), {"labels": labels, "annotations": annotations})
    assert [f"Shop.{what}" in problem.what for problem in session.problems] == [True]
