"""What is MySQL's own about a local database; what it shares with PostgreSQL is tested there."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.errors import AppError, CompileError, WorkspaceError
from kusion_dsl.testing import compile_app
from kusion_mysql import MySQL
from kusion_service import Container, Service

NAME = "test-dev-shop-mysql"
PASSWORD = f"kusion:index:RandomPassword:{NAME}-mysql"
SECRET = f"v1:Secret:test:{NAME}-db-local-secret"


def compiled(database: MySQL, workspace: str = "", **env: str) -> dict[str, Mapping[str, Any]]:
    service = Service(containers={"web": Container(image="x", env=env)})
    app = AppConfiguration(name="shop", workload=service, accessories={"mysql": database})
    return {each.id: each.attributes for each in compile_app(app, workspace=workspace).spec.resources}


def container_of(found: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    pod = found[f"apps/v1:Deployment:test:{NAME}-db-local-deployment"]["spec"]["template"]["spec"]
    container: Mapping[str, Any] = pod["containers"][0]
    return container


def variables(container: Mapping[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("value") or each["valueFrom"]["secretKeyRef"] for each in container["env"]}


def test_the_image_is_told_roots_password_and_nothing_else() -> None:
    found = compiled(MySQL(version="8.0"))
    container = container_of(found)
    assert container["image"] == "mysql:8.0"
    assert container["ports"] == [{"name": "test-dev-shop-m", "containerPort": 3306}]
    assert container["volumeMounts"] == [{"name": NAME, "mountPath": "/var/lib/mysql"}]
    secret = {"name": f"{NAME}-db-local-secret", "key": "password"}
    assert variables(container) == {"MYSQL_ROOT_PASSWORD": secret}
    assert found[SECRET]["stringData"] == {"password": f"${{{PASSWORD}#result}}"}
    assert found[f"v1:Secret:test:{NAME}-mysql"]["stringData"] == {
        "hostAddress": f"{NAME}-db-local-service",
        "username": "root",
        "password": f"${{{PASSWORD}#result}}",
    }


def test_with_another_user_root_has_a_password_too_since_the_image_would_not_start_without() -> None:
    found = compiled(MySQL(version="8.0"), "modules: {mysql: {configs: {default: {username: shop}}}}")
    secret = {"name": f"{NAME}-db-local-secret", "key": "password"}
    assert variables(container_of(found)) == {
        "MYSQL_ROOT_PASSWORD": secret,
        "MYSQL_USER": "shop",
        "MYSQL_PASSWORD": secret,
    }
    assert found[SECRET]["stringData"] == {"password": f"${{{PASSWORD}#result}}"}


def test_an_initial_database_is_made_and_led_to() -> None:
    database = MySQL(version="8.0", initial_database="shop")
    found = compiled(database, URL=database.url, NAME=database.database)
    assert variables(container_of(found))["MYSQL_DATABASE"] == "shop"
    text = found["v1:Secret:test:test-dev-shop-env"]["stringData"]["web.URL"]
    url = urlsplit(text.replace(f"${{{PASSWORD}#result}}", "Ab1_"))
    assert (url.scheme, url.username, url.password) == ("mysql", "root", "Ab1_")
    assert (url.hostname, url.port, url.path) == (f"{NAME}-db-local-service", 3306, "/shop")


@pytest.mark.parametrize("output", ["url", "database"])
def test_without_an_initial_database_nothing_leads_to_one(output: str) -> None:
    database = MySQL(version="8.0")
    with pytest.raises(CompileError) as caught:
        compiled(database, VALUE=getattr(database, output))
    problem = caught.value.problems[0]
    assert problem.what == f"shop.mysql has no '{output}': no database is made within the server"
    assert problem.hint == 'name one: initial_database="..."'
    assert problem.where


def test_a_users_name_has_at_most_32_characters() -> None:
    with pytest.raises(WorkspaceError) as caught:
        compiled(MySQL(version="8.0"), f"modules: {{mysql: {{configs: {{default: {{username: {'a' * 33}}}}}}}}}")
    assert "username: " in str(caught.value)
    assert str(caught.value.problems[0].where).startswith("workspace.yaml:1:")


def test_a_version_begins_with_a_number() -> None:
    with pytest.raises(AppError, match="'lts' is no version of MySQL"):
        MySQL(version="lts")
