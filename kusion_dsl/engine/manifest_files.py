"""One YAML file per Kubernetes object in a directory: names, bytes, and whose a file is.

Secrets lie beside the directory, in ``<directory>.secrets/``, which nobody else can read and git ignores. A file is
ours when it begins with our comment, or when it holds the very object that is asked for; any other is foreign and is
neither changed nor removed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kusion_dsl.documents import DocumentError, dump_yaml, load_yaml
from kusion_dsl.engine.atomic_file import replacing, sweep
from kusion_dsl.errors import EngineError
from kusion_dsl.model.names import shorten

HEADER = "# Managed by kusion: what is edited here, the next apply reverts.\n"
MARK = "# Managed by kusion"
_ENDING = ".yaml"
_IGNORE_ALL = "*\n"
_LONGEST_NAME = 220
"""Of a file's name without its ending; file systems allow 255 bytes, and a temporary name needs some of them."""
MODE, SECRET_MODE, _SECRET_DIRECTORY_MODE = 0o644, 0o600, 0o700
"""Manifests are there to be committed and read by others; Secrets are not."""
_REPAIR = "put the object back, or remove the file: the next apply writes it anew"
_UNENCODED = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")
_FIRST_KEYS = ("apiVersion", "kind", "metadata", "type", "immutable", "spec", "data", "stringData")
_FIRST_METADATA = ("name", "namespace", "labels", "annotations")


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one object from another; ``group`` is ``core`` for the core group, ``namespace`` may be empty."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of_resource(cls, type_token: str, id: str) -> Identity:
        """From ``kubernetes:apps/v1:Deployment`` and ``[namespace/]name``."""
        _, group_version, kind = type_token.split(":", 2)
        group, _, version = group_version.rpartition("/")
        namespace, _, name = id.rpartition("/")
        return cls(group or "core", version, kind, namespace, name)

    @classmethod
    def of_object(cls, obj: Any) -> Identity | None:
        """From an object; None for what is none."""
        if not isinstance(obj, Mapping) or not isinstance(obj.get("metadata"), Mapping):
            return None
        group, _, version = str(obj.get("apiVersion", "")).rpartition("/")
        metadata = obj["metadata"]
        namespace, name = str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
        return cls(group or "core", version, str(obj.get("kind", "")), namespace, name)

    @property
    def id(self) -> str:
        """``[namespace/]name``, as the real provider has it."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def is_secret(self) -> bool:
        """Whether it is a Secret of the core group."""
        return self.group == "core" and self.kind == "Secret"

    @property
    def file_name(self) -> str:
        """``deployment_apps_v1_<namespace>_<name>.yaml``: different for different objects, on any file system.

        Kinds are in lower case; a Kubernetes API server does not take two that differ in nothing else, as it
        derives their singular names from them.
        """
        parts = (self.kind.lower(), self.group, self.version, self.namespace, self.name)
        return shorten("_".join(_encoded(part) for part in parts), _LONGEST_NAME) + _ENDING


def _encoded(part: str) -> str:
    """Percent-encode what could be unsafe, the separator, and capitals, which some file systems do not tell apart."""
    return "".join(
        character if character in _UNENCODED else "".join(f"%{byte:02X}" for byte in character.encode())
        for character in part
    )


def manifest_of(obj: Mapping[str, Any]) -> str:
    """The text of an object's file; the same for the same object, in an order that people expect."""
    ordered = _first(_FIRST_KEYS, obj)
    if isinstance(ordered.get("metadata"), Mapping):
        ordered["metadata"] = _first(_FIRST_METADATA, ordered["metadata"])
    return HEADER + dump_yaml(ordered)


def _first(keys: tuple[str, ...], mapping: Mapping[str, Any]) -> dict[str, Any]:
    order = [key for key in keys if key in mapping] + sorted(mapping.keys() - set(keys))
    return {key: _ordered(mapping[key]) for key in order}


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _ordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_first(("name",), item) if isinstance(item, Mapping) else _ordered(item) for item in value]
    return value


