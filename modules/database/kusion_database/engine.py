"""What sets one database engine apart from another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kusion_database.server import Server


@dataclass(frozen=True)
class FromSecret:
    """A variable that the image of a local database reads from the Secret beside it."""

    key: Literal["username", "password", "database"]


@dataclass(frozen=True)
class Engine:
    """A database engine.

    - ``name``: the module's, the image's and AWS's; ``title``: as people write it, and Alicloud's
    - ``scheme``: of connection URLs
    - ``port``: where it listens
    - ``environment``: the variables by which the image is told user, password and database, in this order
    - ``data_directory``: where the image of a version keeps its data
    - ``always_there``: the database that every server has and that is for applications; None if there is no such
    """

    name: str
    title: str
    scheme: str
    port: int
    environment: Callable[[Server], Mapping[str, str | FromSecret]]
    data_directory: Callable[[str], str]
    always_there: str | None = None
