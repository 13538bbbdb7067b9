"""What developers write about a PostgreSQL database, and what the platform decides about it."""

from typing import Annotated

from pydantic import AfterValidator

from kusion_database import Database, DatabasePlatform, Username, version_of


class Postgres(Database):
    """A PostgreSQL database."""

    version: Annotated[str, AfterValidator(version_of("PostgreSQL"))]
    """The version of PostgreSQL: ``16``, ``14.0``, or, for type ``local``, a tag of the image that begins with one,
    ``16-alpine``."""


class PostgresPlatform(DatabasePlatform):
    """What the platform decides about PostgreSQL databases."""

    username: Username = "kusion_default"
    """The user that is made; it owns the database."""
