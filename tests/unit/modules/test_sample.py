"""The application of tests/typing/shop.py, compiled with the built-in empty workspace."""

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.compiler.inputs import Compiled

SAMPLE = Path(__file__).parents[2] / "typing" / "shop.py"


@pytest.fixture
def compiled(compile_apps: Callable[..., Compiled]) -> Compiled:
    production: type[AppConfiguration] = runpy.run_path(str(SAMPLE))["Production"]
    return compile_apps(production)


def test_everything_is_there(compiled: Compiled) -> None:
    assert [resource.id for resource in compiled.spec.resources] == [
        "kusion:index:RandomPassword:shop-dev-shop-database",
        "v1:Namespace:shop",
        "v1:PersistentVolumeClaim:shop:shop-dev-shop-database-db-local-pvc",
        "v1:Secret:shop:shop-dev-shop-database-db-local-secret",
        "apps/v1:Deployment:shop:shop-dev-shop-database-db-local-deployment",
        "v1:Secret:shop:shop-dev-shop-database-postgres",
        "v1:Secret:shop:shop-dev-shop-env",
        "apps/v1:Deployment:shop:shop-dev-shop",
        "v1:Service:shop:shop-dev-shop-database-db-local-service",
        "v1:Service:shop:shop-dev-shop-ingress-public",
    ]
    assert compiled.warnings == ()


def test_injected_variables_come_before_the_authors(compiled: Compiled) -> None:
    container = compiled.spec["apps/v1:Deployment:shop:shop-dev-shop"].attributes["spec"]["template"]["spec"][
        "containers"
    ][0]
    assert [entry["name"] for entry in container["env"]] == [
        "KUSION_DB_HOST_SHOP_DEV_SHOP_DATABASE",
        "KUSION_DB_USERNAME_SHOP_DEV_SHOP_DATABASE",
        "KUSION_DB_PASSWORD_SHOP_DEV_SHOP_DATABASE",
        "DATABASE_URL",
        "STRIPE_KEY",
    ]


def test_it_is_known_who_wrote_what(compiled: Compiled) -> None:
    path = ("spec", "template", "spec", "containers", 0, "image")
    origins = compiled.provenance.of("apps/v1:Deployment:shop:shop-dev-shop", path)
    assert origins[0].kind == "author"
    assert origins[0].position is not None and origins[0].position.file == str(SAMPLE)
