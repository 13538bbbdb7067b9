"""One file per object: its name, its bytes, and whose it is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.documents import load_yaml
from kusion_dsl.engine.manifest_files import HEADER, Identity, ManifestFiles, manifest_of
from kusion_dsl.errors import EngineError
from tests.crash.boundaries import boundaries

WEB = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"replicas": 1},
}
IDENTITY = Identity("apps", "v1", "Deployment", "shop", "web")
SECRET = Identity("core", "v1", "Secret", "shop", "s")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "out"


@pytest.fixture
def files(directory: Path) -> ManifestFiles:
    return ManifestFiles(directory)


def test_identity_of_a_resource_is_that_of_its_object() -> None:
    assert Identity.of_resource("kubernetes:apps/v1:Deployment", "shop/web") == IDENTITY == Identity.of_object(WEB)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    assert Identity.of_resource("kubernetes:core/v1:Namespace", "shop") == Identity.of_object(namespace)
    assert Identity.of_object([]) is None and Identity.of_object({"metadata": 1}) is None
    assert IDENTITY.id == "shop/web" and Identity("core", "v1", "Namespace", "", "shop").id == "shop"


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        (IDENTITY, "deployment_apps_v1_shop_web.yaml"),
        (Identity("core", "v1", "Namespace", "", "shop"), "namespace_core_v1__shop.yaml"),
        (
            Identity("rbac.authorization.k8s.io", "v1", "ClusterRole", "", "system:Admin_x/y"),
            "clusterrole_rbac.authorization.k8s.io_v1__system%3A%41dmin%5Fx%2Fy.yaml",
        ),
    ],
)
def test_names_are_readable(identity: Identity, name: str) -> None:
    assert identity.file_name == name


part = st.text(st.sampled_from("ab_%./A\u00e9:"), max_size=4)
identities = st.builds(Identity, part, part, part.map(str.lower), part, st.text(max_size=300))


@given(identities, identities)
def test_different_objects_have_different_files(one: Identity, other: Identity) -> None:
    assert (one.file_name == other.file_name) == (one == other)
    assert len(one.file_name.encode()) <= 240 and "/" not in one.file_name
    assert one.file_name == one.file_name.lower() or "%" in one.file_name


scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(allow_nan=False)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@given(st.dictionaries(st.text(), values))
def test_what_is_written_is_read_again(obj: dict[str, Any]) -> None:
    assert load_yaml(manifest_of(obj), "f").value == obj


def test_order_is_that_which_people_expect_whatever_it_was() -> None:
    container = {"image": "x", "name": "web", "args": ["b", "a"]}
    obj = {
        "status": {},
        "spec": {"z": 1, "containers": [container]},
        "metadata": {"annotations": {}, "name": "web", "labels": {"b": "1", "a": "no"}},
        "kind": "Pod",
        "apiVersion": "v1",
    }
    turned = dict(reversed(obj.items()))

    assert manifest_of(obj) == manifest_of(turned)
    assert manifest_of(obj) == (
        f'{HEADER}apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels:\n    a: "no"\n    b: "1"\n'
        "  annotations: {}\nspec:\n  containers:\n  - name: web\n    args:\n    - b\n    - a\n    image: x\n  z: 1\nstatus: {}\n"
    )


def test_create_read_update_delete(files: ManifestFiles, directory: Path) -> None:
    assert files.read(IDENTITY) is None
    files.create(IDENTITY, WEB)
    assert files.read(IDENTITY) == WEB
    files.update(IDENTITY, {**WEB, "spec": {"replicas": 2}})
    assert files.read(IDENTITY) == {**WEB, "spec": {"replicas": 2}}
    files.delete(IDENTITY)
    assert files.read(IDENTITY) is None and not directory.exists()
    files.delete(IDENTITY)


def test_same_bytes_are_not_written_again(files: ManifestFiles) -> None:
    files.create(IDENTITY, WEB)
    path = files.path(IDENTITY)
    before = path.stat()
    files.create(IDENTITY, WEB)
    files.update(IDENTITY, WEB)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_modes(files: ManifestFiles, directory: Path) -> None:
    files.create(IDENTITY, WEB)
    files.create(SECRET, {"kind": "Secret"})
    secrets = directory.with_name("out.secrets")

    assert files.path(SECRET).parent == secrets
    assert stat.S_IMODE(files.path(IDENTITY).stat().st_mode) == 0o644
    assert stat.S_IMODE(files.path(SECRET).stat().st_mode) == 0o600
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    secrets.chmod(0o755)
    files.update(SECRET, {"kind": "Secret", "data": {}})
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700


def test_git_ignores_secrets_whenever_a_run_is_killed(files: ManifestFiles, directory: Path) -> None:
    """A file that says nothing would stay like that: it is there."""
    ignore = directory.with_name("out.secrets") / ".gitignore"
    seen: set[str] = set()
    with boundaries(lambda number, boundary: seen.add(ignore.read_text() if ignore.exists() else "none")):
        files.create(SECRET, {"metadata": {"name": "s"}})
    assert seen == {"none", "*\n"}


def test_secrets_directory_goes_with_its_own_gitignore_only(files: ManifestFiles, directory: Path) -> None:
    secrets = directory.with_name("out.secrets")
    files.create(SECRET, {"kind": "Secret"})
    (secrets / ".gitignore").write_text("mine\n")
    files.delete(SECRET)
    assert [path.name for path in secrets.iterdir()] == [".gitignore"]

    (secrets / ".gitignore").unlink()
    files.create(SECRET, {"kind": "Secret"})
    files.delete(SECRET)
    assert not secrets.exists()


@pytest.mark.parametrize("text", ["", "# mine\n", "kind: Other\n", "{", "kind: Deployment\nmetadata: {name: web}\n"])
def test_foreign_file_is_neither_changed_nor_removed(files: ManifestFiles, directory: Path, text: str) -> None:
    directory.mkdir(parents=True)
    files.path(IDENTITY).write_text(text)

    for act in (files.create, files.update):
        with pytest.raises(EngineError, match=r"deployment_apps_v1_shop_web\.yaml: there is a file in the place"):
            act(IDENTITY, WEB)
    files.delete(IDENTITY)
    assert files.path(IDENTITY).read_text() == text


def test_own_object_without_our_comment_is_still_ours(files: ManifestFiles, directory: Path) -> None:
    """A formatter that drops comments makes no file foreign."""
    files.create(IDENTITY, WEB)
    path = files.path(IDENTITY)
    bare = path.read_text().replace(HEADER, "").replace("replicas: 1", "replicas: 7")

    path.write_text(bare)
    with pytest.raises(EngineError):
        files.create(IDENTITY, WEB)
    files.update(IDENTITY, WEB)
    assert path.read_text().startswith(HEADER)

    path.write_text(bare)
    files.delete(IDENTITY)
    assert not path.exists()


def test_object_that_lies_there_is_adopted(files: ManifestFiles, directory: Path) -> None:
    directory.mkdir(parents=True)
    files.path(IDENTITY).write_text(manifest_of(WEB).replace(HEADER, ""))
    files.create(IDENTITY, WEB)
    assert files.path(IDENTITY).read_text() == manifest_of(WEB)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\na: 2\n", r"yaml:2:1: this is not YAML\n"),
        (b"- 1\n", r"yaml:1:1: there is no object in this file"),
        (b"# nothing\n", r"yaml: there is no object in this file"),
        (b"\xff\xfe", r"yaml: this file is not text"),
    ],
)
def test_file_that_holds_no_object_is_told(files: ManifestFiles, directory: Path, content: bytes, message: str) -> None:
    directory.mkdir(parents=True)
    files.path(IDENTITY).write_bytes(content)
    with pytest.raises(EngineError, match=message):
        files.read(IDENTITY)


def test_what_cannot_be_written_leaves_what_was_there(files: ManifestFiles, directory: Path) -> None:
    files.create(IDENTITY, WEB)
    before = files.path(IDENTITY).read_text()
    with pytest.raises(UnicodeEncodeError):
        files.update(IDENTITY, {**WEB, "spec": {"x": "\udc80"}})
    assert files.path(IDENTITY).read_text() == before
    assert len(list(directory.iterdir())) == 1


def test_leftovers_of_a_killed_writer_are_swept(files: ManifestFiles, directory: Path) -> None:
    directory.mkdir(parents=True)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    dead, alive = (directory / f".{IDENTITY.file_name}-{pid}-x" for pid in (gone.pid, os.getpid()))
    for leftover in (dead, alive):
        leftover.write_text("half")

    files.create(IDENTITY, WEB)

    assert not dead.exists() and alive.exists()
