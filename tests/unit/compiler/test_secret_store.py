"""The secret store of a workspace: which there are, and that there must be one where secrets are used."""

from __future__ import annotations

import pytest

from kusion_dsl import Secret
from kusion_dsl.discovery.workspaces import read_workspace
from kusion_dsl.errors import WorkspaceError
from tests.unit.compiler.sample import Server, compiled, shop

EMPTY = "modules: {}"
WITH_SECRET = Server(env={"KEY": Secret("stripe", key="api-key")})


def test_a_secret_in_an_environment_without_a_store_is_a_warning() -> None:
    [problem] = compiled(shop(WITH_SECRET), workspace=EMPTY).warnings
    assert problem.where == "workspace test"
    assert problem.what == "secrets are used, but the workspace has no secretStore"
    assert problem.details == (f"{__file__}:13: v1:Secret:test:test-dev-shop-env",)
    assert problem.hint == "add one to the workspace: secretStore: {provider: {env: {}}}"


def test_without_secrets_no_store_is_needed() -> None:
    assert compiled(shop(), workspace=EMPTY).spec.secret_store is None


@pytest.mark.parametrize(
    "provider",
    [
        {"env": {}},
        {"env": {"prefix": "SHOP_"}},
        {"file": {"path": "secrets.yaml"}},
        {"aws": {"region": "eu-central-1"}},
        {"aws": {"region": "eu-central-1", "profile": "prod"}},
        {"alicloud": {"region": "cn-hangzhou"}},
        {"vault": {"server": "https://vault.example:8200"}},
        {"vault": {"server": "https://vault.example:8200", "path": "kv", "version": "v1"}},
        {"azure": {"vaultUrl": "https://a.vault.azure.net", "tenantId": "t"}},
        {"azure": {"vaultUrl": "https://a", "tenantId": "t", "environmentType": "ChinaCloud"}},
        {"viettelcloud": {"cmpURL": "https://v", "projectID": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}},
    ],
)
def test_a_store_stands_in_the_spec_as_the_workspace_has_it(provider: dict[str, dict[str, str]]) -> None:
    workspace = f"secretStore: {{provider: {provider}}}".replace("'", '"')
    assert compiled(shop(WITH_SECRET), workspace=workspace).spec.secret_store == {"provider": provider}


def test_a_store_without_settings_has_its_defaults() -> None:
    assert compiled(shop(WITH_SECRET), workspace="secretStore: {provider: {env: }}").spec.secret_store == {
        "provider": {"env": {}}
    }


@pytest.mark.parametrize(
    ("provider", "line", "what"),
    [
        ("fake: {data: [{key: a, value: b}]}", 3, "secretStore.provider.fake: unknown field, known are alicloud"),
        ("onpremises: {name: a}", 3, "secretStore.provider.onpremises: unknown field"),
        ("asw: {region: a}", 3, "secretStore.provider.asw: unknown field, did you mean 'aws'?"),
        ("aws: {}", 3, "secretStore.provider.aws.region: is required"),
        ("aws: {region: ''}", 3, "secretStore.provider.aws.region: String should have at least 1 character"),
        ("aws: {regoin: a}", 3, "secretStore.provider.aws.regoin: unknown field, did you mean 'region'?"),
        ("aws: text", 3, "secretStore.provider.aws: "),
        ("alicloud: {}", 3, "secretStore.provider.alicloud.region: is required"),
        ("vault: {path: a}", 3, "secretStore.provider.vault.server: is required"),
        ("vault: {server: a, version: v3}", 3, "secretStore.provider.vault.version: Input should be 'v1' or 'v2'"),
        ("azure: {tenantId: a}", 3, "secretStore.provider.azure.vaultUrl: is required"),
        ("azure: {vaultUrl: a}", 3, "secretStore.provider.azure.tenantId: is required"),
        ("viettelcloud: {cmpURL: a, projectID: b}", 3, "secretStore.provider.viettelcloud.projectID: "),
        ("file: {}", 3, "secretStore.provider.file.path: is required"),
        ("{}", 2, "secretStore.provider: name exactly one store: alicloud, aws, azure, env, file"),
        ("{env: {}, file: {path: a}}", 2, "secretStore.provider: name exactly one store"),
    ],
)
def test_a_store_that_is_not_valid_is_told_with_its_place(provider: str, line: int, what: str) -> None:
    with pytest.raises(WorkspaceError) as raised:
        read_workspace("test", f"secretStore:\n  provider:\n    {provider}\n", "workspace.yaml")
    problems = [problem for problem in raised.value.problems if what in problem.what]
    assert problems, str(raised.value)
    assert all(str(problem.where).startswith("workspace.yaml:") for problem in problems)
    assert {getattr(problem.where, "line", 0) for problem in problems} <= {line, 3}


@pytest.mark.parametrize("store", ["secretStore: {}", "secretStore: text", "secretStore: {provider: }"])
def test_a_store_needs_a_provider(store: str) -> None:
    with pytest.raises(WorkspaceError, match=r"workspace.yaml:1:\d+: secretStore"):
        read_workspace("test", store, "workspace.yaml")
