"""MySQL databases: the accessory module ``mysql``."""

from kusion_mysql.schema import MySQL, MySQLPlatform

__all__ = ["MySQL", "MySQLPlatform"]
