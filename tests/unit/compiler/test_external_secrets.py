"""Secrets whose values all come from the secret store, where the workspace has an operator make them."""

from __future__ import annotations

from typing import Any

import pytest

from kusion_dsl import Secret
from kusion_dsl.compiler.external import externalize
from kusion_dsl.compiler.generation import Draft
from kusion_dsl.errors import CompileError, WorkspaceError
from kusion_dsl.model.external_secrets import ExternalStore, store_of
from kusion_dsl.model.generation import Resource
from kusion_dsl.model.reference import parse_path, secret_reference
from kusion_dsl.model.spec import SpecResource
from kusion_dsl.model.token import ReferenceToken
from tests.unit.compiler.sample import Change, Server, Store, compiled, config_map, deployment, shop

EXTERNAL = "context:\n  target: {kind: manifests, secrets: external, store: {name: vault}}\n"
STORE = "secretStore: {provider: {env: {}}}\n"
LIFTED = "external-secrets.io/v1:ExternalSecret:test:test-dev-shop-env"


def secret(name: str = "s", **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "test"}, **fields}


def of(*manifests: dict[str, Any], workspace: str = EXTERNAL) -> Any:
    return compiled(shop(change=Change(makes=list(manifests))), workspace=workspace)


def spec_of(manifest: dict[str, Any]) -> Any:
    return of(manifest).spec["external-secrets.io/v1:ExternalSecret:test:s"].attributes["spec"]


def test_values_are_named_under_their_own_keys() -> None:
    data = {"key": str(Secret("stripe", key="api-key")), "whole": str(Secret("team/tls", version="3"))}

    assert spec_of(secret(stringData=data)) == {
        "refreshInterval": "1h",
        "secretStoreRef": {"name": "vault", "kind": "SecretStore"},
        "target": {
            "name": "s",
            "creationPolicy": "Owner",
            "template": {"engineVersion": "v2", "type": "Opaque"},
        },
        "data": [
            {"secretKey": "key", "remoteRef": {"key": "stripe", "property": "api-key"}},
            {"secretKey": "whole", "remoteRef": {"key": "team/tls", "version": "3"}},
        ],
    }


def test_the_secret_will_be_what_it_would_have_been() -> None:
    metadata = {"name": "s", "namespace": "test", "labels": {"a": "1"}, "annotations": {"b": "{{2}}"}}
    data = {"tls.crt": str(Secret("tls", key="c")), "tls.key": str(Secret("tls", key="k"))}

    target = spec_of(secret(metadata=metadata, type="kubernetes.io/tls", immutable=True, stringData=data))["target"]

    assert target["immutable"] is True
    assert target["template"] == {
        "engineVersion": "v2",
        "type": "kubernetes.io/tls",
        "metadata": {"labels": {"a": "1"}, "annotations": {"b": '{{ "{{" }}2}}'}},
    }


def test_what_is_encoded_in_the_store_is_decoded() -> None:
    spec = spec_of(secret(data={"key": str(Secret("stripe")), "both": "eA=="}, stringData={"both": str(Secret("b"))}))
    assert spec["data"] == [
        {"secretKey": "both", "remoteRef": {"key": "b"}},
        {"secretKey": "key", "remoteRef": {"key": "stripe", "decodingStrategy": "Base64"}},
    ]


def test_text_with_values_in_it_becomes_a_template_that_fetches_each_once() -> None:
    password, user = Secret("db", key="password"), Secret("db", key="user")
    data = {"url": f"db://{user}:{password}@h/${{x}}{{{{y}}}}", "password": str(password)}

    spec = spec_of(secret(stringData=data))

    assert spec["target"]["template"]["data"] == {
        "password": '{{ index . "value-1" }}',
        "url": 'db://{{ index . "value-2" }}:{{ index . "value-1" }}@h/$${x}{{ "{{" }}y}}',
    }
    assert spec["data"] == [
        {"secretKey": "value-1", "remoteRef": {"key": "db", "property": "password"}},
        {"secretKey": "value-2", "remoteRef": {"key": "db", "property": "user"}},
    ]


def test_an_environment_is_lifted_into_one_and_needs_it() -> None:
    server = Server(env={"KEY": str(Secret("stripe", key="api-key"))})

    result = compiled(shop(server), workspace=EXTERNAL)

    assert not any(each.is_kubernetes_secret for each in result.spec.resources)
    assert not any(each.references() for each in result.spec.resources)
    assert LIFTED in result.spec["apps/v1:Deployment:test:test-dev-shop"].depends_on
    [variable] = deployment(result)["spec"]["template"]["spec"]["containers"][0]["env"]
    assert variable["valueFrom"]["secretKeyRef"] == {"name": "test-dev-shop-env", "key": "web.KEY"}
    assert result.warnings == ()


