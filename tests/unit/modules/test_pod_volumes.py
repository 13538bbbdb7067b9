"""Volumes of a pod, and where its containers have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.errors import AppError
from kusion_dsl.module import Context
from kusion_dsl.testing import compile_app
from kusion_service import (
    Claim,
    ConfigMapVolume,
    Container,
    EmptyDir,
    ExistingClaim,
    FileSpec,
    InitContainer,
    Mount,
    SecretSpec,
    SecretVolume,
    Service,
)
from kusion_workload import pod_of

DEPLOYMENT = "apps/v1:Deployment:test:test-dev-shop"


def compiled(mounts: dict[str, Any], **fields: Any) -> Compiled:
    """A service with one container that has these mounts, checked against Kubernetes' own schemas."""
    files = fields.pop("files", {})
    workload = Service(containers={"web": Container(image="shop:1", mounts=mounts, files=files)}, **fields)
    return compile_app(AppConfiguration(name="shop", workload=workload))


def pod(mounts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    found = compiled(mounts, **fields).spec[DEPLOYMENT].to_json()["attributes"]["spec"]["template"]["spec"]
    assert isinstance(found, dict)
    return found


def refusal(build: Callable[[], object]) -> str:
    """What the author is told, without the file and line."""
    with pytest.raises(AppError) as caught:
        build()
    return "\n".join(caught.value.problems[0].details)


@pytest.mark.parametrize(
    ("volume", "source"),
    [
        (EmptyDir(), {"emptyDir": {}}),
        (EmptyDir(size="1024Mi", memory=True), {"emptyDir": {"sizeLimit": "1Gi", "medium": "Memory"}}),
        (ExistingClaim(name="shared"), {"persistentVolumeClaim": {"claimName": "shared"}}),
        (
            ExistingClaim(name="shared", read_only=True),
            {"persistentVolumeClaim": {"claimName": "shared", "readOnly": True}},
        ),
        (ConfigMapVolume(name="settings"), {"configMap": {"name": "settings", "defaultMode": 0o644}}),
        (SecretVolume(name="tls", mode="0400"), {"secret": {"secretName": "tls", "defaultMode": 0o400}}),
    ],
)
def test_volumes(volume: Any, source: dict[str, Any]) -> None:
    made = pod({"/data": "data"}, volumes={"data": volume})
    assert made["volumes"] == [{"name": "data", **source}]
    assert made["containers"][0]["volumeMounts"] == [{"name": "data", "mountPath": "/data"}]


def test_a_claim_is_made_and_comes_first() -> None:
    spec = compiled({"/data": "data"}, volumes={"data": Claim(size="10240Mi")}).spec
    claim = spec["v1:PersistentVolumeClaim:test:test-dev-shop-data"]
    assert claim.to_json()["attributes"] == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "test-dev-shop-data", "namespace": "test"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
    }
    assert claim.options == {}
    assert claim.id in spec[DEPLOYMENT].depends_on
    assert spec[DEPLOYMENT].attributes["spec"]["template"]["spec"]["volumes"] == [
        {"name": "data", "persistentVolumeClaim": {"claimName": "test-dev-shop-data"}}
    ]


def test_a_claim_in_detail() -> None:
    volume = Claim(size="1Gi", storage_class="fast", access_modes=("ReadWriteMany", "ReadOnlyMany"), retain=True)
    claim = compiled({"/data": "data"}, volumes={"data": volume}).spec[
        "v1:PersistentVolumeClaim:test:test-dev-shop-data"
    ]
    assert claim.attributes["spec"]["storageClassName"] == "fast"
    assert claim.attributes["spec"]["accessModes"] == ["ReadWriteMany", "ReadOnlyMany"]
    assert claim.options == {"retainOnDelete": True}


def test_claims_can_be_one_for_each_pod() -> None:
    context = Context("test", "dev", "shop", "workload", "service", "test")
    workload = Service(
        containers={"web": Container(image="x", mounts={"/data": "data"})},
        volumes={"data": Claim(size="1Gi", storage_class="fast"), "tmp": EmptyDir()},
    )
    made = pod_of(workload, context, claims_per_pod=True)
    assert [each["metadata"]["name"] for each in made.claim_templates] == ["data"]
    assert made.claim_templates[0]["spec"]["storageClassName"] == "fast"
    assert [each["name"] for each in made.spec["volumes"]] == ["tmp"]
    assert made.spec["containers"][0]["volumeMounts"] == [{"name": "data", "mountPath": "/data"}]
    assert made.resources == ()
    assert pod_of(workload, context).claim_templates == ()


def test_a_config_map_is_made_of_files() -> None:
    spec = compiled({"/etc/app": "settings"}, volumes={"settings": ConfigMapVolume(data={"a.conf": "A"}, mode="444")})
    config_map = spec.spec["v1:ConfigMap:test:test-dev-shop-settings"]
    assert config_map.attributes["data"] == {"a.conf": "A"}
    assert spec.spec[DEPLOYMENT].attributes["spec"]["template"]["spec"]["volumes"] == [
        {"name": "settings", "configMap": {"name": "test-dev-shop-settings", "defaultMode": 0o444}}
    ]


def test_a_secret_of_the_workload_comes_first() -> None:
    secrets = {"token": SecretSpec(type="token")}
    spec = compiled({"/etc/token": "token"}, volumes={"token": SecretVolume(name="token")}, secrets=secrets).spec
    assert "v1:Secret:test:token" in spec[DEPLOYMENT].depends_on


