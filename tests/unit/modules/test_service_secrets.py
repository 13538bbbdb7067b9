"""Secrets that a service declares."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from kusion_dsl import AppConfiguration, Secret
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.errors import AppError, CompileError
from kusion_service import Container, SecretSpec, Service

Manifests = Callable[..., dict[str, Any]]


def with_secrets(**secrets: SecretSpec) -> Service:
    return Service(containers={"web": Container(image="x")}, secrets=secrets)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_literal_values_are_kept_and_warned_of(compile_apps: Callable[..., Compiled]) -> None:
    workload = with_secrets(s=SecretSpec(type="opaque", data={"k": "v", "empty": ""}, immutable=True))
    compiled = compile_apps(AppConfiguration(name="shop", workload=workload))
    secret = compiled.spec["v1:Secret:shop:s"].attributes
    assert secret["data"] == {"k": encoded("v"), "empty": ""}
    assert (secret["type"], secret["immutable"]) == ("Opaque", True)
    assert "stringData" not in secret
    warned = [str(warning) for warning in compiled.warnings]
    assert any("data.k of v1:Secret:shop:s is a secret in plain text" in warning for warning in warned)
    assert not any(encoded("v") in warning for warning in warned)


@pytest.mark.parametrize(
    ("kind", "given", "generated"),
    [
        ("basic", {"username": "admin"}, ["password"]),
        ("basic", {"password": Secret("pw"), "username": ""}, ["username"]),
        ("basic", {}, ["password", "username"]),
        ("token", {}, ["token"]),
        ("token", {"token": "known"}, []),
    ],
)
def test_missing_values_are_made_at_random_once(
    manifests: Manifests, kind: Any, given: Mapping[str, str], generated: list[str]
) -> None:
    found = manifests(with_secrets(s=SecretSpec(type=kind, data=given)))
    passwords = sorted(id for id in found if id.startswith("kusion:"))
    assert passwords == [f"kusion:index:RandomPassword:shop-dev-shop-s-{key}" for key in generated]
    assert all(found[id] == {"length": 54, "special": False} for id in passwords)
    made = {key: value for key, value in found["v1:Secret:shop:s"].get("stringData", {}).items() if "kusion:" in value}
    assert made == {key: f"${{kusion:index:RandomPassword:shop-dev-shop-s-{key}#result}}" for key in generated}


def test_generating_again_gives_the_same(compile_apps: Callable[..., Compiled]) -> None:
    app = AppConfiguration(name="shop", workload=with_secrets(s=SecretSpec(type="token")))
    assert compile_apps(app).spec.digest == compile_apps(app).spec.digest


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("opaque", {"a": "b"}, "Opaque"),
        ("token", {"token": "b"}, "Opaque"),
        ("basic", {"username": "a", "password": "b"}, "kubernetes.io/basic-auth"),
        ("certificate", {"tls.crt": "a", "tls.key": "b"}, "kubernetes.io/tls"),
        ("external", {"a": Secret("b")}, "Opaque"),
    ],
)
def test_types(manifests: Manifests, kind: Any, data: Mapping[str, str], expected: str) -> None:
    assert manifests(with_secrets(s=SecretSpec(type=kind, data=data)))["v1:Secret:shop:s"]["type"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ref://secret-name", "${ref://secret-name}"),
        ("ref://secret-name?version=1", "${ref://secret-name?version=1}"),
        ("ref://secret-name/property?version=1", "${ref://secret-name?version=1#property}"),
        ("ref://customer/acme/customer_name?version=1", "${ref://customer/acme?version=1#customer_name}"),
        (Secret("customer/acme", key="customer_name"), "${ref://customer/acme#customer_name}"),
    ],
)
def test_external_values_are_resolved_while_applying(manifests: Manifests, text: str, expected: str) -> None:
    found = manifests(with_secrets(s=SecretSpec(type="external", data={"k": text})))
    assert found["v1:Secret:shop:s"]["stringData"] == {"k": expected}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"type": "basic", "data": {"user": "x"}}, "data: a secret of type 'basic' has no user, only username and"),
        ({"type": "certificate"}, "data: a secret of type 'certificate' needs tls.crt and tls.key"),
        ({"type": "certificate", "data": {"tls.crt": "x"}}, "needs tls.key"),
        ({"type": "external", "data": {"a": "hunter2"}}, "data: a is not in a secret store"),
        ({"type": "external", "data": {"a": "ref://"}}, "names no secret"),
        ({"data": {"a b": "x"}}, "'a b' is no key of a Secret"),
        ({"data": {"..": "x"}}, "is no key of a Secret"),
        ({"type": "Opaque"}, "type: Input should be"),
    ],
)
def test_what_does_not_fit_its_type_is_refused_without_its_value(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(AppError) as caught:
        SecretSpec(**fields)
    assert message in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_one_secret_of_two_applications_is_an_error(compile_apps: Callable[..., Compiled]) -> None:
    apps = [
        AppConfiguration(name=name, workload=with_secrets(s=SecretSpec(data={"k": Secret("x")}))) for name in ("a", "b")
    ]
    with pytest.raises(CompileError, match="v1:Secret:shop:s is made twice"):
        compile_apps(*apps)
