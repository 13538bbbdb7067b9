"""What fails, at the line that wants it."""

from __future__ import annotations

import pytest

from kusion_dsl.errors import Position, Problem
from kusion_dsl.model.provenance import Deferred, Origin, Provenance
from kusion_dsl.model.reference import parse_path
from kusion_dsl.operations.failures import located

ID = "apps/v1:Deployment:shop:web"
SERVICE = Position("shop/app.py", 7)
REPLICAS = Position("workspaces/prod.yaml", 4, 9)
IMAGE = Position("shop/base.py", 12)


def _at(position: Position | None) -> tuple[Deferred, ...]:
    return (lambda: Origin("author", "Shop.workload", position),)


PROVENANCE = Provenance(
    {
        ID: {
            (): _at(SERVICE),
            ("spec", "replicas"): _at(REPLICAS),
            parse_path("spec.template.spec.containers[0].image"): _at(IMAGE),
            ("spec", "paused"): _at(None),
        }
    }
)


@pytest.mark.parametrize(
    ("what", "where"),
    [
        ("Unauthorized", SERVICE),
        ('Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1: must be positive', REPLICAS),
        ("it is invalid: [spec.paused: Required value, spec.replicas: Invalid value: -1]", SERVICE),
        ("it is invalid: [metadata.labels: Required value, spec.replicas: Invalid value: -1]", SERVICE),
        ("it is invalid: spec.template.spec.containers[0].image: Required value", IMAGE),
        ("it is invalid: spec.template.spec.containers[name].image: Required value", SERVICE),
    ],
)
def test_a_problem_of_a_resource_stands_at_the_line_of_its_field(what: str, where: Position) -> None:
    problem = Problem(what, ID, "a hint", ("a detail",))

    assert located([problem], PROVENANCE) == (Problem(f"{ID}: {what}", where, "a hint", ("a detail",)),)


@pytest.mark.parametrize(
    "problem", [Problem("gone", "v1:Service:shop:old"), Problem("broken"), Problem("bad", Position("app.py", 3))]
)
def test_what_has_no_line_stays_where_it_is(problem: Problem) -> None:
    assert located([problem], PROVENANCE) == (problem,)
