"""A PostgreSQL database, in the way that developer and platform chose."""

from __future__ import annotations

from kusion_dsl.module import CompileError, Context, Generated, module
from kusion_postgres.database import Database
from kusion_postgres.local import local
from kusion_postgres.schema import Postgres, PostgresPlatform


@module
def postgres(db: Postgres, platform: PostgresPlatform, ctx: Context) -> Generated:
    """A PostgreSQL database, a password that nobody has to know, and three environment variables."""
    if db.type == "cloud":
        raise CompileError(
            "this version of kusion-postgres has no database of type 'cloud'", hint="use type='local' for development"
        )
    yield from local(db, platform, Database.of(platform, ctx))
