"""What developers write about a MySQL database, and what the platform decides about it."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from kusion_database import Database, DatabasePlatform, Username, version_of


class MySQL(Database):
    """A MySQL database."""

    version: Annotated[str, AfterValidator(version_of("MySQL"))]
    """The version of MySQL: ``8.4``, ``8.0``, or, for type ``local``, a tag of the image that begins with one,
    ``8.0-debian``."""


class MySQLPlatform(DatabasePlatform):
    """What the platform decides about MySQL databases."""

    # https://dev.mysql.com/doc/refman/8.4/en/user-names.html
    username: Annotated[Username, StringConstraints(max_length=32)] = "root"
    """The user that is made, if it is not ``root``; at most 32 characters."""
