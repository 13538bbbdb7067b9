"""The ancestor's Spec in our terms."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from kusion_dsl.documents import load_yaml
from tests.conformance.cases import VectorsError
from tests.conformance.naming import Naming
from tests.conformance.translation import Expected, translate


def translated(document: str, naming: Naming | None = None) -> tuple[Expected, ...]:
    return translate(load_yaml(f"resources:\n{document}", "spec.yaml").value, naming or Naming()).resources


def test_cloud_resources_are_pulumis() -> None:
    [instance] = translated(
        """
- id: aliyun:alicloud:alicloud_db_instance:shop
  type: Terraform
  attributes:
    vswitch_id: $kusion_path.aliyun:alicloud:alicloud_db_connection:shop.connection_string
    serverless_config: [{auto_pause: false, max_capacity: 8}]
    literal: ${x} $kusion_path.no
  extensions: {kusionstack.io/import-id: rm-1}
  dependsOn: [hashicorp:random:random_password:shop, v1:Namespace:shop]
"""
    )
    assert instance == Expected(
        id="alicloud:rds/instance:Instance:shop",
        type="alicloud:rds/instance:Instance",
        attributes={
            "vswitchId": "${alicloud:rds/connection:Connection:shop#connectionString}",
            "serverlessConfigs": [{"autoPause": False, "maxCapacity": 8}],
            "literal": "$${x} $kusion_path.no",
        },
        depends_on=("kusion:index:RandomPassword:shop", "v1:Namespace:shop"),
        imported="rm-1",
    )


@pytest.mark.parametrize("id", ["hashicorp:aws:aws_s3_bucket:b", "aliyun:alicloud:alicloud_oss_bucket:b"])
def test_a_type_without_a_translation_is_an_error(id: str) -> None:
    with pytest.raises(VectorsError, match="no translation of the type"):
        translated(f"- {{id: '{id}', type: Terraform, attributes: {{}}}}")


@pytest.mark.parametrize(
    ("address", "reference"),
    [
        ("ref://name", "${ref://name}"),
        ("ref://name?version=1", "${ref://name?version=1}"),
        ("ref://name/key", "${ref://name#key}"),
        ("ref://a/b/key?version=2", "${ref://a/b?version=2#key}"),
    ],
)
def test_values_of_the_secret_store_are_references(address: str, reference: str) -> None:
    encoded = base64.b64encode(address.encode()).decode()
    manifest = f"{{apiVersion: v1, kind: Secret, data: {{a: {encoded}, b: Yg==}}, stringData: {{c: d}}}}"
    [secret] = translated(f"- {{id: v1:Secret:a:b, type: Kubernetes, attributes: {manifest}}}")
    assert secret.attributes["data"] == {"b": "Yg=="}
    assert secret.attributes["stringData"] == {"a": reference, "c": "d"}


def test_other_objects_keep_what_looks_like_one() -> None:
    encoded = base64.b64encode(b"ref://name").decode()
    manifest = f"{{apiVersion: v1, kind: ConfigMap, data: {{a: {encoded}}}}}"
    [config] = translated(f"- {{id: v1:ConfigMap:a:b, type: Kubernetes, attributes: {manifest}}}")
    assert config.attributes["data"] == {"a": encoded}


def naming(accessories: dict[str, str], databases: Mapping[str, str] | None = None) -> Naming:
    apps = {"web": {"accessories": {name: {"_type": kind} for name, kind in accessories.items()}}}
    return Naming.of_case("demo", "dev", apps, databases or {})


INFERENCE = "inference.v1.inference.Inference"


@pytest.mark.parametrize(
    ("accessories", "id", "type", "text", "renamed"),
    [
        ({"network": "network.Network"}, "", "", "demo-dev-web-private", "demo-dev-web-private"),
        ({"net": "network.Network"}, "", "", "demo-dev-web-private", "demo-dev-web-net-private"),
        ({"net": "network.Network"}, "", "", "demo-dev-web-private-80-tcp", "demo-dev-web-net-private-80-tcp"),
        ({"net": "network.Network"}, "", "", "demo-dev-web-privately", "demo-dev-web-privately"),
        ({"net": "network.Network"}, "", "", "x-demo-dev-web-private", "x-demo-dev-web-private"),
        ({"mysql": "mysql.MySQL"}, "", "", "demo-dev-web-mysql-mysql", "demo-dev-web-mysql-mysql"),
        ({"data": "mysql.MySQL"}, "", "", "demo-dev-web-mysql-mysql", "demo-dev-web-data-mysql"),
        ({"data": "mysql.MySQL"}, "", "", "KUSION_DB_HOST_DEMO_DEV_WEB_MYSQL", "KUSION_DB_HOST_DEMO_DEV_WEB_DATA"),
        ({"opsRule": "opsrule.OpsRule"}, "", "", "demo-dev-web", "demo-dev-web"),
        ({"search": "opensearch.OpenSearch"}, "", "", "demo-dev-web", "demo-dev-web"),
        ({"search": "opensearch.OpenSearch"}, "", "", "OPEN_SEARCH_REGION", "OPEN_SEARCH_REGION_SEARCH"),
        (
            {"search": "opensearch.OpenSearch"},
            "",
            "aws:opensearch/domain:Domain",
            "aws:opensearch/domain:Domain:demo-dev-web",
            "aws:opensearch/domain:Domain:demo-dev-web-search",
        ),
        (
            {"a": "opensearch.OpenSearch", "b": "opensearch.OpenSearch"},
            "",
            "",
            "OPEN_SEARCH_REGION",
            "OPEN_SEARCH_REGION",
        ),
        ({"inference": INFERENCE}, "", "", "proxy-infer-service", "demo-dev-web-proxy-infer-service"),
        ({"llama": INFERENCE}, "", "", "ollama-infer-service", "demo-dev-web-llama-ollama-infer-service"),
        ({"inference": INFERENCE}, "", "", "ollama-infer-storage", "ollama-infer-storage"),
    ],
)
def test_names_with_an_accessorys_own(accessories: dict[str, str], id: str, type: str, text: str, renamed: str) -> None:
    assert naming(accessories).of(id, type)(text) == renamed


def test_what_is_made_beside_a_database_has_its_name_alone() -> None:
    rename = naming({"data": "mysql.MySQL"}).of("", "")
    password, group = "kusion:index:RandomPassword", "aws:ec2/securityGroup:SecurityGroup"
    assert rename(f"${{{password}:demo-dev-web-mysql-mysql#result}}") == f"${{{password}:demo-dev-web-data#result}}"
    assert rename(f"{group}:demo-dev-web-mysql-mysql") == f"{group}:demo-dev-web-data"


def test_a_database_that_the_workspace_names_keeps_that_name() -> None:
    rename = naming({"data": "mysql.MySQL"}, {"mysql": "orders"}).of("", "")
    assert rename("orders-db-local-service") == "orders-db-local-service"
    assert rename("KUSION_DB_HOST_ORDERS") == "KUSION_DB_HOST_ORDERS"
    assert rename("kusion:index:RandomPassword:orders-mysql") == "kusion:index:RandomPassword:orders"
    assert rename("v1:Secret:demo:orders-mysql") == "v1:Secret:demo:orders-mysql"


def test_constant_names_of_two_applications_are_told_apart_by_their_order() -> None:
    accessories: Any = {"inference": {"_type": INFERENCE}}
    apps = {"b": {"accessories": accessories}, "a": {"accessories": accessories}}
    found = Naming.of_case("demo", "dev", apps, {})
    id = "v1:Service:demo:proxy-infer-service"
    names = [found.of(id, "kubernetes:core/v1:Service")(id) for _ in range(2)]
    assert names == [f"v1:Service:demo:demo-dev-{app}-proxy-infer-service" for app in ("a", "b")]
    workload = "apps/v1:Deployment:demo:demo-dev-b"
    assert (
        found.of(workload, "kubernetes:apps/v1:Deployment")("proxy-infer-service") == "demo-dev-b-proxy-infer-service"
    )


def test_what_authors_write_about_variables_is_theirs() -> None:
    rename = naming({"db": "mysql.MySQL"}).of("", "")
    assert rename("KUSION_DB_HOST_DEMO_DEV_WEB_MYSQL") == "KUSION_DB_HOST_DEMO_DEV_WEB_DB"
    assert rename("$(KUSION_DB_HOST_DEMO_DEV_WEB_MYSQL)") == "$(KUSION_DB_HOST_DEMO_DEV_WEB_MYSQL)"