def test_who_wrote_a_value_is_known_of_what_names_it() -> None:
    result = compiled(shop(Server(env={"KEY": str(Secret("stripe"))})), workspace=EXTERNAL)

    origins = result.provenance.of(LIFTED, parse_path("spec.data[0].remoteRef"))

    assert [each.kind for each in origins][:1] == ["author"] and origins[0].name == "shop.workload"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"stringData": {"a": str(Secret("x")), "user": "me"}}, "stringData.user"),
        ({"data": {"a": f"YQ{Secret('x')}"}}, "data.a"),
        ({"type": "kubernetes.io/service-account-token"}, "it has no values"),
    ],
    ids=["literal beside", "part of what is encoded", "empty"],
)
def test_one_with_other_values_stays_and_is_told(fields: dict[str, Any], why: str) -> None:
    result = of(secret(**fields), workspace=EXTERNAL + STORE)

    [warning] = [each for each in result.warnings if "stay files" in each.what]
    assert "v1:Secret:test:s" in result.spec
    assert [each.rpartition("v1:Secret:test:s: ")[2] for each in warning.details] == [why]


def test_a_generated_password_stays_a_secret() -> None:
    store = Store()
    result = compiled(shop(Server(env={"URL": store.url}), store=store), workspace=EXTERNAL)

    assert "v1:Secret:test:test-dev-shop-env" in result.spec
    [warning] = result.warnings
    assert warning.details[0].endswith('v1:Secret:test:test-dev-shop-env: stringData["web.URL"]')


def test_one_of_whose_values_another_resource_is_made_stays() -> None:
    other = secret("t", stringData={"a": str(ReferenceToken("v1:Secret:test:s", "stringData.key"))})

    result = of(secret(stringData={"key": str(Secret("x"))}), other, workspace=EXTERNAL + STORE)

    [warning] = result.warnings
    assert "v1:Secret:test:s" in result.spec
    assert any(each.endswith("v1:Secret:test:s: another resource takes a value of it") for each in warning.details)


def test_who_had_to_wait_for_the_secret_waits_for_what_it_is_made_of() -> None:
    manifest = secret(stringData={"key": str(secret_reference("x"))})
    made = Resource.manifest(manifest)
    waiting = SpecResource("aws:a/b:C:d", "aws:a/b:C", {}, (made.id,))
    resources = [SpecResource(made.id, made.type, manifest), waiting]

    found, warnings = externalize(resources, {made.id: Draft(made, manifest, None)}, ExternalStore("vault"))

    assert found[1].depends_on == (found[0].id,) == ("external-secrets.io/v1:ExternalSecret:test:s",)
    assert warnings == []


def test_one_that_is_made_twice_is_told() -> None:
    own = {**secret(), "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret"}
    with pytest.raises(CompileError, match="ExternalSecret:test:s is made twice: of v1:Secret:test:s, and by"):
        of(secret(stringData={"key": str(Secret("x"))}), own)


def test_an_external_secret_of_the_authors_own_comes_before_who_uses_its_secret() -> None:
    own = {**secret("own"), "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret"}
    own["spec"] = {"target": {"name": "made"}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "test"}}
    pod["spec"] = {"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "made"}}]}]}

    result = of(own, pod, config_map("c"), workspace=STORE)

    assert "external-secrets.io/v1:ExternalSecret:test:own" in result.spec["v1:Pod:test:p"].depends_on


def test_files_are_the_default() -> None:
    plain = of(secret(stringData={"key": str(Secret("x"))}), workspace=STORE)
    assert "v1:Secret:test:s" in plain.spec and store_of({}) is None and store_of({"target": "manifests"}) is None
    assert store_of({"target": {"kind": "manifests", "secrets": "files"}}) is None


def test_a_store_is_what_the_target_says() -> None:
    store = {"name": "vault", "kind": "ClusterSecretStore", "refreshInterval": "1h30m"}
    target = {"kind": "manifests", "secrets": "external", "store": store}
    assert store_of({"target": target}) == ExternalStore("vault", "ClusterSecretStore", "1h30m")
    with pytest.raises(WorkspaceError, match="no store is named"):
        store_of({"target": {"secrets": "external"}})