class ManifestFiles:
    """The files of one directory, which need not exist yet. Methods may be called from several threads."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._secrets = directory.with_name(f"{directory.name}.secrets")
        self._making = threading.Lock()

    @property
    def directory(self) -> Path:
        """Where everything but Secrets lies."""
        return self._directory

    @property
    def secrets(self) -> Path:
        """Where Secrets lie."""
        return self._secrets

    def path(self, identity: Identity) -> Path:
        """Where the file of an object is, or would be."""
        return (self._secrets if identity.is_secret else self._directory) / identity.file_name

    def read(self, identity: Identity) -> dict[str, Any] | None:
        """What the object's file says, None without one. Raises EngineError for one that holds no object."""
        path = self.path(identity)
        text = text_of(path)
        if text is None:
            return None
        try:
            document = load_yaml(text, str(path))
        except DocumentError as error:  # what it repeats of the file may be a secret that nobody knows of yet
            raise EngineError("this is not YAML", where=error.problems[0].where, hint=_REPAIR) from None
        if not isinstance(document.value, dict):
            raise EngineError("there is no object in this file", where=document.position(), hint=_REPAIR)
        return document.value

    def holds(self, identity: Identity) -> bool:
        """Whether the object's file is there and is one that we wrote. Raises EngineError for one that is no text."""
        text = text_of(self.path(identity))
        return text is not None and text.startswith(MARK)

    def create(self, identity: Identity, obj: Mapping[str, Any]) -> None:
        """Write a new object; one that lies there already is taken over. Raises EngineError for a foreign file."""
        text = self.check_free(identity, obj)
        self._write(self.path(identity), text, manifest_of(obj), identity.is_secret)

    def check_free(self, identity: Identity, obj: Mapping[str, Any]) -> str | None:
        """What lies in the place of a new object, None for nothing. Raises EngineError for a foreign file."""
        path = self.path(identity)
        text = text_of(path)
        if text is not None and not text.startswith(MARK) and _parsed(text, path) != obj:
            raise _foreign(path)
        return text

    def update(self, identity: Identity, obj: Mapping[str, Any]) -> None:
        """Write a known object. Raises EngineError if a foreign file lies in its place."""
        path = self.path(identity)
        text = text_of(path)
        if text is not None and not _is_ours(text, path, identity):
            raise _foreign(path)
        self._write(path, text, manifest_of(obj), identity.is_secret)

    def delete(self, identity: Identity) -> None:
        """Remove the object's file unless a foreign one lies in its place, and the directory if it was the last."""
        path = self.path(identity)
        text = text_of(path)
        if text is not None and _is_ours(text, path, identity):
            path.unlink(missing_ok=True)
        with self._making:
            sweep(path)
            remove_empty(path.parent)

    def _write(self, path: Path, old: str | None, new: str, secret: bool) -> None:
        if old == new:
            return
        with ExitStack() as stack:
            with self._making:
                self._make(path.parent, secret)
                sweep(path)
                file = stack.enter_context(replacing(path, SECRET_MODE if secret else MODE))
            file.write(new.encode())

    def _make(self, directory: Path, secret: bool) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        if secret:
            directory.chmod(_SECRET_DIRECTORY_MODE)
            ignore = directory / ".gitignore"
            if not ignore.exists():
                sweep(ignore)
                with replacing(ignore, MODE) as file:
                    file.write(_IGNORE_ALL.encode())


def our_files(directory: Path) -> list[str]:
    """The names of the files in ``directory`` that hold objects of ours, whichever stack they are of.

    A formatter that drops our comment makes no file foreign: then its name is that of the object in it.
    """
    try:
        names = sorted(each.name for each in directory.iterdir() if each.suffix == _ENDING and "_" in each.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [name for name in names if _holds_ours(directory / name)]


def _holds_ours(path: Path) -> bool:
    try:
        text = text_of(path)
    except EngineError:  # somebody else's; of an object of ours it is told when that is read
        return False
    if text is None or text.startswith(MARK):
        return text is not None
    identity = Identity.of_object(_parsed(text, path))
    return identity is not None and identity.file_name == path.name


def text_of(path: Path) -> str | None:
    """The text of a file, None without one. Raises EngineError for one that cannot be read, or is no text."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        hint = "remove the file: the next apply writes it anew"
        raise EngineError("this file is not text", where=str(path), hint=hint) from None
    except OSError as error:
        raise EngineError(f"this file cannot be read: {error.strerror}", where=str(path)) from None


def _parsed(text: str, path: Path) -> Any:
    try:
        return load_yaml(text, str(path)).value
    except DocumentError:
        return None


def _is_ours(text: str, path: Path, identity: Identity) -> bool:
    return text.startswith(MARK) or Identity.of_object(_parsed(text, path)) == identity


def _foreign(path: Path) -> EngineError:
    return EngineError(
        "there is a file in the place of this object's manifest that is not kusion's, and it says something else",
        where=str(path),
        hint="move it away, or choose another target directory",
    )


def remove_empty(directory: Path) -> None:
    """Remove ``directory`` if nothing is in it, or nothing but our own ``.gitignore``."""
    ignore = directory / ".gitignore"
    try:
        names = {entry.name for entry in directory.iterdir()}
        if names == {ignore.name} and ignore.read_text(encoding="utf-8") == _IGNORE_ALL:
            ignore.unlink()
            names = set()
    except (FileNotFoundError, NotADirectoryError):
        return
    if not names:
        directory.rmdir()
