"""OpenSearch domains."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from kusion_dsl import AppConfiguration
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.errors import AppError, CompileError, WorkspaceError
from kusion_dsl.testing import compile_app
from kusion_opensearch import OpenSearch
from kusion_service import Container, Service

DOMAIN = "aws:opensearch/domain:Domain:test-dev-shop"
STATEMENT = {"effect": "Allow", "principals": [{"type": "AWS", "identifiers": ["*"]}], "action": ["es:*"]}


def compiled(
    policy: Mapping[str, Any] | None = None,
    context: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    **accessories: OpenSearch,
) -> Compiled:
    workspace = {
        "modules": {"opensearch": {"configs": {"default": {"region": "us-east-1", **(policy or {})}}}},
        "context": context or {},
    }
    service = Service(containers={"web": Container(image="x", env=env or {})})
    search = accessories or {"opensearch": OpenSearch(domain_name="shop")}
    app = AppConfiguration(name="shop", workload=service, accessories=search)
    return compile_app(app, workspace=yaml.safe_dump(workspace))


def environment(compiled: Compiled) -> dict[str, str]:
    workload = compiled.spec["apps/v1:Deployment:test:test-dev-shop"].attributes
    return {each["name"]: each["value"] for each in workload["spec"]["template"]["spec"]["containers"][0]["env"]}


def document(compiled: Compiled) -> Any:
    return json.loads(compiled.spec[DOMAIN].attributes["accessPolicies"])


def test_a_domain_is_what_developer_and_platform_said() -> None:
    policy = {
        "clusterConfig": {"instanceType": "r6g.large.search"},
        "ebsOptions": {"ebsEnabled": True, "volumeSize": 10},
    }
    found = compiled(policy, opensearch=OpenSearch(domain_name="agent-test", engine_version="OpenSearch_2.13"))
    assert found.spec[DOMAIN].attributes == {
        "domainName": "agent-test",
        "engineVersion": "OpenSearch_2.13",
        "clusterConfig": {"instanceType": "r6g.large.search"},
        "ebsOptions": {"ebsEnabled": True, "volumeSize": 10},
    }
    assert found.spec.providers["aws"].config == {"region": "us-east-1"}


def test_what_nobody_said_is_left_to_aws() -> None:
    assert compiled().spec[DOMAIN].attributes == {"domainName": "shop"}


def test_the_platform_overrides_name_and_version() -> None:
    found = compiled({"domainName": "search", "engineVersion": "OpenSearch_2.15"}).spec[DOMAIN].attributes
    assert (found["domainName"], found["engineVersion"]) == ("search", "OpenSearch_2.15")


def test_an_access_policy_is_an_iam_policy_document() -> None:
    others = {
        "effect": "Deny",
        "principals": [
            {"type": "*", "identifiers": ["*"]},
            {"type": "Service", "identifiers": ["es.amazonaws.com"]},
            {"type": "AWS", "identifiers": ["arn:aws:iam::1:role/x"]},
        ],
        "action": ["es:ESHttpDelete", "es:ESHttpPut"],
    }
    resource = "arn:aws:es:us-east-1:*:domain/shop/*"
    assert document(compiled({"statement": [STATEMENT, others]})) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["es:*"], "Resource": resource},
            {
                "Effect": "Deny",
                "Principal": {"AWS": ["*", "arn:aws:iam::1:role/x"], "Service": ["es.amazonaws.com"]},
                "Action": ["es:ESHttpDelete", "es:ESHttpPut"],
                "Resource": resource,
            },
        ],
    }


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-west-1", "aws")]
)
def test_a_policy_is_about_the_domain_in_its_partition(region: str, partition: str) -> None:
    found = document(compiled({"region": region, "statement": [STATEMENT]}))
    assert found["Statement"][0]["Resource"] == f"arn:{partition}:es:{region}:*:domain/shop/*"


def test_the_workload_is_told_where_it_is() -> None:
    assert environment(compiled()) == {
        "OPEN_SEARCH_ENDPOINT": f"${{{DOMAIN}#endpoint}}",
        "OPEN_SEARCH_REGION": "us-east-1",
    }


def test_outputs_lead_to_it() -> None:
    search = OpenSearch(domain_name="shop")
    found = environment(compiled(env={"URL": f"https://{search.endpoint}/?r={search.region}"}, opensearch=search))
    assert found["URL"] == f"https://${{{DOMAIN}#endpoint}}/?r=us-east-1"


def test_two_domains_have_nothing_in_common() -> None:
    found = compiled({}, None, None, search_a=OpenSearch(domain_name="a"), search_b=OpenSearch(domain_name="b"))
    assert environment(found) == {
        "OPEN_SEARCH_ENDPOINT_SEARCH_A": f"${{{DOMAIN}-search-a#endpoint}}",
        "OPEN_SEARCH_REGION_SEARCH_A": "us-east-1",
        "OPEN_SEARCH_ENDPOINT_SEARCH_B": f"${{{DOMAIN}-search-b#endpoint}}",
        "OPEN_SEARCH_REGION_SEARCH_B": "us-east-1",
    }
    assert found.spec[f"{DOMAIN}-search-b"].attributes["domainName"] == "b"


def test_the_region_is_the_workspaces_unless_the_platform_says_another() -> None:
    elsewhere = compiled(context={"AWS_REGION": "eu-central-1"})
    assert elsewhere.spec[DOMAIN].attributes["region"] == "us-east-1"
    assert elsewhere.spec.providers["aws"].config == {"region": "eu-central-1"}
    there = compiled({"region": None}, {"AWS_REGION": "eu-central-1"})
    assert "region" not in there.spec[DOMAIN].attributes
    assert there.spec.providers["aws"].config == {"region": "eu-central-1"}
    assert environment(there)["OPEN_SEARCH_REGION"] == "eu-central-1"


def test_a_missing_region_is_said() -> None:
    with pytest.raises(CompileError) as caught:
        compiled({"region": None})
    problem = caught.value.problems[0]
    assert "in which region" in problem.what
    assert str(problem.where).startswith(__file__)
    assert problem.hint is not None and "context.AWS_REGION" in problem.hint


@pytest.mark.parametrize("name", ["", "Shop", "1a", "a_b", "a" * 29])
def test_a_name_is_checked(name: str) -> None:
    with pytest.raises(AppError, match="is no name of a domain"):
        OpenSearch(domain_name=name)


@pytest.mark.parametrize("version", ["2.13", "OpenSearch_2", "opensearch_2.13"])
def test_a_version_is_checked(version: str) -> None:
    with pytest.raises(AppError, match=r"write it like OpenSearch_2\.13"):
        OpenSearch(domain_name="shop", engine_version=version)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"statement": [{**STATEMENT, "effect": "allow"}]}, "statement[0].effect: Input should be 'Allow' or 'Deny'"),
        ({"statement": [{**STATEMENT, "principals": []}]}, "statement[0].principals: "),
        ({"statement": [{**STATEMENT, "principles": []}]}, "did you mean 'principals'?"),
        ({"ebsOptions": {"ebsEnabled": True, "volumeSize": 0}}, "ebsOptions.volumeSize: "),
        ({"clusterConfig": {}}, "clusterConfig.instanceType: is required"),
        ({"domainName": "Shop"}, "domainName: 'Shop' is no name of a domain"),
    ],
)
def test_a_policy_that_is_not_valid_is_refused(policy: dict[str, Any], message: str) -> None:
    with pytest.raises(WorkspaceError) as caught:
        compiled(policy)
    assert message in str(caught.value)
    assert str(caught.value.problems[0].where).startswith("workspace.yaml:")
