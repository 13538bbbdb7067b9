"""Schemas that were read once: reading them takes a hundred times as long as using them.

They depend on nothing but the version of what is installed, which is part of the key; so what is kept is never out of
date, and can be removed at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

from kusion_dsl.checks.schema import Schema
from kusion_dsl.errors import StorageError

_FORMAT = "v1"


class Store(Protocol):
    """Keeps bytes under relative paths. Both methods raise StorageError where that does not work."""

    def get(self, key: str) -> bytes | None:
        """What was put there, if something was."""

    def put(self, key: str, data: bytes) -> None:
        """Keep ``data``, whole or not at all, in place of what is there."""


class SchemaCache:
    """Remembers schemas while the process runs and, where there is a ``store``, for the next ones.

    Every file begins with the digest of the rest; one that is damaged is read as if it were not there, and written
    anew. A store that cannot be used costs time and nothing else.
    """

    def __init__(self, store: Store | None = None) -> None:
        self._store = store
        self._known: dict[str, Schema | None] = {}

    def recall(self, source: str, name: str, read: Callable[[], Schema | None]) -> Schema | None:
        """The schema ``name`` of a ``source`` (``aws-7.51.1``): remembered, else from ``read``. None is remembered too."""
        key = f"schemas/{_FORMAT}/{quote(source, safe='')}/{quote(name, safe='')}.json"
        if key not in self._known:
            self._known[key] = self._stored(key, read)
        return self._known[key]

    def _stored(self, key: str, read: Callable[[], Schema | None]) -> Schema | None:
        try:
            data = self._store.get(key) if self._store else None
        except StorageError:  # read anew
            data = None
        digest, _, body = (data or b"").partition(b"\n")
        if body and digest == _digest(body):
            document = json.loads(body)
            return Schema.from_json(document) if document is not None else None
        schema = read()
        self._keep(key, schema)
        return schema

    def _keep(self, key: str, schema: Schema | None) -> None:
        if self._store is None:
            return
        body = json.dumps(schema.to_json() if schema is not None else None, separators=(",", ":")).encode()
        try:
            self._store.put(key, _digest(body) + b"\n" + body)
        except StorageError:  # it will be read anew
            return


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()
