"""What kusion keeps for one user: which backend, which workspace in it, and the key of backends that only they have.

::

    <home>/config.json   the backend's URL, and the current workspace for each backend
    <home>/passphrase    the key for the state of file:// backends, unless the environment has one
    <home>/backend/      the default backend
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kusion_dsl.errors import StorageError, did_you_mean
from kusion_dsl.storage.backend_url import file_url
from kusion_dsl.storage.disk import Disk
from kusion_dsl.storage.file import FileStore
from kusion_dsl.storage.passphrase import passphrase_file
from kusion_dsl.storage.workspaces import DEFAULT

_CONFIG = "config.json"
_KEYS = ("backend", "workspaces")


@dataclass(frozen=True)
class Settings:
    """The content of ``config.json``: ``backend`` is a URL, empty for the default one; ``workspaces`` has the current
    workspace for the URLs of backends."""

    backend: str = ""
    workspaces: Mapping[str, str] = field(default_factory=dict)


class Home:
    """The directory that KUSION_HOME names, by default ``~/.kusion``; it is made when something is first kept.

    Every method raises StorageError when the directory cannot be used.
    """

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self.path = path
        self._store = FileStore(path, disk=disk)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Home:
        """The home that the environment chooses."""
        chosen = environment.get("KUSION_HOME")
        return cls(Path(chosen).expanduser().absolute() if chosen else Path.home() / ".kusion")

    @property
    def backend(self) -> str:
        """The URL of the chosen backend, by default ``file://<home>/backend``."""
        return self.settings().backend or file_url(self.path / "backend")

    def settings(self) -> Settings:
        """What was configured. Raises StorageError, naming the key, for what is not valid."""
        data = self._store.get(_CONFIG)
        if data is None:
            return Settings()
        where = self._store.place(_CONFIG)
        try:
            document = json.loads(data)
        except ValueError as error:
            raise StorageError(
                f"this is not JSON: {error}", where=where, hint="correct it, or remove the file"
            ) from None
        return _checked(document, where)

    def save(self, settings: Settings) -> None:
        """Configure. Of two processes at the same moment the last one wins."""
        document = {"backend": settings.backend, "workspaces": dict(sorted(settings.workspaces.items()))}
        self._store.put(_CONFIG, (json.dumps(document, indent=2) + "\n").encode())

    def use_backend(self, url: str) -> None:
        """Choose the backend for the runs to come; an empty URL for the default one."""
        self.save(replace(self.settings(), backend=url))

    def workspace(self, backend: str) -> str:
        """The name of the current workspace in a backend."""
        return self.settings().workspaces.get(backend, DEFAULT)

    def use_workspace(self, backend: str, name: str) -> None:
        """Make a workspace the current one in a backend."""
        settings = self.settings()
        self.save(replace(settings, workspaces={**settings.workspaces, backend: name}))

    def passphrase_file(self, backend: str, environment: Mapping[str, str]) -> Path:
        """A file with the key that the state in a backend is encrypted with; see ``storage.passphrase``."""
        return passphrase_file(self._store, backend, environment)


def _checked(document: Any, where: str) -> Settings:
    if not isinstance(document, dict):
        raise StorageError("this is no mapping", where=where, hint="correct it, or remove the file")
    unknown = [key for key in document if key not in _KEYS]
    if unknown:
        hint = did_you_mean(unknown[0], _KEYS) or f"known are {', '.join(_KEYS)}"
        raise StorageError(f"unknown key '{unknown[0]}'", where=where, hint=hint)
    settings = Settings(document.get("backend", ""), document.get("workspaces", {}))
    if not isinstance(settings.backend, str):
        raise StorageError("'backend' is not text", where=where, hint="write a URL such as file:///a/directory")
    workspaces = settings.workspaces
    if not isinstance(workspaces, dict) or not all(isinstance(name, str) for name in workspaces.values()):
        raise StorageError("'workspaces' maps no URLs to names", where=where, hint='write {"<url>": "<name>"}')
    return settings
