"""A MySQL database, in the way that developer and platform chose."""

from __future__ import annotations

from kusion_database import provide
from kusion_dsl.module import Context, Generated, module
from kusion_mysql.engine import MYSQL
from kusion_mysql.schema import MySQL, MySQLPlatform


@module
def mysql(db: MySQL, platform: MySQLPlatform, ctx: Context) -> Generated:
    """A MySQL database, a password that nobody has to know, and three environment variables."""
    yield from provide(MYSQL, db, platform, ctx)