def test_a_mount_in_detail() -> None:
    mount = Mount(volume="data", sub_path="uploads/images", read_only=True)
    made = pod({"/srv/images": mount, "/data": "data"}, volumes={"data": EmptyDir()})
    assert made["containers"][0]["volumeMounts"] == [
        {"name": "data", "mountPath": "/data"},
        {"name": "data", "mountPath": "/srv/images", "subPath": "uploads/images", "readOnly": True},
    ]


def test_containers_share_volumes() -> None:
    workload = Service(
        containers={"web": Container(image="shop:1", mounts={"/srv": "site"})},
        init_containers={"build": InitContainer(image="build:1", mounts={"/out": Mount(volume="site")})},
        volumes={"site": EmptyDir()},
    )
    made = compile_app(AppConfiguration(name="shop", workload=workload)).spec[DEPLOYMENT]
    spec = made.attributes["spec"]["template"]["spec"]
    assert len(spec["volumes"]) == 1
    assert spec["initContainers"][0]["volumeMounts"] == [{"name": "site", "mountPath": "/out"}]


def test_volumes_of_files_find_names_of_their_own() -> None:
    files = {"/etc/app/config": FileSpec(content="a")}
    made = pod({"/data": "test-dev-shop-web-0"}, volumes={"test-dev-shop-web-0": EmptyDir()}, files=files)
    assert [each["name"] for each in made["volumes"]] == ["test-dev-shop-web-0", "test-dev-shop-web-0-2"]


@pytest.mark.parametrize("path", ["/etc/app", "/etc/app/data"])
def test_a_file_beside_a_volume_is_mounted_alone(path: str) -> None:
    made = pod({path: "data"}, volumes={"data": EmptyDir()}, files={"/etc/app/config": FileSpec(content="a")})
    assert made["containers"][0]["volumeMounts"] == [
        {"name": "test-dev-shop-web-0", "mountPath": "/etc/app/config", "subPath": "config"},
        {"name": "data", "mountPath": path},
    ]


def test_a_volume_that_is_not_there_is_refused() -> None:
    message = refusal(lambda: compiled({"/data": "dta"}, volumes={"data": EmptyDir()}))
    assert "containers.web.mounts[\"/data\"]: there is no volume 'dta'; there are data" in message
    message = refusal(lambda: compiled({"/data": Mount(volume="dta")}))
    assert "there is no volume 'dta'; the workload has no volumes" in message


def test_nothing_is_mounted_twice_at_a_path() -> None:
    fields: dict[str, Any] = {"image": "x", "mounts": {"/data": "data"}}
    assert "mounts: /data is in files too" in refusal(
        lambda: Container(**fields, files={"/data": FileSpec(content="a")})
    )
    assert "mounts: /data is in dirs too" in refusal(lambda: Container(**fields, dirs={"/data": "tls"}))
    fields["mounts"] = {"/etc/tls/more": "data"}
    assert "lies in /etc/tls, which has nothing but the keys of a Secret" in refusal(
        lambda: Container(**fields, dirs={"/etc/tls": "tls"})
    )


@pytest.mark.parametrize("volume", [ConfigMapVolume(name="a"), SecretVolume(name="a")])
def test_nothing_is_mounted_in_a_volume_that_is_fixed(volume: Any) -> None:
    inside = {"/etc/app/config": FileSpec(content="a")}
    message = refusal(lambda: compiled({"/etc/app": "fixed"}, volumes={"fixed": volume}, files=inside))
    assert "containers.web: /etc/app/config lies in /etc/app, where 'fixed' has its keys" in message
    other = {"/etc/app": "fixed", "/etc/app/data": "data"}
    message = refusal(lambda: compiled(other, volumes={"fixed": volume, "data": EmptyDir()}))
    assert "/etc/app/data lies in /etc/app" in message
    pod({"/etc/app": "fixed", "/etc/apps": "data"}, volumes={"fixed": volume, "data": EmptyDir()})


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: EmptyDir(size="big"), "size: 'big' is no quantity"),
        (lambda: Claim(size="10 GB"), "size: '10 GB' is no quantity"),
        (lambda: Claim(), "size: is required"),  # type: ignore[call-arg]
        (lambda: Claim(size="1Gi", access_modes=()), "access_modes: "),
        (
            lambda: Claim(size="1Gi", access_modes=("ReadWriteOncePod", "ReadOnlyMany")),
            "access_modes: ReadWriteOncePod stands alone",
        ),
        (lambda: ConfigMapVolume(), "either data or the name"),
        (lambda: ConfigMapVolume(name="a", data={"a": "b"}), "either data or the name"),
        (lambda: ConfigMapVolume(data={"a/b": "c"}), "'a/b' cannot be the name of a file"),
        (lambda: ConfigMapVolume(data={"..": "c"}), "'..' cannot be the name of a file"),
        (lambda: SecretVolume(name="a", mode="999"), "mode: '999' is no mode of a file"),
        (lambda: Mount(volume="Data"), "volume: 'Data' is not a DNS label"),
        (lambda: Mount(volume="a", sub_path="/b"), "sub_path: '/b' is no path within a volume"),
        (lambda: Mount(volume="a", sub_path="b/../c"), "sub_path: 'b/../c' is not written plainly"),
        (lambda: Container(image="x", mounts={"data": "data"}), "'data' is no absolute path"),
    ],
)
def test_what_is_not_valid_is_refused_where_it_is_written(build: Callable[[], object], message: str) -> None:
    assert message in refusal(build)
