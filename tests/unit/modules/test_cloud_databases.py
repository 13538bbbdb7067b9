"""Databases as services of AWS and Alibaba Cloud, of both engines."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from kusion_dsl import AppConfiguration
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.errors import AppError, CompileError, WorkspaceError
from kusion_dsl.testing import compile_app
from kusion_mysql import MySQL
from kusion_postgres import Postgres
from kusion_service import Container, Service

PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
CLOUDS = {
    "aws": ({"cloud": "aws", "instanceType": "db.t3.micro"}, {"AWS_REGION": "eu-central-1"}),
    "alicloud": ({"cloud": "alicloud", "instanceType": "mysql.n2.medium.2c"}, {"ALICLOUD_REGION": "cn-hangzhou"}),
}
ENGINES: dict[str, type[MySQL | Postgres]] = {"mysql": MySQL, "postgres": Postgres}
INSTANCE = "aws:rds/instance:Instance:test-dev-shop-{}"
GROUP = "aws:ec2/securityGroup:SecurityGroup:test-dev-shop-{0}-{0}"
ALI = "alicloud:rds/{}:test-dev-shop-mysql"


def cloud_database(
    cloud: str, engine: str = "mysql", database: MySQL | Postgres | None = None, /, **policy: Any
) -> Compiled:
    """An application ``shop`` with a database in a cloud; ``policy`` replaces what the platform says, None removes."""
    given, context = CLOUDS[cloud]
    decided = {key: value for key, value in {**given, **policy}.items() if value is not None}
    workspace = {"modules": {engine: {"configs": {"default": decided}}}, "context": context}
    found = database or ENGINES[engine](version="8.0", type="cloud")
    app = AppConfiguration(
        name="shop",
        workload=Service(containers={"web": Container(image="x", env={"HOST": found.host})}),
        accessories={engine: found},
    )
    return compile_app(app, workspace=yaml.safe_dump(workspace))


def attributes(compiled: Compiled, id: str) -> Mapping[str, Any]:
    return compiled.spec[id].attributes


def host(compiled: Compiled, engine: str = "mysql") -> Any:
    return attributes(compiled, f"v1:Secret:test:test-dev-shop-{engine}-{engine}")["stringData"]["hostAddress"]


@pytest.mark.parametrize(("engine", "port", "user"), [("mysql", 3306, "root"), ("postgres", 5432, "kusion_default")])
def test_a_database_at_aws_is_an_instance_behind_a_security_group(engine: str, port: int, user: str) -> None:
    compiled = cloud_database("aws", engine, size=20)
    group = GROUP.format(engine)
    assert attributes(compiled, INSTANCE.format(engine)) == {
        "identifier": f"test-dev-shop-{engine}",
        "engine": engine,
        "engineVersion": "8.0",
        "instanceClass": "db.t3.micro",
        "allocatedStorage": 20,
        "username": user,
        "password": f"${{kusion:index:RandomPassword:test-dev-shop-{engine}-{engine}#result}}",
        "vpcSecurityGroupIds": [f"${{{group}#id}}"],
        "publiclyAccessible": False,
        "skipFinalSnapshot": True,
    }
    rule = {"description": "", "self": False}
    assert attributes(compiled, group) == {
        "ingress": [{"protocol": "tcp", "fromPort": port, "toPort": port, "cidrBlocks": PRIVATE, **rule}],
        "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"], **rule}],
    }
    assert host(compiled, engine) == f"${{{INSTANCE.format(engine)}#address}}"
    assert compiled.spec.providers["aws"].config == {"region": "eu-central-1"}


def test_it_is_put_where_the_platform_says() -> None:
    compiled = cloud_database("aws", subnetID="my-subnets", vpcID="vpc-1", databaseName="orders", username="boss")
    instance = attributes(compiled, "aws:rds/instance:Instance:orders")
    assert (instance["dbSubnetGroupName"], instance["identifier"], instance["username"]) == (
        "my-subnets",
        "orders",
        "boss",
    )
    assert attributes(compiled, "aws:ec2/securityGroup:SecurityGroup:orders-mysql")["vpcId"] == "vpc-1"


@pytest.mark.parametrize(
    ("given", "four", "six", "public"),
    [
        (["10.0.1.0/24"], ["10.0.1.0/24"], None, False),
        (["10.0.1.5"], ["10.0.1.5/32"], None, False),
        (["192.168.7.9/24", "fd00::/8"], ["192.168.7.0/24"], ["fd00::/8"], False),
        (["0.0.0.0/0"], ["0.0.0.0/0"], None, True),
        (["10.0.1.0/24", "203.0.113.7"], ["10.0.1.0/24", "203.0.113.7/32"], None, True),
        (["2001:db8::/32"], None, ["2001:db8::/32"], True),
        (["10.0.0.0/7"], ["10.0.0.0/7"], None, True),
    ],
)
def test_only_the_addresses_that_the_platform_names_may_connect(
    given: list[str], four: list[str] | None, six: list[str] | None, public: bool
) -> None:
    compiled = cloud_database("aws", securityIPs=given)
    ingress = attributes(compiled, GROUP.format("mysql"))["ingress"][0]
    assert (ingress.get("cidrBlocks"), ingress.get("ipv6CidrBlocks")) == (four, six)
    assert attributes(compiled, INSTANCE.format("mysql"))["publiclyAccessible"] is public


def test_an_address_is_traced_to_its_line_in_the_workspace() -> None:
    compiled = cloud_database("aws", securityIPs=["10.0.1.0/24"])
    origin = compiled.provenance.of(GROUP.format("mysql"), ("ingress", 0, "cidrBlocks", 0))[0]
    assert origin.kind == "workspace"
    assert str(origin.position).startswith("workspace.yaml:")


@pytest.mark.parametrize("address", ["", "10.0.0.256", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "all", "fe80::1%eth0"])
def test_an_address_is_checked_in_the_workspace(address: str) -> None:
    with pytest.raises(WorkspaceError) as caught:
        cloud_database("aws", securityIPs=[address])
    problem = caught.value.problems[0]
    assert f"securityIPs[0]: '{address}' is no address" in problem.what
    assert str(problem.where).startswith("workspace.yaml:")


def test_nobody_at_all_is_refused() -> None:
    with pytest.raises(WorkspaceError, match="securityIPs"):
        cloud_database("aws", securityIPs=[])


def test_a_database_at_alicloud_is_an_instance_with_an_account() -> None:
    compiled = cloud_database("alicloud", subnetID="vsw-1")
    instance = ALI.format("instance:Instance")
    password = "${kusion:index:RandomPassword:test-dev-shop-mysql-mysql#result}"
    assert attributes(compiled, instance) == {
        "instanceName": "test-dev-shop-mysql",
        "engine": "MySQL",
        "engineVersion": "8.0",
        "category": "Basic",
        "instanceType": "mysql.n2.medium.2c",
        "instanceStorage": 10,
        "securityIps": PRIVATE,
        "vswitchId": "vsw-1",
    }
    assert attributes(compiled, ALI.format("account:Account")) == {
        "dbInstanceId": f"${{{instance}#id}}",
        "accountName": "root",
        "accountPassword": password,
        "accountType": "Super",
    }
    assert ALI.format("connection:Connection") not in compiled.spec
    assert host(compiled) == f"${{{instance}#connectionString}}"
    assert compiled.spec.providers["alicloud"].config == {"region": "cn-hangzhou"}


def test_a_serverless_category_is_billed_by_use() -> None:
    instance = attributes(cloud_database("alicloud", category="serverless_basic"), ALI.format("instance:Instance"))
    assert instance["category"] == "serverless_basic"
    assert (instance["dbInstanceStorageType"], instance["instanceChargeType"]) == ("cloud_essd", "Serverless")
    assert instance["serverlessConfigs"] == [
        {"minCapacity": 1, "maxCapacity": 8, "autoPause": False, "switchForce": False}
    ]


@pytest.mark.parametrize(
    ("policy", "connection", "public_host"),
    [
        ({}, False, False),
        ({"privateRouting": False}, True, True),
        ({"securityIPs": ["203.0.113.7"]}, True, False),
        ({"securityIPs": ["203.0.113.7"], "privateRouting": False}, True, True),
        ({"securityIPs": ["10.1.0.0/16"]}, False, False),
    ],
)
def test_it_has_a_public_address_only_if_the_platform_wants_one(
    policy: dict[str, Any], connection: bool, public_host: bool
) -> None:
    compiled = cloud_database("alicloud", **policy)
    assert (ALI.format("connection:Connection") in compiled.spec) is connection
    kind = "connection:Connection" if public_host else "instance:Instance"
    assert host(compiled) == f"${{{ALI.format(kind)}#connectionString}}"


def test_a_public_address_of_postgres_has_its_port() -> None:
    compiled = cloud_database("alicloud", "postgres", privateRouting=False)
    connection = "alicloud:rds/connection:Connection:test-dev-shop-postgres"
    instance = "alicloud:rds/instance:Instance:test-dev-shop-postgres"
    assert attributes(compiled, connection) == {"instanceId": f"${{{instance}#id}}", "port": "5432"}
    assert attributes(compiled, instance)["engine"] == "PostgreSQL"
    mysql = attributes(cloud_database("alicloud", privateRouting=False), ALI.format("connection:Connection"))
    assert set(mysql) == {"instanceId"}


def test_upper_and_lower_case_of_a_cloud_are_the_same() -> None:
    assert INSTANCE.format("mysql") in cloud_database("aws", cloud="AWS").spec
    assert ALI.format("instance:Instance") in cloud_database("alicloud", cloud="AliCloud").spec
    with pytest.raises(WorkspaceError, match="'aws' or 'alicloud'"):
        cloud_database("aws", cloud="azure")


@pytest.mark.parametrize("cloud", CLOUDS)
def test_an_initial_database_is_made_in_a_cloud(cloud: str) -> None:
    compiled = cloud_database(cloud, "mysql", MySQL(version="8.0", type="cloud", initial_database="shop"))
    if cloud == "aws":
        assert attributes(compiled, INSTANCE.format("mysql"))["dbName"] == "shop"
    else:
        instance = ALI.format("instance:Instance")
        assert attributes(compiled, ALI.format("database:Database")) == {
            "instanceId": f"${{{instance}#id}}",
            "dataBaseName": "shop",
        }


@pytest.mark.parametrize(("given", "made"), [(None, "postgres"), ("shop", "shop")])
def test_the_url_leads_to_a_database_that_exists(given: str | None, made: str) -> None:
    database = Postgres(version="16", type="cloud", initial_database=given)
    workspace = {
        "modules": {"postgres": {"configs": {"default": CLOUDS["aws"][0]}}},
        "context": CLOUDS["aws"][1],
    }
    app = AppConfiguration(
        name="shop",
        workload=Service(containers={"web": Container(image="x", env={"URL": database.url})}),
        accessories={"db": database},
    )
    spec = compile_app(app, workspace=yaml.safe_dump(workspace)).spec
    url = spec["v1:Secret:test:test-dev-shop-env"].attributes["stringData"]["web.URL"]
    host = "${aws:rds/instance:Instance:test-dev-shop-db#address}"
    password = "${kusion:index:RandomPassword:test-dev-shop-db#result}"
    assert url == f"postgresql://kusion_default:{password}@{host}:5432/{made}"


@pytest.mark.parametrize(
    ("cloud", "removed", "missing"),
    [
        ("aws", "cloud", "modules.mysql.configs.default.cloud is missing: aws or alicloud"),
        ("aws", "instanceType", "modules.mysql.configs.default.instanceType is missing"),
        ("alicloud", "instanceType", "modules.mysql.configs.default.instanceType is missing"),
    ],
)
def test_what_the_platform_did_not_decide_is_said(cloud: str, removed: str, missing: str) -> None:
    with pytest.raises(CompileError) as caught:
        cloud_database(cloud, **{removed: None})
    problem = caught.value.problems[0]
    assert problem.details[0].startswith(missing)
    assert str(problem.where).startswith(__file__)
    assert problem.hint is not None and "add it to the workspace" in problem.hint


def test_everything_that_is_missing_is_said_at_once() -> None:
    app = AppConfiguration(name="shop", accessories={"db": Postgres(version="16", type="cloud")})
    workspace = "modules: {postgres: {configs: {default: {cloud: aws}}}}"
    with pytest.raises(CompileError) as caught:
        compile_app(app, workspace=workspace)
    assert [detail.split(" is missing")[0] for detail in caught.value.problems[0].details] == [
        "modules.postgres.configs.default.instanceType",
        "context.AWS_REGION",
    ]


@pytest.mark.parametrize(("cloud", "name"), [("aws", "1-db"), ("aws", "a--b"), ("alicloud", "1-db")])
def test_a_name_that_the_cloud_refuses_is_refused_before(cloud: str, name: str) -> None:
    with pytest.raises(CompileError) as caught:
        cloud_database(cloud, databaseName=name)
    problem = caught.value.problems[0]
    assert f"'{name}' is no name of a database" in problem.what
    assert problem.hint is not None and "databaseName" in problem.hint


def test_a_cloud_has_no_tags_of_images() -> None:
    with pytest.raises(AppError, match="write '16'"):
        Postgres(version="16-alpine", type="cloud")
    with pytest.raises(AppError, match="write '16'"):
        Postgres(version="16-alpine").override(type="cloud")


@pytest.mark.parametrize("cloud", CLOUDS)
def test_two_databases_of_an_application_have_nothing_in_common(cloud: str) -> None:
    given, context = CLOUDS[cloud]
    block = {"configs": {"default": given}}
    workspace = yaml.safe_dump({"modules": {"mysql": block, "postgres": block}, "context": context})

    def ids(**databases: MySQL | Postgres) -> set[str]:
        spec = compile_app(AppConfiguration(name="shop", accessories=databases), workspace=workspace).spec
        return {resource.id for resource in spec.resources if not resource.id.startswith("v1:Namespace")}

    orders, stock = MySQL(version="8.0", type="cloud"), Postgres(version="16", type="cloud")
    assert ids(orders=orders) | ids(stock=stock) == ids(orders=orders, stock=stock)
    assert not ids(orders=orders) & ids(stock=stock)
