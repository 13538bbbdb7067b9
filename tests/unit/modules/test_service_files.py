"""How files and directories get into containers."""

from collections.abc import Callable
from typing import Any

import pytest

from kusion_dsl import Secret, secret_ref
from kusion_dsl.errors import AppError, CompileError
from kusion_service import Container, FileSpec, Service

Manifests = Callable[..., dict[str, Any]]
Pod = Callable[..., dict[str, Any]]


@pytest.fixture
def pod(manifests: Manifests) -> Pod:
    """The pod of a service with these containers' fields."""

    def pod(**containers: dict[str, Any]) -> dict[str, Any]:
        workload = Service(containers={name: Container(image="x", **fields) for name, fields in containers.items()})
        found = manifests(workload)["apps/v1:Deployment:shop:shop-dev-shop"]["spec"]["template"]["spec"]
        assert isinstance(found, dict)
        return found

    return pod


def mounts(pod: dict[str, Any], container: int = 0) -> list[dict[str, Any]]:
    found = pod["containers"][container]["volumeMounts"]
    assert isinstance(found, list)
    return found


def test_a_file_alone_in_its_directory_is_that_directory(manifests: Manifests) -> None:
    workload = Service(
        containers={"web": Container(image="x", files={"/srv/a.txt": FileSpec(content="A", mode="400")})}
    )
    found = manifests(workload)
    assert found["v1:ConfigMap:shop:shop-dev-shop-web-0"]["data"] == {"a.txt": "A"}
    spec = found["apps/v1:Deployment:shop:shop-dev-shop"]["spec"]["template"]["spec"]
    assert mounts(spec) == [{"name": "shop-dev-shop-web-0", "mountPath": "/srv"}]
    source = {"name": "shop-dev-shop-web-0", "defaultMode": 0o400}
    assert spec["volumes"] == [{"name": "shop-dev-shop-web-0", "configMap": source}]


@pytest.mark.parametrize("mode", ["644", "0644"])
def test_modes_are_octal_with_and_without_a_leading_zero(pod: Pod, mode: str) -> None:
    found = pod(web={"files": {"/srv/a": FileSpec(content="A", mode=mode)}})
    assert found["volumes"][0]["configMap"]["defaultMode"] == 420


def test_two_files_of_a_directory_are_mounted_one_by_one(pod: Pod) -> None:
    found = pod(web={"files": {"/etc/app/b": FileSpec(content="B"), "/etc/app/a": FileSpec(content="A")}})
    assert mounts(found) == [
        {"name": "shop-dev-shop-web-0", "mountPath": "/etc/app/a", "subPath": "a"},
        {"name": "shop-dev-shop-web-1", "mountPath": "/etc/app/b", "subPath": "b"},
    ]


def test_a_file_beside_or_above_another_hides_no_directory(pod: Pod) -> None:
    found = pod(
        web={
            "files": {
                "/etc/app/config": FileSpec(content="C"),
                "/etc/app/password": FileSpec(content_from=secret_ref("db", key="password")),
                "/srv/top": FileSpec(content="T"),
                "/srv/deep/er": FileSpec(content="D"),
            }
        }
    )
    assert [mount["mountPath"] for mount in mounts(found)] == [
        "/etc/app/config",
        "/etc/app/password",
        "/srv/deep",
        "/srv/top",
    ]


def test_a_file_can_leave_its_directory_as_the_image_has_it(pod: Pod) -> None:
    found = pod(web={"files": {"/etc/nginx/nginx.conf": FileSpec(content="x", keep_directory=True)}})
    assert mounts(found)[0]["mountPath"] == "/etc/nginx/nginx.conf"


def test_a_file_in_the_root_directory_does_not_replace_it(pod: Pod) -> None:
    assert mounts(pod(web={"files": {"/a": FileSpec(content="x")}}))[0]["mountPath"] == "/a"


