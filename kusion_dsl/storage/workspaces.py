"""Workspaces, as they lie in a store.

::

    .kusion/v1/workspaces/<name>/00000003.yaml   the text of a revision; the newest is the workspace

Revisions are never changed or removed, a deletion is one of its own, so numbers only grow and no update is lost: of
two at the same moment one is refused. The workspace ``default`` exists without a file, and is empty then. What the
text means is not known here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from kusion_dsl.errors import BusyError, DamagedError, WorkspaceError, did_you_mean
from kusion_dsl.model.names import label_problem
from kusion_dsl.storage.store import Store

ROOT = ".kusion/v1/workspaces/"
DEFAULT = "default"
"""The name of the built-in workspace."""

_NAME = re.compile(r"(?P<name>[^/]+)/(?P<revision>[0-9]{8,})\.yaml")
_DELETED = b"# This workspace was deleted; numbers go on from here should it be created again.\n"


class WorkspaceText(NamedTuple):
    """What a workspace says, and the revision of that; 0 for the built-in ``default`` without a file."""

    text: str
    revision: int


class Workspaces:
    """The workspaces in a store. Every method raises StorageError when the store cannot be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self) -> tuple[str, ...]:
        """The names of all workspaces, ``default`` included, sorted."""
        names = {DEFAULT}
        for key in self._store.list(ROOT):
            match = _NAME.fullmatch(key.removeprefix(ROOT))
            if match:
                names.add(match["name"])
        return tuple(sorted(name for name in names if self._newest(name) is not None))

    def get(self, name: str) -> WorkspaceText:
        """A workspace. Raises WorkspaceError if there is none of this name, DamagedError if it is no text."""
        data, revision = self._existing(name)
        try:
            return WorkspaceText(data.decode(), revision)
        except UnicodeDecodeError:
            hint = f"restore this file from a copy of the backend, or run `kusion workspace update {name}`"
            raise DamagedError("the workspace is not text", where=self.place(name, revision), hint=hint) from None

    def place(self, name: str, revision: int) -> str:
        """Where a revision lies, for messages about its content."""
        return self._store.place(_key(name, revision)) if revision else f"the built-in workspace {name}"

    def create(self, name: str, text: str) -> int:
        """Create a workspace; gives its revision. Raises WorkspaceError if there is one of this name, or it cannot be."""
        problem = label_problem(name)
        if problem:
            raise WorkspaceError(f"the name '{name}' {problem}", hint="choose another name")
        if self._newest(name) is not None:
            hint = f"change it with `kusion workspace update {name}`"
            raise WorkspaceError(f"there is a workspace '{name}' already", where=self._store.url, hint=hint)
        return self._write(name, self._revision(name) + 1, text.encode())

    def update(self, name: str, text: str) -> int:
        """Give a workspace another text; gives its revision. Raises WorkspaceError if there is none of this name."""
        return self._write(name, self._existing(name)[1] + 1, text.encode())

    def rename(self, name: str, new: str) -> int:
        """Give a workspace another name; gives the revision under it. Raises WorkspaceError as create and delete do.

        A process that dies in between leaves both; nothing is lost.
        """
        self._check_not_built_in(name, "renamed")
        text, revision = self.get(name)
        created = self.create(new, text)
        self._write(name, revision + 1, _DELETED)
        return created

    def delete(self, name: str) -> None:
        """Delete a workspace. Raises WorkspaceError for one that does not exist, or is built in."""
        self._check_not_built_in(name, "deleted")
        self._write(name, self._existing(name)[1] + 1, _DELETED)

    def _check_not_built_in(self, name: str, what: str) -> None:
        if name == DEFAULT:
            raise WorkspaceError(f"the built-in workspace '{name}' cannot be {what}", hint="it can be updated")

    def _revision(self, name: str) -> int:
        """The newest revision of a name, that of a deletion included; 0 if there is none."""
        matches = (_NAME.fullmatch(key.removeprefix(ROOT)) for key in self._store.list(f"{ROOT}{name}/"))
        return max((int(match["revision"]) for match in matches if match), default=0)

    def _existing(self, name: str) -> tuple[bytes, int]:
        found = self._newest(name)
        if found is None:
            names = self.list()
            near = did_you_mean(name, names)
            create = f"create it with `kusion workspace create {name} -f FILE`"
            hint = f"{near} else: {create}" if near else f"{create}; there are {', '.join(names)}"
            raise WorkspaceError(f"there is no workspace '{name}'", where=self._store.url, hint=hint)
        return found

    def _newest(self, name: str) -> tuple[bytes, int] | None:
        """The content and the number of the newest revision, None if that is a deletion or there is none."""
        revision = 0 if label_problem(name) else self._revision(name)
        if not revision:
            return (b"", 0) if name == DEFAULT else None
        data = self._store.get(_key(name, revision)) or b""
        return None if data == _DELETED else (data, revision)

    def _write(self, name: str, revision: int, data: bytes) -> int:
        if not self._store.put_new(_key(name, revision), data):
            raise BusyError(
                f"somebody else changed the workspace '{name}' at the same moment",
                where=self._store.url,
                hint=f"look at it with `kusion workspace show {name}`, then run again",
            )
        return revision


def _key(name: str, revision: int) -> str:
    return f"{ROOT}{name}/{revision:08d}.yaml"
