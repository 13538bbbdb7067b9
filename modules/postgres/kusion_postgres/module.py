"""A PostgreSQL database, in the way that developer and platform chose."""

from __future__ import annotations

from kusion_database import provide
from kusion_dsl.module import Context, Generated, module
from kusion_postgres.engine import POSTGRES
from kusion_postgres.schema import Postgres, PostgresPlatform


@module
def postgres(db: Postgres, platform: PostgresPlatform, ctx: Context) -> Generated:
    """A PostgreSQL database, a password that nobody has to know, and three environment variables."""
    yield from provide(POSTGRES, db, platform, ctx)
