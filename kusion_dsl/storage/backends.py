"""Backends by name: what the configuration says of one, and the URL that it comes to.

The types and the names of the fields are the ancestor's (``kusion config``). Any parameter that the URL of such a
backend takes is a field too, so that whatever can be written as a URL can be configured, and the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urlencode

from kusion_dsl.storage.backend_url import ACCEPTED, file_url
from kusion_dsl.storage.s3_url import PARAMETERS
from kusion_dsl.storage.store import check_url


class _Type(NamedTuple):
    """The scheme of a type's URLs, the fields that stand before the ``?``, those behind it, and those it must have."""

    scheme: str
    places: tuple[str, ...]
    parameters: tuple[str, ...]
    needed: tuple[str, ...]


_PLACES, _PARAMETERS = ("bucket", "prefix"), (*PARAMETERS, "forcePathStyle")
_TYPES = {
    "local": _Type("file", ("path",), ACCEPTED, ("path",)),
    "oss": _Type("s3", _PLACES, _PARAMETERS, ("bucket", "endpoint")),
    "s3": _Type("s3", _PLACES, _PARAMETERS, ("bucket",)),
}
TYPES = tuple(_TYPES)
_ANCESTORS = {"forcePathStyle": "s3ForcePathStyle"}
_CREDENTIAL = re.compile(r"secret|token|passw|credential|access[_-]?key", re.IGNORECASE)


@dataclass(frozen=True)
class NamedBackend:
    """A backend of one of the TYPES; ``configs`` are its fields, all of them text. It may still lack some."""

    type: str
    configs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_url(cls, url: str) -> NamedBackend:
        """The backend that a URL means; a relative path is relative to the current directory. Raises StorageError."""
        backend = check_url(url)
        parameters = dict(backend.parameters)
        if backend.scheme == "file":
            return cls("local", {"path": str(backend.path(Path.cwd())), **parameters})
        bucket, _, prefix = backend.location.partition("/")
        prefix = unquote(prefix).strip("/")
        return cls("s3", {"bucket": bucket, **({"prefix": prefix} if prefix else {}), **parameters})

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields without which it has no URL."""
        return tuple(name for name in _TYPES[self.type].needed if name not in self.configs)

    @property
    def url(self) -> str:
        """Its URL, for one that lacks nothing."""
        kind = _TYPES[self.type]
        parameters = {_ANCESTORS.get(key, key): text for key, text in self.configs.items() if key not in kind.places}
        query = urlencode(parameters, safe=":/")
        if kind.scheme == "file":
            return file_url(Path(self.configs["path"]), query)
        prefix = quote(self.configs.get("prefix", "").strip("/"))
        place = f"{self.configs['bucket']}{'/' if prefix else ''}{prefix}"
        return f"{kind.scheme}://{place}{'?' if query else ''}{query}"


def fields_of(type: str) -> tuple[str, ...]:
    """The names of all fields of a type."""
    kind = _TYPES[type]
    return kind.places + kind.parameters


def is_credential(name: str) -> bool:
    """Whether a field of such a name would be a credential in a file."""
    return bool(_CREDENTIAL.search(name))
