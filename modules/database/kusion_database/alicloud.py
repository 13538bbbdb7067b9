"""A database as a service of Alibaba Cloud: an ApsaraDB RDS instance with an account.

Names of inputs and outputs: https://www.pulumi.com/registry/packages/alicloud/api-docs/rds.
"""

from __future__ import annotations

from typing import Any

from kusion_database.addresses import is_public
from kusion_database.server import Server
from kusion_dsl.module import CompileError, Generated, Provider, Resource

_PROVIDER = Provider("4.0.0")  # the version whose inputs these are
_DEFAULT_CONNECTION_PORT = 3306
_SERVERLESS: dict[str, Any] = {
    "dbInstanceStorageType": "cloud_essd",
    "instanceChargeType": "Serverless",
    "serverlessConfigs": [{"minCapacity": 1, "maxCapacity": 8, "autoPause": False, "switchForce": False}],
}


def alicloud(server: Server) -> Generated:
    """An RDS instance to which only ``securityIPs`` connect, an account, and a public address if there is need of one."""
    if not server.name[0].isalpha():
        raise CompileError(
            f"'{server.name}' is no name of a database at Alibaba Cloud: it begins with a letter",
            hint=f"set modules.{server.engine.name}.configs.default.databaseName, or rename the project",
        )
    platform = server.platform
    instance = _instance(server)
    yield server.password
    yield instance
    host = instance["connectionString"]
    if not platform.private_routing or any(is_public(address) for address in platform.security_ips):
        port = str(server.engine.port) if server.engine.port != _DEFAULT_CONNECTION_PORT else None
        connection = _beside(server, "connection:Connection", {"instanceId": instance["id"], "port": port})
        yield connection
        host = host if platform.private_routing else connection["connectionString"]
    yield _beside(
        server,
        "account:Account",
        {
            "dbInstanceId": instance["id"],
            "accountName": server.username,
            "accountPassword": server.password["result"],
            "accountType": "Super",
        },
    )
    database = server.db.initial_database
    if database:
        yield _beside(server, "database:Database", {"instanceId": instance["id"], "dataBaseName": database})
    yield from server.reachable_at(host, database or server.engine.always_there)


def _instance(server: Server) -> Resource:
    platform = server.platform
    return _beside(
        server,
        "instance:Instance",
        {
            "instanceName": server.name,
            "engine": server.engine.title,
            "engineVersion": server.db.version,
            "category": platform.category,
            "instanceType": platform.instance_type,
            "instanceStorage": platform.size,
            "securityIps": list(platform.security_ips),
            "vswitchId": platform.subnet_id
            or "",  # the provider takes an empty one for none, as the ancestor writes it
            **(_SERVERLESS if "serverless" in platform.category else {}),
        },
    )


def _beside(server: Server, kind: str, attributes: dict[str, Any]) -> Resource:
    return Resource(f"alicloud:rds/{kind}", server.name, attributes, provider=_PROVIDER)
