"""What database modules share: what is written about a database, and every way of providing one."""

from kusion_database.engine import Engine, FromSecret
from kusion_database.provision import provide
from kusion_database.schema import Database, DatabasePlatform, Username, version_of
from kusion_database.server import Server

__all__ = ["Database", "DatabasePlatform", "Engine", "FromSecret", "Server", "Username", "provide", "version_of"]
