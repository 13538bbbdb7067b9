"""What developers write about a PostgreSQL database, and what the platform decides about it."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from kusion_dsl.module import Accessory, DnsLabel, PlatformConfig, output

_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*(-[A-Za-z0-9_.-]{1,64})?")
_USERNAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise ValueError(f"'{text}' is no version of PostgreSQL, like 16, 14.0 or 16-alpine")
    return text


def _username(text: str) -> str:
    if not _USERNAME.fullmatch(text):
        raise ValueError(f"'{text}' is no name of a user: use letters, digits and '_', not beginning with a digit")
    return text


class Postgres(Accessory):
    """A PostgreSQL database."""

    version: Annotated[str, AfterValidator(_version)]
    """The version of PostgreSQL: ``16``, ``14.0``, or a tag of the image that begins with one, ``16-alpine``."""
    type: Literal["local", "cloud"] = "local"
    """``local``: in the cluster, for development. ``cloud``: as a service of the platform's cloud."""

    host: ClassVar[output] = output("Host name.")
    port: ClassVar[output] = output("Port number.")
    username: ClassVar[output] = output("Name of the user.")
    password: ClassVar[output] = output("The user's password: 16 letters, digits and underscores.", secret=True)
    database: ClassVar[output] = output("Name of the database.")
    url: ClassVar[output] = output("Connection URL with user and password.", secret=True)


class PostgresPlatform(PlatformConfig):
    """What the platform decides about PostgreSQL databases."""

    username: Annotated[str, AfterValidator(_username)] = "kusion_default"
    """The user that is made; it owns the database."""
    size: Annotated[int, Field(ge=1)] = 10
    """The size of the disk in GiB."""
    database_name: DnsLabel | None = None
    """The name of the database, and the beginning of the names of everything that is made for it; by default
    ``<project>-<stack>-<app>-<accessory>``."""
