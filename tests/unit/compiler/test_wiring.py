"""Outputs and secrets: where they lead, what is lifted into a Secret, and where a secret may not stand."""

from __future__ import annotations

import pytest

from kusion_dsl import AppConfiguration, Secret, patch, secret_ref
from kusion_dsl.errors import CompileError
from tests.unit.compiler.sample import Change, Server, Store, compiled, config_map, deployment, env, shop

LIFTED = "v1:Secret:test:test-dev-shop-env"
PASSWORD = "${kusion:index:RandomPassword:test-dev-shop-db-password#result}"
HOST = "${v1:Service:test:test-dev-shop-db#status.loadBalancer.ingress[0].hostname}"


class Shop(AppConfiguration):
    db = Store()
    workload = Server(env={"HOST": db.host, "PORT": db.port, "URL": f"<{db.url}>", "TEXT": "${db} $5 $${x"})


def test_outputs_become_references_and_text_stays_text() -> None:
    result = compiled(Shop)
    values = {entry["name"]: entry for entry in env(result)}
    assert values["HOST"]["value"] == HOST
    assert values["TEXT"]["value"] == "$${db} $5 $$${x"
    assert values["PORT"]["value"] in (5432, "5432")


def test_what_is_secret_is_lifted_into_a_generated_secret() -> None:
    result = compiled(Shop)
    (entry,) = (each for each in env(result) if each["name"] == "URL")
    assert entry == {
        "name": "URL",
        "valueFrom": {"secretKeyRef": {"name": "test-dev-shop-env", "key": "web.URL"}},
    }
    secret = result.spec[LIFTED]
    assert secret.attributes["stringData"] == {"web.URL": f"<store://{PASSWORD}@{HOST}>"}
    assert secret.attributes["metadata"]["labels"] == deployment(result)["metadata"]["labels"]
    order = [resource.id for resource in result.spec.resources]
    assert order.index(LIFTED) < order.index("apps/v1:Deployment:test:test-dev-shop")


def test_what_a_module_declares_secret_is_lifted_whatever_it_is_made_of() -> None:
    store = Store()
    result = compiled(shop(Server(env={"CODE": store.code}), db=store))
    assert result.spec[LIFTED].attributes["stringData"] == {"web.CODE": "0000"}


def test_without_a_secret_nothing_is_lifted() -> None:
    assert LIFTED not in compiled(shop(Server(env={"A": "1"}))).spec


@pytest.mark.parametrize(
    ("secret", "reference"),
    [
        (Secret("stripe"), "${ref://stripe}"),
        (Secret("stripe", key="api-key"), "${ref://stripe#api-key}"),
        (Secret("team/stripe", key="a.b", version="3"), '${ref://team/stripe?version=3#["a.b"]}'),
    ],
)
def test_a_value_of_the_store_is_lifted_as_a_reference(secret: Secret, reference: str) -> None:
    result = compiled(shop(Server(env={"KEY": f"Bearer {secret}"})))
    assert result.spec[LIFTED].attributes["stringData"] == {"web.KEY": f"Bearer {reference}"}


def test_a_secret_ref_is_a_reference_to_that_secret() -> None:
    result = compiled(shop(Server(env={"TOKEN": secret_ref("github", key="token")})))
    assert env(result) == [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "github", "key": "token"}}}]
    assert LIFTED not in result.spec


@pytest.mark.parametrize("text", [f"x{secret_ref('a', key='b')}", f"{secret_ref('a', key='b')}{Secret('c')}"])
def test_a_secret_ref_within_text_is_an_error(text: str) -> None:
    with pytest.raises(CompileError, match="secret_ref"):
        compiled(shop(Server(env={"A": text})))


@pytest.mark.parametrize("field", ["args", "labels"])
def test_a_secret_that_would_be_readable_is_an_error_with_its_place(field: str) -> None:
    value: object = [f"--key={Secret('a')}"] if field == "args" else {"key": Secret("a")}
    with pytest.raises(CompileError, match="would be readable") as raised:
        compiled(shop(Server.model_validate({field: value})))
    assert "put it into a container's env" in str(raised.value)


def test_a_secret_in_a_config_map_is_an_error_and_in_a_secret_it_is_not() -> None:
    with pytest.raises(CompileError, match=r"would be readable in data\.key of v1:ConfigMap:test:c"):
        compiled(shop(a=Change(makes=[config_map("c", key=Secret("a"))])))
    manifest = {**config_map("c"), "kind": "Secret", "data": {}, "stringData": {"key": Secret("a")}}
    result = compiled(shop(a=Change(makes=[manifest])))
    assert result.spec["v1:Secret:test:c"].attributes["stringData"] == {"key": "${ref://a}"}


