"""A database in the way that developer and platform chose."""

from __future__ import annotations

from collections.abc import Callable

from kusion_database.alicloud import alicloud
from kusion_database.aws import aws
from kusion_database.engine import Engine
from kusion_database.local import local
from kusion_database.schema import Database, DatabasePlatform
from kusion_database.server import Server
from kusion_dsl.module import CompileError, Context, Generated

_CLOUDS = {"aws": aws, "alicloud": alicloud}
_REGIONS = {"aws": ("AWS_REGION", "eu-central-1"), "alicloud": ("ALICLOUD_REGION", "cn-hangzhou")}
"""The key of the workspace's context that says in which region a cloud is used, and an example."""


def provide(engine: Engine, db: Database, platform: DatabasePlatform, ctx: Context) -> Generated:
    """A database of ``engine``, its password, and how the workload gets at it.

    Raises CompileError where the platform has not decided everything that a database in a cloud needs.
    """
    server = Server(engine, db, platform, ctx)
    yield from _way(server)(server)


def _way(server: Server) -> Callable[[Server], Generated]:
    if server.db.type == "local":
        return local
    block = f"modules.{server.engine.name}.configs.default"
    cloud = server.platform.cloud
    missing: list[str] = []
    if not cloud:
        missing.append(f"{block}.cloud is missing: {' or '.join(_CLOUDS)}")
    if not server.platform.instance_type:
        missing.append(f"{block}.instanceType is missing: the cloud's type of machine, like db.t3.micro")
    if cloud and not server.ctx.settings.get(_REGIONS[cloud][0]):
        key, example = _REGIONS[cloud]
        missing.append(f"context.{key} is missing: the region, like {example}")
    if missing or not cloud:
        raise CompileError(
            f"the workspace does not decide everything that a {server.engine.title} database in a cloud needs",
            details=missing,
            hint="add it to the workspace, or use type='local' for development",
        )
    return _CLOUDS[cloud]
