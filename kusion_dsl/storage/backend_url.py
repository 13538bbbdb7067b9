"""Backend URLs, read as Pulumi reads them.

A kind of backend with parameters of its own reads them itself (``s3_url``). For ``file://`` that is (pulumi/pkg/backend/diy, ``massageBlobPath``; gocloud.dev/blob/fileblob, ``URLOpener``):
everything between ``file://`` and ``?`` is a path; a leading ``~`` is the home directory; a relative path is made
absolute; then percent escapes are decoded.
"""

from __future__ import annotations

import os.path
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote

from kusion_dsl.errors import StorageError, did_you_mean

ACCEPTED = ("create_dir", "metadata", "no_tmp_dir")
"""Parameters of ``file://`` that concern only how Pulumi writes its own files."""
_REFUSED = {
    "base_url": "we sign no URLs",
    "secret_key_path": "we sign no URLs",
    "dir_file_mode": "directories of ours are always 0700",
}


@dataclass(frozen=True)
class BackendUrl:
    """A URL taken apart: its scheme, what stands between ``://`` and ``?``, and what stands behind that."""

    scheme: str
    location: str
    query: str = ""

    @classmethod
    def parse(cls, url: str) -> BackendUrl:
        """Read ``url``. Raises StorageError for what is no URL, or has a parameter that we do not know or not honour."""
        scheme, separator, rest = url.partition("://")
        if not separator or not scheme:
            raise StorageError(f"'{url}' is not a URL", hint="write a directory as file:///absolute/path")
        location, _, query = rest.partition("?")
        backend = cls(scheme, location, query)
        if "#" in rest:
            raise StorageError("a '#' ends a URL", where=backend.shown, hint="write %23 for one in a path")
        if scheme == "file":
            _check_parameters(url, query)
        return backend

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The parameters, decoded, as they stand there."""
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def shown(self) -> str:
        """The URL as it may stand in a message: without what might hold credentials."""
        authority, slash, path = self.location.partition("/")
        return f"{self.scheme}://{authority.rpartition('@')[2]}{slash}{path}"

    def path(self, directory: Path) -> Path:
        """The absolute path of a ``file://`` URL; a relative one is relative to ``directory``."""
        location = self.location
        if location.startswith("~"):
            if location[1:2] not in ("", "/"):
                where = f"file://{location}"
                raise StorageError("other users' home directories cannot be named", where=where, hint="write the path")
            location = str(Path.home()) + location[1:]
        return Path(unquote(os.path.abspath(directory / location)))  # noqa: PTH100 - resolve() would follow links


def file_url(path: Path, query: str = "") -> str:
    """The URL of a directory; the inverse of :meth:`BackendUrl.path` for an absolute ``path``."""
    return f"file://{quote(str(path))}{'?' if query else ''}{query}"


def _check_parameters(url: str, query: str) -> None:
    for name, _ in parse_qsl(query, keep_blank_values=True):
        if name in _REFUSED:
            raise StorageError(
                f"the parameter '{name}' is not supported: {_REFUSED[name]}", where=url, hint="remove it"
            )
        if name not in ACCEPTED:
            hint = did_you_mean(name, ACCEPTED) or f"known are {', '.join(ACCEPTED)}"
            raise StorageError(f"unknown parameter '{name}'", where=url, hint=hint)
