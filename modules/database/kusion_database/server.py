"""What is the same for every way of providing a database: names, credentials, and how the workload gets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from kusion_database.engine import Engine
from kusion_database.schema import Database, DatabasePlatform
from kusion_dsl.module import Context, Generated, Outputs, Patch, Resource, Unavailable, kebab, secret_ref, shorten


@dataclass(frozen=True)
class Server:
    """A database server that is to be made: of which engine, what developer and platform decided, and for whom."""

    engine: Engine
    db: Database
    platform: DatabasePlatform
    ctx: Context

    @property
    def name(self) -> str:
        """The server's name."""
        return self.platform.database_name or shorten(f"{self.ctx.app_name}-{self.ctx.accessory}")

    @property
    def resource_name(self) -> str:
        """The name of what is made beside the server in its cloud."""
        # under its default name the ancestor's resource ends in the module's name once more
        return f"{self.name}-{self.engine.name}" if self.ctx.accessory == kebab(self.ctx.default_name) else self.name

    @property
    def password(self) -> Resource:
        """The user's password."""
        # all of its characters may stand in a URL as they are
        attributes = {"length": 16, "special": True, "overrideSpecial": "_"}
        return Resource("kusion:index:RandomPassword", self.resource_name, attributes)

    @property
    def username(self) -> str:
        """The user's name."""
        return self.platform.username

    def object_name(self, *suffix: str) -> str:
        """The name of a Kubernetes object for the server."""
        return shorten("-".join([self.name, *suffix]))

    def secret(self, name: str, values: Mapping[str, str]) -> Resource:
        """A Kubernetes Secret with ``values``."""
        data: dict[str, Any] = dict(values)
        metadata = self.ctx.metadata(name)
        return Resource.manifest({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})

    def reachable_at(self, host: str, database: str | None) -> Generated:
        """Everything by which the application gets at the server, which is at ``host``, and at a database in it."""
        password = self.password["result"]
        credentials = self.object_name(self.engine.name)
        yield self.secret(credentials, {"hostAddress": host, "username": self.username, "password": password})
        if self.ctx.workload is not None:
            suffix = self.name.upper().replace("-", "_")
            keys = {"HOST": "hostAddress", "USERNAME": "username", "PASSWORD": "password"}
            yield Patch(
                environment={
                    f"KUSION_DB_{what}_{suffix}": secret_ref(credentials, key=key) for what, key in keys.items()
                }
            )
        address = f"{quote(self.username)}:{password}@{host}:{self.engine.port}"
        none = Unavailable("no database is made within the server", 'name one: initial_database="..."')
        yield Outputs(
            host=host,
            port=self.engine.port,
            username=self.username,
            password=password,
            database=database or none,
            url=f"{self.engine.scheme}://{address}/{database}" if database else none,
        )
