"""What developers write about a database, and what the platform decides about it, whichever the engine."""

import re
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from kusion_database.addresses import PRIVATE, network
from kusion_dsl.module import Accessory, DnsLabel, PlatformConfig, output

_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*(?P<image>-[A-Za-z0-9_.-]{1,64})?")
_USERNAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_DATABASE = re.compile(r"[a-z]([a-z0-9_]{0,61}[a-z0-9])?")


def version_of(engine: str) -> Callable[[str], str]:
    """A check of versions of ``engine``, as people write its name: ``16``, ``8.0``, or a tag of its image."""

    def version(text: str) -> str:
        if not _VERSION.fullmatch(text):
            raise ValueError(f"'{text}' is no version of {engine}: write numbers, like 16 or 8.0, or 16-alpine")
        return text

    return version


def _username(text: str) -> str:
    if not _USERNAME.fullmatch(text):
        raise ValueError(f"'{text}' is no name of a user: use letters, digits and '_', not beginning with a digit")
    return text


def _database(text: str) -> str:
    if not _DATABASE.fullmatch(text):
        raise ValueError(
            f"'{text}' is no name of a database: use at most 63 lower-case letters, digits and '_', "
            "with a letter at the beginning, and no '_' at the end"
        )
    return text


def _address(text: str) -> str:
    network(text)
    return text


def _lower_case(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


Username = Annotated[str, AfterValidator(_username)]
"""The name of a database's user."""

Text = Annotated[str, StringConstraints(min_length=1)]
"""A text that is not empty."""


class Database(Accessory):
    """A database; a module's own schema adds ``version``, which differs in what its engine calls one."""

    version: str
    """The version of the engine."""
    type: Literal["local", "cloud"] = "local"
    """``local``: in the cluster, for development. ``cloud``: as a service of the platform's cloud."""
    initial_database: Annotated[str, AfterValidator(_database)] | None = None
    """A database that is made within the server for the application's tables. It is made with the server, never
    later: say it from the beginning."""

    host: ClassVar[output] = output("Host name.")
    port: ClassVar[output] = output("Port number.")
    username: ClassVar[output] = output("Name of the user.")
    password: ClassVar[output] = output("The user's password: 16 letters, digits and underscores.", secret=True)
    database: ClassVar[output] = output("Name of the database within the server.")
    url: ClassVar[output] = output("Connection URL with user, password and database.", secret=True)

    @model_validator(mode="after")
    def _a_cloud_has_no_images(self) -> Self:
        found = _VERSION.fullmatch(self.version)
        if self.type == "cloud" and found and found["image"]:
            raise ValueError(
                f"the version '{self.version}' is a tag of an image, and a database of type 'cloud' has none: "
                f"write '{self.version.removesuffix(found['image'])}'"
            )
        return self


class DatabasePlatform(PlatformConfig):
    """What the platform decides about databases; a module's own model adds which user is the default."""

    username: Username
    """The user that is made; it owns the database."""
    size: Annotated[int, Field(ge=1)] = 10
    """The size of the disk in GiB."""
    database_name: DnsLabel | None = None
    """The name of the server, and the beginning of the names of everything that is made for it; by default
    ``<project>-<stack>-<app>-<accessory>``."""
    cloud: Annotated[Literal["aws", "alicloud"], BeforeValidator(_lower_case)] | None = None
    """The cloud in which databases of type ``cloud`` are made; upper and lower case are the same."""
    instance_type: Text | None = None
    """The cloud's type of machine, like ``db.t3.micro`` or ``mysql.n2.medium.2c``; needed for type ``cloud``."""
    security_ips: Annotated[list[Annotated[str, AfterValidator(_address)]], Field(min_length=1)] = Field(
        default_factory=lambda: list(PRIVATE), alias="securityIPs"
    )
    """Who may connect to a database in a cloud: IP addresses and blocks of them. By default the private networks; with
    any other among them the database gets a public address."""
    subnet_id: Text | None = Field(default=None, alias="subnetID")
    """Where in the cloud's network it is: AWS's DB subnet group, Alicloud's vSwitch."""
    vpc_id: Text | None = Field(default=None, alias="vpcID")
    """AWS only: the VPC of the subnet group, where that is not the region's default one."""
    category: Text = "Basic"
    """Alicloud only: the edition. One with ``serverless`` in its name is billed by use."""
    private_routing: bool = True
    """Alicloud only: whether the application connects within the cloud's network. ``false``: by a public address, and
    ``securityIPs`` must then name those the cluster connects from."""
