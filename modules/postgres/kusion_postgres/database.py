"""What is the same for every way of providing a database: names, credentials, and how the workload gets them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from kusion_dsl.module import Context, Generated, Outputs, Patch, Resource, kebab, secret_ref, shorten
from kusion_postgres.schema import PostgresPlatform

PORT = 5432
_MODULE = "postgres"


@dataclass(frozen=True)
class Database:
    """A database that is to be made: its name, its user, and the user's password."""

    name: str
    username: str
    password: Resource
    ctx: Context

    @classmethod
    def of(cls, platform: PostgresPlatform, ctx: Context) -> Database:
        """The database of the accessory that ``ctx`` is about."""
        name = platform.database_name or shorten(f"{ctx.app_name}-{ctx.accessory}")
        # under its default name the ancestor's resource ends in the module's name once more
        secret = f"{name}-{_MODULE}" if ctx.accessory == kebab(ctx.default_name) else name
        # all of its characters may stand in a URL as they are
        attributes = {"length": 16, "special": True, "overrideSpecial": "_"}
        return cls(name, platform.username, Resource("kusion:index:RandomPassword", secret, attributes), ctx)

    def object_name(self, *suffix: str) -> str:
        """The name of a Kubernetes object for the database."""
        return shorten("-".join([self.name, *suffix]))

    def secret(self, name: str, values: dict[str, str]) -> Resource:
        """A Kubernetes Secret with the user's name, the password, and ``values``."""
        data: dict[str, Any] = {"username": self.username, "password": self.password["result"], **values}
        metadata = self.ctx.metadata(name)
        return Resource.manifest({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})

    def reachable_at(self, host: str) -> Generated:
        """Everything by which the application gets at the database, which is at ``host``."""
        credentials = self.object_name(_MODULE)
        yield self.secret(credentials, {"hostAddress": host})
        if self.ctx.workload is not None:
            suffix = self.name.upper().replace("-", "_")
            keys = {"HOST": "hostAddress", "USERNAME": "username", "PASSWORD": "password"}
            yield Patch(
                environment={
                    f"KUSION_DB_{what}_{suffix}": secret_ref(credentials, key=key) for what, key in keys.items()
                }
            )
        password = self.password["result"]
        yield Outputs(
            host=host,
            port=PORT,
            username=self.username,
            password=password,
            database=self.name,
            url=f"postgresql://{quote(self.username)}:{password}@{host}:{PORT}/{self.name}",
        )
