"""The secret store ``file``: values in a YAML or JSON file, or in a directory with one file for each."""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any

from kusion_dsl.documents import DocumentError, load_yaml
from kusion_dsl.errors import Position, SecretError, did_you_mean

_OTHERS = 0o077


class FileSecretStore:
    """Looks up ``Secret("stripe", key="api-key")`` in ``path``.

    - A file holds a mapping: ``{stripe: {api-key: <value>}}``; without a key ``{stripe: <value>}``. JSON if its name
      ends in ``.json``, else YAML. It is read once.
    - In a directory it is the content of the file ``stripe/api-key``, without a key of ``stripe``; exactly one
      trailing newline is no part of the value.

    What others than its owner can read is refused; in a directory that they cannot enter, files may have any mode.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str, key: str, version: str) -> str:
        """The value. Raises SecretError if there is none, it is empty or no text, and for any version."""
        where = f"secret '{name}'{f', key {key!r}' if key else ''}, secret store file {self._path}"
        if version:
            raise SecretError("files have no versions of a secret", where=where, hint="leave the version out")
        try:
            value = self._from_directory(name, key, where) if self._path.is_dir() else self._from_file(name, key, where)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            what, hint = f"{error.filename or self._path} cannot be read: {reason}", "let the current user read it"
            raise SecretError(what, where=where, hint=hint) from None
        if not value:
            raise SecretError("the value is empty", where=where, hint="give it a value")
        return value

    def _from_directory(self, name: str, key: str, where: str) -> str:
        parts = [*name.split("/"), *([key] if key else [])]
        if any(part in ("", ".", "..") or "\0" in part or "/" in part for part in parts):
            raise SecretError("this cannot be the name of a file", where=where, hint="use plain names")
        path = self._path.joinpath(*parts)
        if not path.is_file():
            raise SecretError(f"there is no file {path}", where=where, hint="create it with the value, with mode 0600")
        if self._path.stat().st_mode & _OTHERS:
            _check_private(path)
        try:
            return path.read_bytes().decode().removesuffix("\n")
        except UnicodeDecodeError:
            raise SecretError(f"{path} is not UTF-8 text", where=where, hint="store such a value in base64") from None

    def _from_file(self, name: str, key: str, where: str) -> str:
        found: Any = self._content
        for part in (name, key) if key else (name,):
            if not isinstance(found, dict) or part not in found:
                known = did_you_mean(part, found) if isinstance(found, dict) else None
                raise SecretError(f"there is no '{part}' in it", where=where, hint=known or f"add it to {self._path}")
            found = found[part]
        if isinstance(found, dict):
            hint = f"name a key: {', '.join(sorted(map(str, found)))}"
            raise SecretError("it has keys, and no value of its own", where=where, hint=hint)
        if not isinstance(found, str | None):
            raise SecretError("the value is not text", where=where, hint="put it in quotes")
        return found or ""

    @cached_property
    def _content(self) -> Any:
        if not self._path.is_file():
            hint = "create it, or correct the setting 'path' of the secret store"
            raise SecretError("there is no such file", where=str(self._path), hint=hint)
        _check_private(self._path)
        hint = "correct it; what is wrong is not shown, for it may be a secret"
        try:
            text = self._path.read_bytes().decode()
            return json.loads(text) if self._path.suffix == ".json" else load_yaml(text, str(self._path)).value
        except DocumentError as error:
            raise SecretError("this cannot be read as YAML", where=error.problems[0].where, hint=hint) from None
        except json.JSONDecodeError as error:
            where = Position(str(self._path), error.lineno, error.colno)
            raise SecretError("this is not JSON", where=where, hint=hint) from None
        except UnicodeDecodeError:
            raise SecretError("this is not UTF-8 text", where=str(self._path), hint="convert it") from None


def _check_private(path: Path) -> None:
    if path.stat().st_mode & _OTHERS:
        raise SecretError("others can read this file of secrets", where=str(path), hint=f"run: chmod 600 {path}")
