"""A cloud in a directory: it goes on existing when a run dies, and remembers everything that was ever created in it."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from kusion_dsl.errors import EngineError

_GONE = "gone"


class Cloud:
    """One file for each object that was ever created: ``<id>.<number>.json``, and ``.gone`` once it was deleted.

    Each call is done, whole, by one system call, as a server does it that knows nothing of the client. So whoever dies
    has either done it or not, and an object that is created twice has two files.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self, id: str) -> Mapping[str, Any] | None:
        """An object's attributes, None if there is none."""
        return self.objects.get(id)

    def create(self, id: str, attributes: Mapping[str, Any]) -> None:
        """Create an object. Raises EngineError if there is one."""
        if id in self.objects:
            raise EngineError("this exists already", where=id)
        self.directory.mkdir(parents=True, exist_ok=True)
        os.link(self._draft(attributes), self._path(id, self.creations[id] + 1))

    def update(self, id: str, attributes: Mapping[str, Any]) -> None:
        """Change an object. Raises EngineError if there is none."""
        self._check(id)
        self._draft(attributes).replace(self._path(id, self.creations[id]))

    def delete(self, id: str) -> None:
        """Delete an object; it may be gone already."""
        if id in self.objects:
            path = self._path(id, self.creations[id])
            path.rename(path.with_suffix(f".{_GONE}"))

    @property
    def objects(self) -> dict[str, Mapping[str, Any]]:
        """What exists, by id."""
        return {_id(path): json.loads(path.read_bytes()) for path in sorted(self.directory.glob("*.json"))}

    @property
    def creations(self) -> Counter[str]:
        """How often each object was created."""
        return Counter(_id(path) for path in self.directory.glob("*.*") if path.suffix != ".tmp")

    def _check(self, id: str) -> None:
        if id not in self.objects:
            raise EngineError("this does not exist", where=id)

    def _path(self, id: str, number: int) -> Path:
        return self.directory / f"{quote(id, safe='')}.{number}.json"

    def _draft(self, attributes: Mapping[str, Any]) -> Path:
        draft = self.directory / f"{os.getpid()}.tmp"
        draft.unlink(missing_ok=True)  # the link of a create is its second name
        draft.write_text(json.dumps(attributes), encoding="utf-8")
        return draft


def _id(path: Path) -> str:
    return unquote(path.name.rpartition(".")[0].rpartition(".")[0])
