"""The providers of a Spec: versions, and configuration by the context and by resources."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.compiler.inputs import Inputs, InstalledModule
from kusion_dsl.compiler.pipeline import compile_spec
from kusion_dsl.discovery.workspaces import read_workspace
from kusion_dsl.errors import CompileError, WorkspaceError
from kusion_dsl.model.app import application_of
from kusion_dsl.model.project import Project, Stack
from kusion_dsl.model.spec import Spec
from kusion_dsl.module import Accessory, Context, Generated, Module, PlatformConfig, Provider, Resource, module

Compile = Callable[..., Mapping[str, Provider]]


class Bucket(Accessory):
    """A bucket."""

    type: str
    """The token of its type."""
    version: str = ""
    """The version of the provider that the module was written for."""
    config: Mapping[str, Any] = {}
    """What the module wants of its provider."""


class NoPolicy(PlatformConfig):
    """Nothing."""


@module
def bucket(intent: Bucket, platform: NoPolicy, ctx: Context) -> Generated:
    """A bucket."""
    provider = Provider(str(intent.version), dict(intent.config))
    yield Resource(intent.type, ctx.name(), {}, provider=provider)


def compile_buckets(workspace: str, *buckets: Bucket, installed: Mapping[str, str]) -> Spec:
    accessories = {f"bucket{number}": each for number, each in enumerate(buckets)}
    made: Module[Any, Any] = bucket
    inputs = Inputs(
        project=Project(name="test"),
        stack=Stack(name="dev"),
        workspace=read_workspace("test", workspace, "workspace.yaml"),
        applications=(application_of(AppConfiguration(name="shop", accessories=accessories)),),
        modules={Bucket: InstalledModule("bucket", "kusion-bucket", "1", made)},
        providers={"kubernetes": "4.34.2", **installed},
    )
    return compile_spec(inputs).spec


@pytest.fixture
def providers() -> Compile:
    """The providers of a stack of buckets in a workspace."""

    def providers(
        workspace: str = "", *buckets: Bucket, installed: Mapping[str, str] | None = None
    ) -> Mapping[str, Provider]:
        return compile_buckets(
            workspace, *buckets, installed={"aws": "7.51.1"} if installed is None else installed
        ).providers

    return providers


AWS = Bucket(type="aws:s3/bucket:Bucket")
EVERYTHING = """\
secretStore: {provider: {env: {}}}
context:
  AWS_REGION: eu-central-1
  AWS_PROFILE: ${staging}
  AWS_ACCESS_KEY_ID: ref://cloud/keys/id
  AWS_SECRET_ACCESS_KEY: ref://cloud-secret?version=2
  ALICLOUD_REGION: cn-hangzhou
  OTHER: ref://not-for-a-provider
