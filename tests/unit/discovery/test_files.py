"""Which files modules get to read."""

from pathlib import Path

import pytest

from kusion_dsl.discovery.files import StackFiles
from kusion_dsl.discovery.projects import find_stack
from kusion_dsl.documents import DocumentError
from kusion_dsl.errors import CompileError
from kusion_dsl.testing import generate


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a stack in a project, beside which there are files that are nobody's business."""
    directory = tmp_path / "project" / "dev"
    directory.mkdir(parents=True)
    (tmp_path / "project" / "project.yaml").write_text("name: shop\n")
    (directory / "stack.yaml").write_text("name: dev\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.yaml").write_text("secret")
    monkeypatch.chdir(tmp_path / "project")
    return directory


@pytest.fixture
def files(stack: Path) -> StackFiles:
    return StackFiles(find_stack(stack))


def refusal(files: StackFiles, path: str) -> str:
    with pytest.raises(CompileError) as caught:
        files(path)
    return str(caught.value)


def test_a_file_has_any_ending(stack: Path, files: StackFiles) -> None:
    (stack / "objects").write_text("a")
    assert files("./objects") == {"dev/objects": "a"}


def test_below_a_directory_manifests_are_found_in_order(stack: Path, files: StackFiles) -> None:
    (stack / "m" / "b" / ".hidden").mkdir(parents=True)
    (stack / "m" / "d.yaml").mkdir()
    for name in ("z.yaml", "a.YML", "b/c.json", "b/.hidden/d.yaml", "b/notes.md", "yaml", "d.yaml/e.yaml"):
        (stack / "m" / name).write_text(name)
    assert list(files("m").items()) == [
        (f"dev/m/{name}", name) for name in ("a.YML", "b/.hidden/d.yaml", "b/c.json", "d.yaml/e.yaml", "z.yaml")
    ]


def test_the_projects_other_directories_may_be_read(stack: Path, files: StackFiles) -> None:
    (stack.parent / "shared").mkdir()
    (stack.parent / "shared" / "a.yaml").write_text("a")
    assert files("../shared") == files("../shared/a.yaml") == {"shared/a.yaml": "a"}


@pytest.mark.parametrize("path", ["../../outside/a.yaml", "../../outside", "../..", "../../missing", "/"])
def test_nothing_outside_of_the_project_is_read(files: StackFiles, path: str) -> None:
    told = refusal(files, path)
    assert f"the path '{path}' leads out of the project" in told
    assert "relative to the stack's directory" in told


def test_a_path_does_not_begin_at_the_root(stack: Path, files: StackFiles) -> None:
    (stack / "a.yaml").write_text("a")
    assert "leads out of the project" in refusal(files, str(stack / "a.yaml"))


def test_links_do_not_lead_out(tmp_path: Path, stack: Path, files: StackFiles) -> None:
    (stack / "m").mkdir()
    (stack / "file.yaml").symlink_to(tmp_path / "outside" / "a.yaml")
    (stack / "directory").symlink_to(tmp_path / "outside")
    (stack / "m" / "link.yaml").symlink_to(tmp_path / "outside" / "a.yaml")
    assert "leads out of the project" in refusal(files, "file.yaml")
    assert "leads out of the project" in refusal(files, "directory")
    assert "leads out of the project" in refusal(files, "directory/a.yaml")
    assert "dev/m/link.yaml is a link that leads out of the project" in refusal(files, "m")


def test_links_within_the_project_are_followed(stack: Path, files: StackFiles) -> None:
    (stack / "m").mkdir()
    (stack.parent / "a.yaml").write_text("a")
    (stack / "m" / "link.yaml").symlink_to(stack.parent / "a.yaml")
    (stack / "m" / "loop").symlink_to(stack)
    assert files("m") == {"a.yaml": "a"}


def test_what_is_not_there_is_told_with_what_is(stack: Path, files: StackFiles) -> None:
    (stack / "manifest.yaml").write_text("")
    (stack / "empty").mkdir()
    told = refusal(files, "manifests.yaml")
    assert told == "there is no file and no directory 'manifests.yaml'\n  did you mean 'manifest.yaml'?"
    assert "paths are relative to the stack's directory, dev" in refusal(files, "nowhere/at/all")
    assert "the directory 'empty' has no manifests" in refusal(files, "empty")


def test_a_file_that_is_no_text_is_refused(stack: Path, files: StackFiles) -> None:
    (stack / "a.yaml").write_bytes(b"a\n\xff")
    with pytest.raises(DocumentError, match=r"dev/a\.yaml:2:1: this is not UTF-8 text"):
        files("a.yaml")


def test_a_stacks_manifests_are_compiled(stack: Path) -> None:
    (stack / "app.py").write_text(
        "from kusion_dsl import AppConfiguration\n"
        "from kusion_k8s_manifest import K8sManifest\n\n\n"
        "class Shop(AppConfiguration):\n"
        '    manifests = K8sManifest(paths=["m"])\n'
    )
    (stack / "m").mkdir()
    manifest = stack / "m" / "a.yaml"
    manifest.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n")
    assert [each.id for each in generate(stack).spec.resources] == ["v1:ConfigMap:a", "v1:Namespace:shop"]
    manifest.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n")
    with pytest.raises(CompileError, match=r"dev/m/a\.yaml:1:1: this object has no metadata\.name"):
        generate(stack)
    manifest.write_bytes(b"\xff")
    with pytest.raises(CompileError, match=r"dev/m/a\.yaml:1:1: this is not UTF-8 text"):
        generate(stack)
    manifest.unlink()
    with pytest.raises(CompileError, match=r"dev/app\.py:6: the directory 'm' has no manifests"):
        generate(stack)
