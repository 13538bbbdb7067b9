"""Workspaces in a store: revisions that are never lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kusion_dsl.errors import BusyError, DamagedError, KusionError, WorkspaceError
from kusion_dsl.storage.file import FileStore
from kusion_dsl.storage.workspaces import DEFAULT, Workspaces

FOLDER = ".kusion/v1/workspaces"


@pytest.fixture
def workspaces(tmp_path: Path) -> Workspaces:
    return Workspaces(FileStore(tmp_path))


def test_the_built_in_workspace_exists_and_is_empty(workspaces: Workspaces, tmp_path: Path) -> None:
    assert workspaces.list() == (DEFAULT,)
    assert workspaces.get(DEFAULT) == ("", 0)
    assert list(tmp_path.iterdir()) == []


def test_a_workspace_is_what_its_newest_revision_says(workspaces: Workspaces, tmp_path: Path) -> None:
    assert workspaces.create("prod", "context: {}\n") == 1
    assert workspaces.update("prod", "context: {a: ü}\n") == 2
    assert workspaces.get("prod") == ("context: {a: ü}\n", 2)
    assert workspaces.list() == (DEFAULT, "prod")
    assert (tmp_path / FOLDER / "prod/00000001.yaml").read_text() == "context: {}\n"
    assert workspaces.place("prod", 2) == str(tmp_path / FOLDER / "prod/00000002.yaml")


def test_the_built_in_workspace_can_be_updated_and_nothing_else(workspaces: Workspaces) -> None:
    assert workspaces.update(DEFAULT, "modules: {}\n") == 1
    assert workspaces.get(DEFAULT) == ("modules: {}\n", 1)
    with pytest.raises(WorkspaceError, match="there is a workspace 'default' already"):
        workspaces.create(DEFAULT, "")
    with pytest.raises(WorkspaceError, match="cannot be deleted"):
        workspaces.delete(DEFAULT)
    with pytest.raises(WorkspaceError, match="cannot be renamed"):
        workspaces.rename(DEFAULT, "other")
    workspaces.create("prod", "")
    with pytest.raises(WorkspaceError, match="there is a workspace 'default' already"):
        workspaces.rename("prod", DEFAULT)
    assert workspaces.list() == (DEFAULT, "prod")


def test_a_name_that_was_deleted_can_be_used_again_and_its_numbers_go_on(workspaces: Workspaces) -> None:
    workspaces.create("prod", "one")
    workspaces.delete("prod")
    assert workspaces.list() == (DEFAULT,)
    with pytest.raises(WorkspaceError, match="there is no workspace 'prod'"):
        workspaces.update("prod", "two")
    assert workspaces.create("prod", "three") == 3


def test_a_renamed_workspace_keeps_its_text(workspaces: Workspaces) -> None:
    workspaces.create("prod", "one")
    workspaces.create("aws", "other")
    with pytest.raises(WorkspaceError, match="there is a workspace 'aws' already"):
        workspaces.rename("prod", "aws")
    assert workspaces.rename("prod", "live") == 1
    assert workspaces.list() == ("aws", DEFAULT, "live")
    assert workspaces.get("live").text == "one"
    assert workspaces.get("aws").text == "other"


def test_an_unknown_workspace_is_told_with_the_nearest_one(workspaces: Workspaces, tmp_path: Path) -> None:
    workspaces.create("production", "")
    with pytest.raises(WorkspaceError, match="there is no workspace 'prodction'\n  did you mean 'production'"):
        workspaces.get("prodction")
    with pytest.raises(WorkspaceError, match=r"`kusion workspace create xyz -f FILE`; there are default, production"):
        workspaces.delete("xyz")
    assert len(list((tmp_path / FOLDER).rglob("*.yaml"))) == 1


@pytest.mark.parametrize("name", ["", "a.b", "A", "a/b", "..", "../x", "-a", "a" * 64, "a b"])
def test_a_name_that_is_no_label_is_refused(workspaces: Workspaces, tmp_path: Path, name: str) -> None:
    with pytest.raises(WorkspaceError, match="the name"):
        workspaces.create(name, "")
    with pytest.raises(WorkspaceError, match="there is no workspace"):
        workspaces.get(name)
    assert list(tmp_path.iterdir()) == []


def test_of_two_updates_at_one_moment_one_is_refused_and_none_is_lost(tmp_path: Path) -> None:
    class Interrupted(FileStore):
        """Another update happens between reading and writing."""

        def put_new(self, key: str, data: bytes) -> bool:
            Workspaces(FileStore(tmp_path)).update("prod", "theirs")
            return super().put_new(key, data)

    Workspaces(FileStore(tmp_path)).create("prod", "one")
    with pytest.raises(BusyError, match="somebody else changed the workspace 'prod' at the same moment"):
        Workspaces(Interrupted(tmp_path)).update("prod", "ours")
    assert Workspaces(FileStore(tmp_path)).get("prod") == ("theirs", 2)


def test_a_damaged_workspace_is_named_and_can_be_replaced(workspaces: Workspaces, tmp_path: Path) -> None:
    workspaces.create("prod", "one")
    path = tmp_path / FOLDER / "prod/00000001.yaml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DamagedError) as raised:
        workspaces.get("prod")
    assert str(path) in str(raised.value)
    assert workspaces.list() == (DEFAULT, "prod")
    workspaces.update("prod", "two")
    assert workspaces.get("prod") == ("two", 2)


class WorkspaceMachine(RuleBasedStateMachine):
    """Workspaces behave as a dictionary of texts does, and every revision written stays."""

    names = st.sampled_from([DEFAULT, "a", "b"])
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.directory = tempfile.TemporaryDirectory()
        self.workspaces = Workspaces(FileStore(Path(self.directory.name)))
        self.model: dict[str, str] = {DEFAULT: ""}
        self.written: dict[Path, bytes] = {}

    def teardown(self) -> None:
        self.directory.cleanup()

    @rule(name=names, text=texts)
    def create(self, name: str, text: str) -> None:
        if self._works(lambda: self.workspaces.create(name, text), name not in self.model):
            self.model[name] = text

    @rule(name=names, text=texts)
    def update(self, name: str, text: str) -> None:
        if self._works(lambda: self.workspaces.update(name, text), name in self.model):
            self.model[name] = text

    @rule(name=names)
    def delete(self, name: str) -> None:
        if self._works(lambda: self.workspaces.delete(name), name in self.model and name != DEFAULT):
            del self.model[name]

    @rule(name=names, new=names)
    def rename(self, name: str, new: str) -> None:
        fine = name in self.model and name != DEFAULT and new not in self.model
        if self._works(lambda: self.workspaces.rename(name, new), fine):
            self.model[new] = self.model.pop(name)

    def _works(self, act: object, expected: bool) -> bool:
        assert callable(act)
        try:
            act()
        except KusionError:
            assert not expected
            return False
        assert expected
        return True

    @invariant()
    def are_the_same(self) -> None:
        assert self.workspaces.list() == tuple(sorted(self.model))
        assert {name: self.workspaces.get(name).text for name in self.model} == self.model

    @invariant()
    def keep_all_revisions(self) -> None:
        now = {path: path.read_bytes() for path in Path(self.directory.name).rglob("*.yaml")}
        assert self.written.items() <= now.items()
        self.written = now


TestWorkspaceMachine = WorkspaceMachine.TestCase
TestWorkspaceMachine.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