"""


def test_the_context_configures_a_provider_by_the_ancestors_names(providers: Compile) -> None:
    found = providers(EVERYTHING, AWS)
    assert found["aws"].version == "7.51.1"
    assert found["aws"].config == {
        "region": "eu-central-1",
        "profile": "$${staging}",
        "accessKey": "${ref://cloud/keys#id}",
        "secretKey": "${ref://cloud-secret?version=2}",
    }


def test_a_provider_that_no_resource_needs_is_not_there(providers: Compile) -> None:
    assert set(providers(EVERYTHING, AWS)) == {"aws", "kubernetes"}


def test_the_environment_configures_nothing(providers: Compile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert providers("", AWS)["aws"].config == {}


def test_a_resource_configures_its_provider(providers: Compile) -> None:
    one = Bucket(type="aws:s3/bucket:Bucket", config={"region": "us-east-1", "maxRetries": 3, "token": "ref://a/b"})
    same = Bucket(type="aws:s3/bucket:Bucket", config={"region": "us-east-1"})
    assert providers("", one, same, AWS)["aws"].config == {
        "region": "us-east-1",
        "maxRetries": 3,
        "token": "${ref://a#b}",
    }
    assert providers("context: {AWS_REGION: us-east-1}", one)["aws"].config["region"] == "us-east-1"


def test_settings_that_contradict_each_other_are_refused(providers: Compile) -> None:
    one = Bucket(type="aws:s3/bucket:Bucket", config={"region": "us-east-1"})
    other = Bucket(type="aws:s3/bucket:Bucket", config={"region": "us-west-1"})
    with pytest.raises(CompileError) as caught:
        providers("context: {AWS_REGION: eu-central-1}", one)
    assert "another region than context.AWS_REGION of the workspace" in str(caught.value)
    with pytest.raises(CompileError) as caught:
        providers("", one, other)
    problem = caught.value.problems[0]
    assert problem.what.startswith("aws:s3/bucket:Bucket:test-dev-shop-bucket1 needs the provider aws")
    assert problem.what.endswith("than aws:s3/bucket:Bucket:test-dev-shop-bucket0")
    assert str(problem.where).startswith(__file__)
    assert problem.hint


def test_a_setting_that_is_known_only_while_applying_is_refused(providers: Compile) -> None:
    @module
    def late(intent: Bucket, platform: NoPolicy, ctx: Context) -> Generated:
        """A bucket whose provider another resource would configure."""
        first = Resource("aws:s3/bucket:Bucket", ctx.name("first"), {})
        yield first
        yield Resource("aws:s3/bucket:Bucket", ctx.name(), {}, provider=Provider(config={"region": first["region"]}))

    inputs = Inputs(
        project=Project(name="test"),
        stack=Stack(name="dev"),
        workspace=read_workspace("test", "", "workspace.yaml"),
        applications=(application_of(AppConfiguration(name="shop", accessories={"late": AWS})),),
        modules={Bucket: InstalledModule("late", "kusion-late", "1", late)},
        providers={"aws": "7.51.1", "kubernetes": "4.34.2"},
    )
    with pytest.raises(CompileError, match=r"the setting region .* is known only while applying"):
        compile_spec(inputs)


@pytest.mark.parametrize("value", ["5", "''", "[eu-central-1]", "null"])
def test_a_key_that_configures_a_provider_is_a_text(providers: Compile, value: str) -> None:
    with pytest.raises(WorkspaceError) as caught:
        providers(f"context:\n  AWS_REGION: {value}\n", AWS)
    problem = caught.value.problems[0]
    assert problem.what == "context.AWS_REGION must be a text"
    assert str(problem.where).startswith("workspace.yaml:2:")


@pytest.mark.parametrize("value", ["ref://", "ref://a/b?stage=x", "ref://a/b#c"])
def test_a_reference_that_names_no_secret_is_refused(providers: Compile, value: str) -> None:
    with pytest.raises(WorkspaceError) as caught:
        providers(f"context:\n  AWS_ACCESS_KEY_ID: {value}\n", AWS)
    problem = caught.value.problems[0]
    assert problem.what == f"'{value}' names no secret"
    assert str(problem.where).startswith("workspace.yaml:2:")


def test_a_version_is_the_installed_one_else_the_one_that_the_module_was_written_for(providers: Compile) -> None:
    older = Bucket(type="acme:index:Bucket", version="3.9.1")
    newer = Bucket(type="acme:index:Bucket", version="3.10.0")
    assert providers("", older, newer)["acme"].version == "3.10.0"
    assert providers("", newer, older)["acme"].version == "3.10.0"
    assert providers("", older, installed={"acme": "3.1.0"})["acme"].version == "3.1.0"


def test_a_provider_of_which_nobody_knows_a_version_is_refused(providers: Compile) -> None:
    with pytest.raises(CompileError) as caught:
        providers("", Bucket(type="acme:index:Bucket"))
    assert "which version of the provider acme" in caught.value.problems[0].what
    assert caught.value.problems[0].hint == "pip install pulumi-acme"
