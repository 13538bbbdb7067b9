"""PostgreSQL databases: the accessory module ``postgres``."""

from kusion_postgres.schema import Postgres, PostgresPlatform

__all__ = ["Postgres", "PostgresPlatform"]
