"""What resources take, by the source of an SDK."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from kusion_dsl.checks.schema import Schema, mismatches
from kusion_dsl.checks.sdk import Sdk
from kusion_dsl.errors import CompileError

_INIT = '''
from . import _utilities
_utilities.register(
    resource_modules="""
[
 {{"pkg": "acme", "mod": "web/site", "fqn": "pulumi_acme.web", "classes": {{"acme:web/site:Site": "Site"}}}},
 {{"pkg": "acme", "mod": "index/ghost", "fqn": "pulumi_acme", "classes": {{"acme:index/ghost:Ghost": "Ghost"}}}}
]
""",
    resource_packages="""[]"""
)
'''.replace("{{", "{").replace("}}", "}")

_SITE = '''
import pulumi
raise RuntimeError("this is never run")
__all__ = ['SiteInitArgs', 'Site']

@pulumi.input_type
class SiteInitArgs:
    def __init__(__self__, *,
                 host_name: pulumi.Input[str],
                 pages: pulumi.Input[_builtins.int] = None,
                 ratio: Optional[pulumi.Input[float]] = None,
                 enabled: pulumi.Input[Optional[_builtins.bool]] = None,
                 logo: pulumi.Input[Optional[Union[pulumi.Asset, pulumi.Archive]]] = None,
                 tags: pulumi.Input[Optional[Mapping[str, pulumi.Input[_builtins.str]]]] = None,
                 zones: Optional[pulumi.Input[Sequence[pulumi.Input['SiteZoneArgs']]]] = None,
                 size: pulumi.Input[Union[str, 'Size']] = None,
                 level: pulumi.Input['Level'] = None,
                 policy: pulumi.Input[Union[_builtins.str, '_iam.PolicyArgs', None]] = None,
                 unknown: pulumi.Input['NowhereArgs'] = None):
        """
        Text that says: class Other is not here.
        """

    @property
    @pulumi.getter(name="hostName")
    def host_name(self) -> pulumi.Input[str]:
        return pulumi.get(self, "host_name")

    @property
    @pulumi.getter
    def pages(self) -> pulumi.Input[int]:
        return pulumi.get(self, "pages")


@pulumi.type_token("acme:web/site:Site")
class Site(pulumi.CustomResource):
    def _internal_init(__self__):
        super(Site, __self__).__init__(
            'acme:web/site:Site',
            resource_name)
'''
_INPUTS = """
class SiteZoneArgsDict(TypedDict):
    name: str

@pulumi.input_type
class SiteZoneArgs:
    def __init__(__self__, *,
                 name: str,
                 parent: pulumi.Input[Optional['SiteZoneArgs']] = None):
        pulumi.set(__self__, "name", name)

