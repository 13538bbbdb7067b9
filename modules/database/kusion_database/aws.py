"""A database as a service of AWS: an RDS instance behind a security group."""

from __future__ import annotations

import re
from typing import Any

from kusion_database.addresses import block_of, is_public, network
from kusion_database.server import Server
from kusion_dsl.module import CompileError, Generated, Resource

# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html, DBInstanceIdentifier
_IDENTIFIER = re.compile(r"[a-z](-?[a-z0-9])*")


def aws(server: Server) -> Generated:
    """An RDS instance, and a security group that lets only ``securityIPs`` connect to it."""
    if not _IDENTIFIER.fullmatch(server.name):
        raise CompileError(
            f"'{server.name}' is no name of a database at AWS: it begins with a letter and has no '-' twice in a row",
            hint=f"set modules.{server.engine.name}.configs.default.databaseName, or rename project, stack or app",
        )
    platform = server.platform
    database = server.db.initial_database
    group = _security_group(server)
    instance = Resource(
        "aws:rds/instance:Instance",
        server.name,
        {
            "identifier": server.name,
            "engine": server.engine.name,
            "engineVersion": server.db.version,
            "instanceClass": platform.instance_type,
            "allocatedStorage": platform.size,
            "dbName": database,
            "username": server.username,
            "password": server.password["result"],
            "dbSubnetGroupName": platform.subnet_id,
            "vpcSecurityGroupIds": [group["id"]],
            "publiclyAccessible": any(is_public(address) for address in platform.security_ips),
            "skipFinalSnapshot": True,
        },
    )
    yield from (server.password, group, instance)
    yield from server.reachable_at(instance["address"], database or server.engine.always_there)


def _security_group(server: Server) -> Resource:
    addresses = server.platform.security_ips
    ingress = {
        **_rule("tcp", server.engine.port),
        "cidrBlocks": [block_of(address) for address in addresses if network(address).version == 4] or None,
        "ipv6CidrBlocks": [block_of(address) for address in addresses if network(address).version == 6] or None,
    }
    egress = {**_rule("-1", 0), "cidrBlocks": ["0.0.0.0/0"]}
    return Resource(
        "aws:ec2/securityGroup:SecurityGroup",
        server.resource_name,
        {"vpcId": server.platform.vpc_id, "ingress": [ingress], "egress": [egress]},
    )


def _rule(protocol: str, port: int) -> dict[str, Any]:
    return {"protocol": protocol, "fromPort": port, "toPort": port, "description": "", "self": False}
