"""Where to look for what a create that was cut off has made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kusion_dsl.engine.journal.adoption import CLEAR, PendingCreate
from kusion_dsl.engine.journal.leftovers import leftovers
from kusion_dsl.engine.manifest_files import Identity, ManifestFiles
from kusion_dsl.errors import EngineError, RefusedError

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
OBJECT = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "shop"}}
CIPHER = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:canary"}


def create(type: str, inputs: dict[str, Any], provider: dict[str, Any] | None = None) -> PendingCreate:
    return PendingCreate(f"urn:pulumi:prod.dev::shop::{type}::a:b::c", type, inputs, provider or {})


def test_a_password_that_was_not_recorded_exists_nowhere(tmp_path: Path) -> None:
    assert leftovers(tmp_path)(create("kusion:index:RandomPassword", {"length": 16})) is None


def test_a_manifest_exists_if_its_file_is_there_and_ours(tmp_path: Path) -> None:
    pending = create(CONFIG_MAP, OBJECT, {"renderYamlToDirectory": "out"})
    find = leftovers(tmp_path)
    files, identity = ManifestFiles(tmp_path / "out"), Identity.of_resource(CONFIG_MAP, "shop/web")
    assert find(pending) is None

    files.create(identity, OBJECT)
    assert find(pending) == "shop/web"

    files.path(identity).write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}\n")
    assert find(pending) is None, "somebody else has written it"
    files.path(identity).write_bytes(b"\xff")
    with pytest.raises(EngineError, match="not text"):
        find(pending)


def test_a_manifest_in_an_absolute_directory(tmp_path: Path) -> None:
    cluster_role = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
    ManifestFiles(tmp_path / "out").create(Identity.of_resource(cluster_role, "reader"), {"kind": "ClusterRole"})
    inputs = {"metadata": {"name": "reader"}}
    assert leftovers(Path("/elsewhere"))(
        create(cluster_role, inputs, {"renderYamlToDirectory": f"{tmp_path}/x/../out"})
    ) == ("reader")


def test_of_a_cluster_the_engine_asks(tmp_path: Path) -> None:
    find = leftovers(tmp_path)
    assert find(create(CONFIG_MAP, OBJECT)) == "shop/web"
    assert find(create("kubernetes:core/v1:Namespace", {"metadata": {"name": "shop"}}, {"context": "a"})) == "shop"


@pytest.mark.parametrize(
    ("type", "inputs", "id"),
    [
        ("aws:rds/instance:Instance", {"identifier": "shop-db", "password": CIPHER}, "shop-db"),
        ("aws:rds/cluster:Cluster", {"clusterIdentifier": "shop"}, "shop"),
        ("aws:s3/bucket:Bucket", {"bucket": "files"}, "files"),
        ("aws:opensearch/domain:Domain", {"domainName": "search"}, "search"),
    ],
)
def test_ids_that_the_inputs_determine(tmp_path: Path, type: str, inputs: dict[str, Any], id: str) -> None:
    assert leftovers(tmp_path)(create(type, inputs)) == id


@pytest.mark.parametrize(
    ("type", "inputs"),
    [
        ("aws:ec2/securityGroup:SecurityGroup", {"name": "shop-db", "description": "x", "password": CIPHER}),
        ("aws:rds/instance:Instance", {"identifierPrefix": "shop-db", "allocatedStorage": 5}),
        ("aws:rds/instance:Instance", {"identifier": "", "name": "shop-db"}),
        ("aws:rds/instance:Instance", {"identifier": CIPHER, "name": "shop-db"}),
        ("random:index/randomId:RandomId", {"prefix": "shop-db"}),
        (CONFIG_MAP, {"metadata": {"generateName": "web-"}, "vpcId": "shop-db"}),
        (CONFIG_MAP, {"metadata": {"name": "", "namespace": "shop"}, "vpcId": "shop-db"}),
        (CONFIG_MAP, {"metadata": {"name": CIPHER}, "vpcId": "shop-db"}),
        (CONFIG_MAP, {"metadata": {"name": "web", "namespace": CIPHER}, "vpcId": "shop-db"}),
        (CONFIG_MAP, {"metadata": CIPHER, "vpcId": "shop-db"}),
    ],
)
def test_what_nobody_can_know(tmp_path: Path, type: str, inputs: dict[str, Any]) -> None:
    with pytest.raises(RefusedError) as caught:
        leftovers(tmp_path)(create(type, inputs, {"renderYamlToDirectory": "out"}))

    problem = caught.value.problems[0]
    assert problem.where == "a:b::c"
    assert type in problem.what
    assert problem.hint == CLEAR
    assert any(detail.endswith(": shop-db") for detail in problem.details), "what to look for"
    assert "canary" not in str(caught.value)
    assert "description" not in str(caught.value)