class UnusedArgs:
    def __init__(__self__, *, broken: (:
"""
_ENUMS = """
class Size(_builtins.str, Enum):
    SMALL = "small"

class Level(_builtins.int, Enum):
    LOW = 1
"""
_POLICY = """
class PolicyArgs:
    def __init__(__self__, *, statement: pulumi.Input[str]):
        pass

    @pulumi.getter(name="Statement")
    def statement(self):
        pass
"""


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package of an SDK that is on the path."""
    root = tmp_path / "pulumi_acme"
    files = {
        "pulumi-plugin.json": json.dumps({"resource": True, "name": "acme", "version": "1.2.3"}),
        "__init__.py": _INIT,
        "web/site.py": _SITE,
        "web/get_site.py": "__all__ = ['GetSiteResult']",
        "web/_inputs.py": _INPUTS,
        "web/_enums.py": _ENUMS,
        "iam/_inputs.py": _POLICY,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return root


def installed(package: str) -> Sdk:
    sdk = Sdk.installed(package)
    assert sdk is not None
    return sdk


def schema_of(sdk: Sdk, token: str) -> Schema:
    schema = sdk.schema(token)
    assert schema is not None
    return schema


def test_the_arguments_of_a_resource(acme: Path) -> None:
    sdk = installed("acme")
    assert sdk.version == "1.2.3"
    schema = schema_of(sdk, "acme:web/site:Site")
    root = schema.objects[schema.root]
    assert root.fields == {
        "hostName": "text",
        "pages": "integer",
        "ratio": "number",
        "enabled": "boolean",
        "logo": "any",
        "tags": ["map", "text"],
        "zones": ["list", ["object", "web.SiteZoneArgs"]],
        "size": "text",
        "level": "integer",
        "policy": ["either", "text", ["object", "iam.PolicyArgs"]],
        "unknown": "any",
    }
    assert list(root.required) == ["hostName"]
    assert schema.objects["web.SiteZoneArgs"].fields == {"name": "text", "parent": ["object", "web.SiteZoneArgs"]}
    assert schema.objects["iam.PolicyArgs"].required == ["Statement"]
    assert len(schema.objects) == 3


def test_it_is_not_imported(acme: Path) -> None:
    installed("acme").schema("acme:web/site:Site")
    assert "pulumi_acme" not in sys.modules


def test_an_unknown_type(acme: Path) -> None:
    with pytest.raises(CompileError) as caught:
        installed("acme").schema("acme:web/sit:Site")
    assert str(caught.value) == (
        "the provider acme 1.2.3 has no resource type 'acme:web/sit:Site'\n  did you mean 'acme:web/site:Site'?"
    )


def test_a_resource_without_a_source_that_we_understand(acme: Path) -> None:
    assert installed("acme").schema("acme:index/ghost:Ghost") is None


def test_an_sdk_that_lists_no_resources(acme: Path) -> None:
    (acme / "__init__.py").write_text("")
    assert installed("acme").schema("acme:anything:At") is None


@pytest.mark.parametrize("package", ["nowhere", "a.b", "not a name"])
def test_what_is_not_installed(package: str) -> None:
    assert Sdk.installed(package) is None


def test_a_package_that_is_no_sdk(acme: Path) -> None:
    (acme / "pulumi-plugin.json").unlink()
    assert Sdk.installed("acme") is None


DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}]}


@pytest.mark.parametrize(
    ("token", "attributes"),
    [
        ("aws:rds/instance:Instance", {"instanceClass": "db.t3.micro", "vpcSecurityGroupIds": ["sg-1"], "port": 5432}),
        ("aws:ec2/securityGroup:SecurityGroup", {"ingress": [{"protocol": "tcp", "fromPort": 1, "toPort": 2}]}),
        ("aws:opensearch/domain:Domain", {"clusterConfig": {"instanceCount": 3}, "engineVersion": "OpenSearch_1.0"}),
        ("aws:iam/policy:Policy", {"policy": "{}"}),
        ("aws:iam/policy:Policy", {"policy": DOCUMENT}),
    ],
)
def test_what_aws_takes(token: str, attributes: dict[str, object]) -> None:
    assert list(mismatches(attributes, schema_of(installed("aws"), token))) == []


@pytest.mark.parametrize(
    ("token", "attributes", "path"),
    [
        ("aws:rds/instance:Instance", {}, ("instanceClass",)),
        ("aws:rds/instance:Instance", {"instanceClass": "a", "instance_class": "a"}, ("instance_class",)),
        ("aws:ec2/securityGroup:SecurityGroup", {"ingress": {"protocol": "tcp"}}, ("ingress",)),
        ("aws:opensearch/domain:Domain", {"clusterConfig": {"instanceCount": "3"}}, ("clusterConfig", "instanceCount")),
        ("aws:iam/policy:Policy", {"policy": {**DOCUMENT, "Statemnt": []}}, ("policy", "Statemnt")),
    ],
)
def test_what_aws_refuses(token: str, attributes: dict[str, object], path: tuple[str, ...]) -> None:
    assert [each.path for each in mismatches(attributes, schema_of(installed("aws"), token))] == [path]


@pytest.mark.parametrize("service", ["rds", "opensearch", "iam", "s3", "sns"])
def test_every_resource_of_a_service_is_understood(service: str) -> None:
    sdk = installed("aws")
    tokens = [token for token in sdk.tokens if token.startswith(f"aws:{service}/")]
    schemas = [sdk.schema(token) for token in tokens]
    assert len(tokens) > 5
    assert None not in schemas
