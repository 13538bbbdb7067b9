"""What kusion keeps for one user: which backends, which workspace in each, and the key of backends that only they have.

::

    <home>/config.yaml   the backends by name, and the current workspace of each; see ``storage.settings``
    <home>/passphrase    the key for the state of file:// backends, unless the environment has one
    <home>/backend/      the built-in backend
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kusion_dsl.errors import StorageError, did_you_mean
from kusion_dsl.storage.backend_url import file_url
from kusion_dsl.storage.disk import Disk
from kusion_dsl.storage.file import FileStore
from kusion_dsl.storage.passphrase import passphrase_file
from kusion_dsl.storage.workspaces import DEFAULT

if TYPE_CHECKING:  # the configuration is read where there is one
    from kusion_dsl.storage.backends import NamedBackend

BUILT_IN = "default"
"""The name of the backend that is there without a configuration."""
CURRENT = "current"
"""What no backend can be called: this key says which one is used."""

_CONFIG = "config.yaml"


@dataclass(frozen=True)
class Settings:
    """The content of ``config.yaml``: the ``backends`` by name, the ``current`` one, and by the URLs of backends their
    current ``workspaces``."""

    backends: Mapping[str, NamedBackend] = field(default_factory=dict)
    current: str = BUILT_IN
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

    def backend(self, chosen: str = "") -> str:
        """The URL of the backend that is ``chosen`` by its name or its URL, else of the current one.

        Raises StorageError for a name that no backend has, or one that is not configured to its end.
        """
        if "://" in chosen:
            return chosen
        settings = self.settings()
        name = chosen or settings.current
        if name == BUILT_IN:
            return file_url(self.path / "backend")
        backend = settings.backends.get(name)
        if backend is None:
            names = [BUILT_IN, *sorted(settings.backends)]
            hint = (
                did_you_mean(name, names) or f"there are {', '.join(names)}; a URL such as file:///a/directory will do"
            )
            raise StorageError(f"there is no backend '{name}'", where=self._store.place(_CONFIG), hint=hint)
        for missing in backend.missing:
            hint = f"run: kusion config set backends.{name}.configs.{missing} VALUE"
            raise StorageError(f"the backend '{name}' has no '{missing}'", where=self._store.place(_CONFIG), hint=hint)
        return backend.url

    def settings(self) -> Settings:
        """What was configured. Raises StorageError, naming the place, for what is not valid."""
        data = self._store.get(_CONFIG)
        if data is None:
            return Settings()
        from kusion_dsl.storage.settings import read_settings

        where = self._store.place(_CONFIG)
        try:
            return read_settings(data.decode(), where)
        except UnicodeDecodeError:
            raise StorageError("this is not UTF-8 text", where=where, hint="correct it, or remove the file") from None

    def save(self, settings: Settings) -> None:
        """Configure. Of two processes at the same moment the last one wins."""
        from kusion_dsl.storage.settings import written_settings

        self._store.put(_CONFIG, written_settings(settings).encode())

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
