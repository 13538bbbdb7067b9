"""What is PostgreSQL's own about providing a database."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kusion_database import Engine, FromSecret, Server


def _environment(server: Server) -> Mapping[str, str | FromSecret]:
    """https://hub.docker.com/_/postgres, Environment Variables."""
    return {
        "POSTGRES_USER": FromSecret("username"),
        "POSTGRES_PASSWORD": FromSecret("password"),
        "POSTGRES_DB": FromSecret("database"),
    }


def _data_directory(version: str) -> str:
    """Where the image keeps its data; from 18 on one directory further up (https://hub.docker.com/_/postgres, PGDATA)."""
    major = re.match(r"[0-9]+", version)
    return "/var/lib/postgresql" if major and int(major[0]) >= 18 else "/var/lib/postgresql/data"


POSTGRES = Engine(
    name="postgres",
    title="PostgreSQL",
    scheme="postgresql",
    port=5432,
    environment=_environment,
    data_directory=_data_directory,
    always_there="postgres",
)