def test_an_output_follows_the_name_and_not_the_object() -> None:
    class Cloud(Shop):
        db = Shop.db.override(region="far")

    result = compiled(Cloud)
    assert result.spec["v1:Service:test:test-dev-shop-db"].attributes["region"] == "far"
    assert {entry["name"]: entry.get("value") for entry in env(result)}["HOST"] == HOST


def test_the_output_of_an_accessory_that_was_removed_is_an_error() -> None:
    class Without(Shop):
        db = None  # type: ignore[assignment]

    with pytest.raises(CompileError, match=r"db was removed, but its output 'host' is used"):
        compiled(Without)


def test_an_output_of_a_component_without_a_name_is_an_error() -> None:
    with pytest.raises(CompileError, match="of a component that no application of this stack has"):
        compiled(shop(Server(env={"A": Store().host})))


def test_an_output_of_another_application_can_be_used() -> None:
    store = Store()
    owner = AppConfiguration(name="data", accessories={"db": store})
    result = compiled(owner, shop(Server(env={"HOST": store.host})))
    (entry,) = env(result)
    assert entry["value"].startswith("${v1:Service:test:test-dev-data-db#")


def test_of_a_component_that_applications_share_each_uses_its_own() -> None:
    store = Store()
    apps = [
        AppConfiguration(name=name, workload=Server(env={"HOST": store.host}), accessories={"db": store})
        for name in ("one", "two")
    ]
    found = compiled(*apps).spec
    for name in ("one", "two"):
        (container,) = found[f"apps/v1:Deployment:test:test-dev-{name}"].attributes["spec"]["template"]["spec"][
            "containers"
        ]
        assert container["env"][0]["value"].startswith(f"${{v1:Service:test:test-dev-{name}-db#")


def test_an_output_that_two_applications_have_is_ambiguous_for_a_third() -> None:
    store = Store()
    owners = [AppConfiguration(name=name, accessories={"db": store}) for name in ("one", "two")]
    with pytest.raises(CompileError, match="belongs to both one and two"):
        compiled(*owners, shop(Server(env={"HOST": store.host})))


def test_characters_that_are_reserved_are_refused() -> None:
    with pytest.raises(CompileError, match="reserved for outputs"):
        compiled(shop(Server(env={"A": str(Store().host)[:-2]})))


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(CompileError) as raised:
        compiled(shop(Server(args=[Secret("a"), Secret("b")], labels={"x": Secret("c")})))
    assert len(raised.value.problems) >= 3


def test_what_must_not_be_null_is_left_out() -> None:
    result = compiled(shop(a=Change(makes=[{**config_map("c"), "data": {"a": "", "b": None}, "more": [None, 1]}])))
    assert result.spec["v1:ConfigMap:test:c"].attributes["data"] == {"a": ""}


def test_one_id_from_two_producers_is_an_error_that_names_both() -> None:
    with pytest.raises(CompileError) as raised:
        compiled(shop(a=Change(makes=[config_map("c")]), b=Change(makes=[config_map("c")])))
    assert "shop.a (kusion-change 0.2.0) and by shop.b (kusion-change 0.2.0)" in str(raised.value)


@pytest.mark.parametrize("name", ["Upper", "under_score", "a" * 254, "-a", "a..b", ""])
def test_a_name_that_kubernetes_would_refuse_is_an_error(name: str) -> None:
    with pytest.raises(CompileError, match="is no name for a ConfigMap"):
        compiled(shop(a=Change(makes=[config_map(name)])))


def test_a_name_that_kubernetes_takes_is_taken() -> None:
    assert "v1:ConfigMap:test:a.b-c" in compiled(shop(a=Change(makes=[config_map("a.b-c")]))).spec


@pytest.mark.parametrize("number", [2**53, -(2**53), float("inf"), float("nan")])
def test_a_number_that_json_cannot_hold_is_refused_where_it_is_written(number: float) -> None:
    change = patch(kind="Deployment", merge={"spec": {"revisionHistoryLimit": number}})
    app = AppConfiguration(name="shop", workload=Server(), patches=[change])
    with pytest.raises(
        CompileError, match=r"spec\.revisionHistoryLimit of apps/v1:Deployment:.* JSON cannot"
    ) as caught:
        compiled(app)
    assert str(caught.value.problems[0].where).startswith(__file__)
