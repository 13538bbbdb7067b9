"""The manifests provider, called as Pulumi calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from kusion_dsl.engine.manifests import ManifestsProvider
from kusion_dsl.engine.values import UNKNOWN, Secret, from_struct, to_struct

URN = "urn:pulumi:prod.dev::shop::kubernetes:core/v1:ConfigMap::v1:ConfigMap:shop:web"
SECRET_URN = "urn:pulumi:prod.dev::shop::kubernetes:core/v1:Secret::v1:Secret:shop:s"


def config_map(name: str = "web", **data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data}


@pytest.fixture
def provider(tmp_path: Path, call: Any) -> ManifestsProvider:
    provider = ManifestsProvider(tmp_path)
    provider.Configure(provider_pb2.ConfigureRequest(args=to_struct({"renderYamlToDirectory": "sub/../out"})), call)
    return provider


def create(provider: ManifestsProvider, call: Any, obj: dict[str, Any], **options: Any) -> provider_pb2.CreateResponse:
    return provider.Create(provider_pb2.CreateRequest(urn=URN, properties=to_struct(obj), **options), call)


def read(provider: ManifestsProvider, call: Any) -> provider_pb2.ReadResponse:
    return provider.Read(provider_pb2.ReadRequest(id="shop/web", urn=URN), call)


def diff(provider: ManifestsProvider, call: Any, old: dict[str, Any], new: dict[str, Any]) -> Any:
    request = provider_pb2.DiffRequest(id="shop/web", urn=URN, old_inputs=to_struct(old), news=to_struct(new))
    return provider.Diff(request, call)


def check(provider: ManifestsProvider, call: Any, obj: dict[str, Any], urn: str = URN) -> dict[str, str]:
    response = provider.Check(provider_pb2.CheckRequest(urn=urn, news=to_struct(obj)), call)
    assert from_struct(response.inputs) == obj
    return {failure.property: failure.reason for failure in response.failures}


def test_create_read_update_delete(provider: ManifestsProvider, call: Any, tmp_path: Path) -> None:
    created = create(provider, call, config_map(a="1"))
    path = tmp_path / "out/configmap_core_v1_shop_web.yaml"
    assert created.id == "shop/web" and from_struct(created.properties) == config_map(a="1")
    assert 'a: "1"' in path.read_text()

    path.write_text(path.read_text().replace('"1"', "7"))
    live = read(provider, call)
    assert live.id == "shop/web" and from_struct(live.inputs) == config_map(a=7) == from_struct(live.properties)

    news = to_struct(config_map(a="2"))
    provider.Update(provider_pb2.UpdateRequest(id="shop/web", urn=URN, news=news), call)
    assert 'a: "2"' in path.read_text()

    provider.Delete(provider_pb2.DeleteRequest(id="shop/web", urn=URN), call)
    assert read(provider, call).id == ""


def test_preview_writes_nothing(provider: ManifestsProvider, call: Any, tmp_path: Path) -> None:
    assert create(provider, call, config_map(a="1"), preview=True).id == "shop/web"
    request = provider_pb2.UpdateRequest(id="shop/web", urn=URN, news=to_struct(config_map()), preview=True)
    provider.Update(request, call)
    assert list(tmp_path.iterdir()) == []


def test_errors_end_the_call_with_their_text(
    provider: ManifestsProvider, call: Any, aborted: type[Exception], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/configmap_core_v1_shop_web.yaml").write_text("mine: {")
    for preview in (True, False):
        with pytest.raises(aborted, match="there is a file in the place"):
            create(provider, call, config_map(), preview=preview)
    with pytest.raises(aborted, match="this is not YAML"):
        read(provider, call)


def test_differences_are_told_by_path(provider: ManifestsProvider, call: Any) -> None:
    response = diff(provider, call, config_map(a="1", b="1"), config_map(a="2", c="1"))

    kind = provider_pb2.PropertyDiff
    assert {path: each.kind for path, each in response.detailedDiff.items()} == {
        "data.a": kind.UPDATE,
        "data.b": kind.DELETE,
        "data.c": kind.ADD,
    }
    assert all(each.inputDiff for each in response.detailedDiff.values())
    assert response.hasDetailedDiff and list(response.replaces) == [] and list(response.diffs) == ["data"]
    same = diff(provider, call, config_map(a="1"), config_map(a="1"))
    assert same.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_another_name_or_namespace_replaces(provider: ManifestsProvider, call: Any) -> None:
    response = diff(provider, call, config_map(), config_map("www"))
    assert list(response.replaces) == ["metadata.name"]
    moved = config_map()
    moved["metadata"]["namespace"] = "other"
    assert list(diff(provider, call, config_map(), moved).replaces) == ["metadata.namespace"]


def test_name_that_was_edited_in_the_file_is_put_back(provider: ManifestsProvider, call: Any) -> None:
    response = diff(provider, call, config_map("edited"), config_map())
    assert list(response.replaces) == [] and list(response.detailedDiff) == ["metadata.name"]


def test_changed_directory_replaces_nothing(provider: ManifestsProvider, call: Any) -> None:
    old, new = (to_struct({"renderYamlToDirectory": path}) for path in ("a", "b"))
    response = provider.DiffConfig(provider_pb2.DiffRequest(old_inputs=old, news=new), call)
    assert list(response.detailedDiff) == ["renderYamlToDirectory"] and list(response.replaces) == []


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"kind": "Pod"}, "kind"),
        ({"apiVersion": "v2"}, "kind"),
        ({"metadata": {}}, "metadata.name"),
        ({"metadata": {"name": 7}}, "metadata.name"),
        ({"metadata": "web"}, "metadata"),
        ({"data": {"a.b": Secret("x")}}, 'data["a.b"]'),
    ],
)
def test_what_is_wrong_is_told_by_path(
    provider: ManifestsProvider, call: Any, changed: dict[str, Any], path: str
) -> None:
    assert list(check(provider, call, {**config_map(), **changed})) == [path]


def test_what_is_right_is_not_objected_to(provider: ManifestsProvider, call: Any) -> None:
    assert check(provider, call, config_map(a="1")) == {}
    assert check(provider, call, {**config_map(), "metadata": {"name": UNKNOWN}}) == {}
    secret = {**config_map("s"), "kind": "Secret", "stringData": {"a": Secret("x")}}
    assert check(provider, call, secret, SECRET_URN) == {}


def test_data_of_a_secret_is_read_as_secret(provider: ManifestsProvider, call: Any, tmp_path: Path) -> None:
    secret = {**config_map("s"), "kind": "Secret", "data": {"a": Secret("eA==")}}
    provider.Create(provider_pb2.CreateRequest(urn=SECRET_URN, properties=to_struct(secret)), call)

    live = provider.Read(provider_pb2.ReadRequest(id="shop/s", urn=SECRET_URN), call)

    assert from_struct(live.inputs) == secret == from_struct(live.properties)
    assert not (tmp_path / "out").exists()


def test_state_of_a_cluster_is_refused(call: Any, aborted: type[Exception], tmp_path: Path) -> None:
    request = provider_pb2.ConfigureRequest(args=to_struct({"kubeconfig": "x"}))
    with pytest.raises(aborted, match="objects in a cluster, not in files"):
        ManifestsProvider(tmp_path).Configure(request, call)
