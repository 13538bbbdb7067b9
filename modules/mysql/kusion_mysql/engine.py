"""What is MySQL's own about providing a database."""

from __future__ import annotations

from collections.abc import Mapping

from kusion_database import Engine, FromSecret, Server

_ROOT = "root"


def _environment(server: Server) -> Mapping[str, str | FromSecret]:
    """https://hub.docker.com/_/mysql, Environment Variables: without a password of root it refuses to start."""
    variables: dict[str, str | FromSecret] = {"MYSQL_ROOT_PASSWORD": FromSecret("password")}
    if server.username != _ROOT:
        variables |= {"MYSQL_USER": server.username, "MYSQL_PASSWORD": FromSecret("password")}
    if server.db.initial_database:
        variables["MYSQL_DATABASE"] = server.db.initial_database
    return variables


def _data_directory(version: str) -> str:
    return "/var/lib/mysql"


MYSQL = Engine(
    name="mysql",
    title="MySQL",
    scheme="mysql",
    port=3306,
    environment=_environment,
    data_directory=_data_directory,
)
