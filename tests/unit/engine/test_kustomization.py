"""What the kustomizations of a target list, and whose they are."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from kusion_dsl.documents import load_yaml
from kusion_dsl.engine.kustomization import Kustomizations
from kusion_dsl.engine.manifest_files import HEADER, Identity, ManifestFiles, manifest_of
from kusion_dsl.model.change import Step

NAMESPACE = Identity("core", "v1", "Namespace", "", "shop")
DEFINITION = Identity("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "", "a.b")
CONFIG = Identity("core", "v1", "ConfigMap", "shop", "web")
DEPLOYMENT = Identity("apps", "v1", "Deployment", "shop", "web")
SECRET = Identity("core", "v1", "Secret", "shop", "s")
THEIRS = "resources:\n- ./configmap_core_v1_shop_web.yaml\n- other.yaml\n"


@pytest.fixture
def files(tmp_path: Path) -> ManifestFiles:
    return ManifestFiles(tmp_path / "out")


@pytest.fixture
def kustomizations(files: ManifestFiles) -> Kustomizations:
    return Kustomizations(files)


def create(files: ManifestFiles, *objects: Identity) -> None:
    for each in objects:
        version = each.version if each.group == "core" else f"{each.group}/{each.version}"
        metadata = {"name": each.name, **({"namespace": each.namespace} if each.namespace else {})}
        files.create(each, {"apiVersion": version, "kind": each.kind, "metadata": metadata})


def listed(directory: Path) -> Any:
    return load_yaml((directory / "kustomization.yaml").read_text(), "k").value["resources"]


def amiss(kustomizations: Kustomizations, known: Iterable[Identity] = ()) -> list[Step]:
    return list(kustomizations.amiss(known, ()))


def test_namespaces_and_definitions_come_first_and_the_bytes_are_the_same_whatever_came_first(
    kustomizations: Kustomizations, files: ManifestFiles
) -> None:
    create(files, DEPLOYMENT, NAMESPACE, CONFIG, DEFINITION)

    kustomizations.write()

    assert (files.directory / "kustomization.yaml").read_text() == (
        f"{HEADER}apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
        "- customresourcedefinition_apiextensions.k8s.io_v1__a.b.yaml\n- namespace_core_v1__shop.yaml\n"
        "- configmap_core_v1_shop_web.yaml\n- deployment_apps_v1_shop_web.yaml\n"
    )
    assert stat.S_IMODE((files.directory / "kustomization.yaml").stat().st_mode) == 0o644


def test_that_of_the_secrets_takes_in_the_manifests(kustomizations: Kustomizations, files: ManifestFiles) -> None:
    create(files, NAMESPACE, SECRET)

    kustomizations.write()

    assert listed(files.directory) == ["namespace_core_v1__shop.yaml"]
    assert listed(files.secrets) == ["../out", "secret_core_v1_shop_s.yaml"]
    assert stat.S_IMODE((files.secrets / "kustomization.yaml").stat().st_mode) == 0o600


def test_secrets_alone_take_in_nothing(kustomizations: Kustomizations, files: ManifestFiles) -> None:
    create(files, SECRET)
    kustomizations.write()
    assert listed(files.secrets) == ["secret_core_v1_shop_s.yaml"] and not files.directory.exists()


def test_files_of_others_are_not_listed_and_files_without_our_comment_are(
    kustomizations: Kustomizations, files: ManifestFiles
) -> None:
    create(files, CONFIG, DEPLOYMENT)
    bare = files.path(CONFIG)
    bare.write_text(bare.read_text().replace(HEADER, ""))
    (files.directory / "own.yaml").write_text(manifest_of({"kind": "ConfigMap"}))
    (files.directory / "my_values.yaml").write_bytes(b"\xff\xfe")
    (files.directory / "service_core_v1_shop_web.yaml").write_text("kind: Service\nmetadata: {name: other}\n")
    (files.directory / ".deployment_apps_v1_shop_web.yaml-1-x").write_text(HEADER)  # of a writer that was killed

    kustomizations.write()

    assert listed(files.directory) == ["configmap_core_v1_shop_web.yaml", "deployment_apps_v1_shop_web.yaml"]


def test_what_goes_is_no_longer_listed_and_the_last_one_takes_everything_along(
    kustomizations: Kustomizations, files: ManifestFiles
) -> None:
    create(files, NAMESPACE, CONFIG, SECRET)
    kustomizations.write()

    files.delete(CONFIG)
    files.delete(SECRET)
    kustomizations.write()
    assert listed(files.directory) == ["namespace_core_v1__shop.yaml"] and not files.secrets.exists()

    files.delete(NAMESPACE)
    kustomizations.write()
    assert not files.directory.exists()
    kustomizations.write()


def test_the_same_bytes_are_not_written_again(kustomizations: Kustomizations, files: ManifestFiles) -> None:
    create(files, CONFIG)
    kustomizations.write()
    before = (files.directory / "kustomization.yaml").stat()
    kustomizations.write()
    after = (files.directory / "kustomization.yaml").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_a_kustomization_of_somebody_elses_stays_and_is_the_only_one(
    kustomizations: Kustomizations, files: ManifestFiles, name: str
) -> None:
    create(files, CONFIG, SECRET)
    kustomizations.write()
    (files.directory / name).write_text(THEIRS)

    kustomizations.write()

    found = {path.name for path in files.directory.iterdir()} & {
        "kustomization.yaml",
        "kustomization.yml",
        "Kustomization",
    }
    assert found == {name} and (files.directory / name).read_text() == THEIRS
    assert listed(files.secrets) == ["../out", "secret_core_v1_shop_s.yaml"]


def test_somebody_elses_is_told_only_where_it_leaves_something_out(
    kustomizations: Kustomizations, files: ManifestFiles
) -> None:
    create(files, CONFIG)
    (files.directory / "kustomization.yaml").write_text(THEIRS)
    assert amiss(kustomizations) == []

    create(files, DEPLOYMENT)
    [step] = kustomizations.amiss([DEPLOYMENT], [NAMESPACE])
    assert (step.id, step.operation) == ("out/kustomization.yaml", "same")
    assert step.wanted is not None
    assert step.wanted["resources"] == ["deployment_apps_v1_shop_web.yaml", "namespace_core_v1__shop.yaml"]


def test_what_is_right_is_not_told(kustomizations: Kustomizations, files: ManifestFiles) -> None:
    assert amiss(kustomizations) == []
    create(files, NAMESPACE, SECRET)
    kustomizations.write()
    assert amiss(kustomizations, [NAMESPACE, SECRET]) == []


def test_an_object_whose_file_is_gone_is_no_fault_of_the_kustomization(
    kustomizations: Kustomizations, files: ManifestFiles
) -> None:
    create(files, NAMESPACE, CONFIG)
    kustomizations.write()
    files.path(CONFIG).unlink()
    assert amiss(kustomizations, [NAMESPACE, CONFIG]) == []


def test_where_everything_was_deleted_that_is_not_told_once_more(kustomizations: Kustomizations) -> None:
    assert amiss(kustomizations, [NAMESPACE, SECRET]) == []


def test_what_was_edited_is_told_and_repaired(kustomizations: Kustomizations, files: ManifestFiles) -> None:
    create(files, NAMESPACE, CONFIG)
    kustomizations.write()
    path = files.directory / "kustomization.yaml"
    right = path.read_text()
    path.write_text(right.replace("- configmap_core_v1_shop_web.yaml\n", "namePrefix: x-\n"))

    [step] = amiss(kustomizations)
    kustomizations.write()

    assert (step.operation, step.drifted) == ("update", ("namePrefix", "resources"))
    assert path.read_text() == right


@pytest.mark.parametrize("text", ["", "- 1\n", "a: b: c\n"])
def test_one_that_says_nothing_is_told_and_repaired(
    kustomizations: Kustomizations, files: ManifestFiles, text: str
) -> None:
    create(files, CONFIG)
    kustomizations.write()
    path = files.directory / "kustomization.yaml"
    right = path.read_text()
    path.write_text(HEADER + text)

    assert [step.operation for step in amiss(kustomizations)] == ["update"]
    kustomizations.write()
    assert path.read_text() == right


def test_one_that_was_deleted_is_told_and_written_again(kustomizations: Kustomizations, files: ManifestFiles) -> None:
    create(files, CONFIG, SECRET)
    kustomizations.write()
    for directory in (files.directory, files.secrets):
        (directory / "kustomization.yaml").unlink()

    assert [(step.id, step.operation) for step in amiss(kustomizations)] == [
        ("out/kustomization.yaml", "create"),
        ("out.secrets/kustomization.yaml", "create"),
    ]
    kustomizations.write()
    assert amiss(kustomizations) == []


def test_who_lists_a_shared_directory_is_alone_with_it(kustomizations: Kustomizations, files: ManifestFiles) -> None:
    """Else somebody could list it before, and write that down after, another stack's run has added a file."""
    create(files, CONFIG)
    descriptor = os.open(files.directory, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    writer = threading.Thread(target=kustomizations.write)
    writer.start()
    writer.join(0.3)

    create(files, DEPLOYMENT)
    os.close(descriptor)
    writer.join()

    assert listed(files.directory) == ["configmap_core_v1_shop_web.yaml", "deployment_apps_v1_shop_web.yaml"]