def test_a_file_from_a_secret(pod: Pod) -> None:
    found = pod(web={"files": {"/etc/key": FileSpec(content_from=secret_ref("my.tls", key="tls.key"), mode="0400")}})
    assert mounts(found) == [{"name": "my-tls", "mountPath": "/etc/key", "subPath": "tls.key"}]
    assert found["volumes"] == [{"name": "my-tls", "secret": {"secretName": "my.tls", "defaultMode": 256}}]


def test_two_files_from_one_secret_share_a_volume(pod: Pod) -> None:
    files = {f"/etc/{key}": FileSpec(content_from=secret_ref("tls", key=key)) for key in ("crt", "key")}
    found = pod(web={"files": files}, agent={"files": files})
    assert [volume["name"] for volume in found["volumes"]] == ["tls"]
    assert mounts(found, 0) == mounts(found, 1)


def test_one_secret_with_different_modes_has_two_volumes(pod: Pod) -> None:
    found = pod(
        web={
            "files": {
                "/etc/a": FileSpec(content_from=secret_ref("tls", key="a")),
                "/etc/b": FileSpec(content_from=secret_ref("tls", key="b"), mode="0400"),
            },
            "dirs": {"/tls": "tls"},
        }
    )
    assert [volume["name"] for volume in found["volumes"]] == ["tls", "tls-2", "tls-3"]
    assert [mount["name"] for mount in mounts(found)] == ["tls", "tls-2", "tls-3"]


def test_a_directory_has_every_key_of_a_secret(pod: Pod) -> None:
    found = pod(web={"dirs": {"/etc/tls": "tls", "/etc/again": "tls"}})
    assert mounts(found) == [{"name": "tls", "mountPath": "/etc/again"}, {"name": "tls", "mountPath": "/etc/tls"}]
    assert found["volumes"] == [{"name": "tls", "secret": {"secretName": "tls"}}]


def test_a_file_may_be_beside_a_directory_with_the_same_beginning(pod: Pod) -> None:
    found = pod(web={"files": {"/etc/tls-old/a": FileSpec(content="x")}, "dirs": {"/etc/tls": "tls"}})
    assert [mount["mountPath"] for mount in mounts(found)] == ["/etc/tls-old", "/etc/tls"]


def test_a_secret_in_a_file_is_refused(pod: Pod) -> None:
    with pytest.raises(CompileError, match="a secret would be readable in data"):
        pod(web={"files": {"/etc/a": FileSpec(content=f"key={Secret('stripe')}")}})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"content": "x", "content_from": secret_ref("a", key="b")}, "either content or content_from"),
        ({}, "either content or content_from"),
        ({"content_from": Secret("a")}, "must be secret_ref"),
        ({"content_from": "secret://a/b"}, "must be secret_ref"),
        ({"content": "x", "mode": "0999"}, "mode: '0999' is no mode"),
        ({"content": "x", "mode": "7777"}, "mode: '7777' is no mode"),
    ],
)
def test_a_file_that_is_not_valid_is_refused_where_it_is_written(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(AppError, match=message):
        FileSpec(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"files": {"/": FileSpec(content="x")}}, "lacks the name of the file"),
        ({"files": {"etc/a": FileSpec(content="x")}}, "no absolute path"),
        ({"files": {"/etc/../a": FileSpec(content="x")}}, "not written plainly"),
        ({"files": {"/etc//a": FileSpec(content="x")}}, "not written plainly"),
        ({"files": {"/etc/a b": FileSpec(content="x")}}, "cannot be the name of a file"),
        ({"dirs": {"/etc/tls/": "tls"}}, "not written plainly"),
        ({"dirs": {"/etc/tls": "No_Name"}}, "no name of a Kubernetes object"),
        ({"files": {"/etc/tls/a": FileSpec(content="x")}, "dirs": {"/etc/tls": "tls"}}, "lies in /etc/tls"),
    ],
)
def test_a_path_that_is_not_valid_is_refused_where_it_is_written(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(AppError, match=message):
        Container(image="x", **fields)
