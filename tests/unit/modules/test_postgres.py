"""A database in the cluster, and how an application gets at it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.errors import AppError, CompileError, WorkspaceError
from kusion_postgres import Postgres
from kusion_service import Container, Service

Manifests = Callable[..., dict[str, Any]]
NAME = "shop-dev-shop-postgres"
PASSWORD = f"kusion:index:RandomPassword:{NAME}-postgres"
DEPLOYMENT = f"apps/v1:Deployment:shop:{NAME}-db-local-deployment"


def workload(**env: str) -> Service:
    return Service(containers={"web": Container(image="x", env=env)})


def environment(found: dict[str, Any]) -> dict[str, Any]:
    container = found["apps/v1:Deployment:shop:shop-dev-shop"]["spec"]["template"]["spec"]["containers"][0]
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container["env"]}


def test_under_its_default_name_it_has_the_ancestors_names(manifests: Manifests) -> None:
    found = manifests(workload(), postgres=Postgres(version="14.0"))
    assert set(found) == {
        PASSWORD,
        "v1:Namespace:shop",
        "apps/v1:Deployment:shop:shop-dev-shop",
        f"v1:Secret:shop:{NAME}-db-local-secret",
        DEPLOYMENT,
        f"v1:PersistentVolumeClaim:shop:{NAME}-db-local-pvc",
        f"v1:Service:shop:{NAME}-db-local-service",
        f"v1:Secret:shop:{NAME}-postgres",
    }


def test_the_pod_has_its_disk_and_its_credentials(manifests: Manifests) -> None:
    found = manifests(postgres=Postgres(version="14.0"))
    pod = found[DEPLOYMENT]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert container["image"] == "postgres:14.0"
    assert container["ports"] == [{"name": "shop-dev-shop-p", "containerPort": 5432}]
    assert container["volumeMounts"] == [{"name": NAME, "mountPath": "/var/lib/postgresql/data"}]
    assert pod["volumes"] == [{"name": NAME, "persistentVolumeClaim": {"claimName": f"{NAME}-db-local-pvc"}}]
    reference = {"name": f"{NAME}-db-local-secret"}
    assert {entry["name"]: entry["valueFrom"]["secretKeyRef"] for entry in container["env"]} == {
        "POSTGRES_USER": {**reference, "key": "username"},
        "POSTGRES_PASSWORD": {**reference, "key": "password"},
        "POSTGRES_DB": {**reference, "key": "database"},
    }
    assert found[f"v1:Secret:shop:{NAME}-db-local-secret"]["stringData"] == {
        "username": "kusion_default",
        "password": f"${{{PASSWORD}#result}}",
        "database": NAME,
    }


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("17-alpine", "/var/lib/postgresql/data"),
        ("18", "/var/lib/postgresql"),
        ("18.1", "/var/lib/postgresql"),
    ],
)
def test_the_disk_is_where_the_image_of_the_version_wants_it(manifests: Manifests, version: str, path: str) -> None:
    pod = manifests(postgres=Postgres(version=version))[DEPLOYMENT]["spec"]["template"]["spec"]
    assert pod["containers"][0]["volumeMounts"][0]["mountPath"] == path


def test_the_workload_gets_three_variables_from_a_secret(manifests: Manifests) -> None:
    found = manifests(workload(), postgres=Postgres(version="16"))
    assert environment(found) == {
        f"KUSION_DB_{what}_SHOP_DEV_SHOP_POSTGRES": {"secretKeyRef": {"name": f"{NAME}-postgres", "key": key}}
        for what, key in {"HOST": "hostAddress", "USERNAME": "username", "PASSWORD": "password"}.items()
    }
    assert found[f"v1:Secret:shop:{NAME}-postgres"]["stringData"] == {
        "hostAddress": f"{NAME}-db-local-service",
        "username": "kusion_default",
        "password": f"${{{PASSWORD}#result}}",
    }


def test_outputs_lead_to_the_database(manifests: Manifests) -> None:
    database = Postgres(version="16")
    found = manifests(
        workload(URL=database.url, DSN=f"{database.username}@{database.host}:{database.port}/{database.database}"),
        postgres=database,
    )
    assert environment(found)["DSN"] == f"kusion_default@{NAME}-db-local-service:5432/{NAME}"
    assert environment(found)["URL"] == {"secretKeyRef": {"name": "shop-dev-shop-env", "key": "web.URL"}}
    text = found["v1:Secret:shop:shop-dev-shop-env"]["stringData"]["web.URL"]
    assert f"${{{PASSWORD}#result}}" in text
    url = urlsplit(text.replace(f"${{{PASSWORD}#result}}", "Ab1_"))
    assert (url.scheme, url.username, url.password) == ("postgresql", "kusion_default", "Ab1_")
    assert (url.hostname, url.port, url.path) == (f"{NAME}-db-local-service", 5432, f"/{NAME}")


def test_every_character_of_the_password_may_stand_in_a_url(manifests: Manifests) -> None:
    password = manifests(postgres=Postgres(version="16"))[PASSWORD]
    assert password == {"length": 16, "special": True, "overrideSpecial": "_"}


def test_the_password_and_the_url_are_secret(manifests: Manifests) -> None:
    for secret in ("password", "url"):
        database = Postgres(version="16")
        service = Service(containers={"web": Container(image="x", args=[getattr(database, secret)])})
        with pytest.raises(CompileError, match="a secret would be readable"):
            manifests(service, postgres=database)


def test_two_databases_have_nothing_in_common(manifests: Manifests) -> None:
    orders, catalogue = Postgres(version="16"), Postgres(version="17")
    found = manifests(workload(ORDERS=orders.host, CATALOGUE=catalogue.host), orders=orders, catalogue=catalogue)
    assert {id for id in found if id.startswith("kusion:")} == {
        "kusion:index:RandomPassword:shop-dev-shop-orders",
        "kusion:index:RandomPassword:shop-dev-shop-catalogue",
    }
    variables = environment(found)
    assert variables["ORDERS"] == "shop-dev-shop-orders-db-local-service"
    assert variables["CATALOGUE"] == "shop-dev-shop-catalogue-db-local-service"
    assert {"KUSION_DB_HOST_SHOP_DEV_SHOP_ORDERS", "KUSION_DB_HOST_SHOP_DEV_SHOP_CATALOGUE"} <= set(variables)


def test_the_platform_decides_size_user_and_name(manifests: Manifests) -> None:
    policy = {"size": 20, "username": "shop", "databaseName": "my-db"}
    found = manifests(workload(), policies={"postgres": policy}, postgres=Postgres(version="16"))
    claim = found["v1:PersistentVolumeClaim:shop:my-db-db-local-pvc"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "20Gi"
    assert found["v1:Secret:shop:my-db-postgres"]["stringData"]["username"] == "shop"
    assert "KUSION_DB_HOST_MY_DB" in environment(found)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"size": 0}, "size: "),
        ({"username": "a:b"}, "username: 'a:b' is no name of a user"),
        ({"databaseName": "My_DB"}, "databaseName: 'My_DB' is not a DNS label"),
        ({"sizes": 3}, "sizes: unknown field, did you mean 'size'?"),
    ],
)
def test_a_policy_that_is_not_valid_is_refused(manifests: Manifests, policy: dict[str, Any], message: str) -> None:
    with pytest.raises(WorkspaceError) as caught:
        manifests(policies={"postgres": policy}, postgres=Postgres(version="16"))
    assert message in str(caught.value)


@pytest.mark.parametrize("version", ["", "latest", "16 ", "16-", "a16", "16/17"])
def test_a_version_begins_with_a_number(version: str) -> None:
    with pytest.raises(AppError, match="is no version of PostgreSQL"):
        Postgres(version=version)


def test_names_fit_however_long_the_others_are(compile_apps: Callable[..., Compiled]) -> None:
    app = AppConfiguration(name="a" * 60, workload=workload(), accessories={"postgres": Postgres(version="16")})
    spec = compile_apps(app).spec
    names = [
        resource.attributes["metadata"]["name"] for resource in spec.resources if "metadata" in resource.attributes
    ]
    assert max(map(len, names)) <= 63
    assert len(set(names)) == len(names)


def test_an_initial_database_has_the_name_that_the_developer_says(manifests: Manifests) -> None:
    database = Postgres(version="16", initial_database="shop")
    found = manifests(workload(NAME=database.database), postgres=database)
    assert found[f"v1:Secret:shop:{NAME}-db-local-secret"]["stringData"]["database"] == "shop"
    assert environment(found)["NAME"] == "shop"


@pytest.mark.parametrize("name", ["", "Shop", "1a", "a-b", "a_", "a" * 64])
def test_a_name_of_an_initial_database_is_checked(name: str) -> None:
    with pytest.raises(AppError, match="is no name of a database"):
        Postgres(version="16", initial_database=name)


def test_a_database_needs_no_workload(manifests: Manifests) -> None:
    assert DEPLOYMENT in manifests(postgres=Postgres(version="16"))
