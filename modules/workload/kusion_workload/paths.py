"""Paths in containers, names of files that are keys of ConfigMaps, and permissions: types for fields."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_FILE_NAME = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_MODE = re.compile(r"0?[0-7]{3}")


def _absolute(path: str) -> str:
    if not path.startswith("/") or path == "/" or ":" in path:
        raise ValueError(f"'{path}' is no absolute path, like /etc/app, without ':'")
    return _plain(path, path[1:])


def _relative(path: str) -> str:
    if not path or path.startswith("/"):
        raise ValueError(f"'{path}' is no path within a volume, like uploads/images")
    return _plain(path, path)


def _plain(path: str, steps: str) -> str:
    if any(part in ("", ".", "..") for part in steps.split("/")):
        raise ValueError(f"'{path}' is not written plainly: leave out '.', '..', '//' and a '/' at the end")
    return path


def _file_path(path: str) -> str:
    name = path.rpartition("/")[2]
    if not name:
        raise ValueError(f"'{path}' lacks the name of the file, as in /etc/app/config.yaml")
    _file_name(name)
    return _absolute(path)


def _file_name(name: str) -> str:
    if not _FILE_NAME.fullmatch(name) or name in (".", ".."):
        raise ValueError(f"'{name}' cannot be the name of a file here: use letters, digits, '-', '_' and '.'")
    return name


def _mode(text: str) -> str:
    if not _MODE.fullmatch(text):
        raise ValueError(f"'{text}' is no mode of a file: write three octal digits, like 0644 or 400")
    return text


AbsolutePath = Annotated[str, AfterValidator(_absolute)]
"""A path in a container, written plainly."""

RelativePath = Annotated[str, AfterValidator(_relative)]
"""A path in a volume, written plainly."""

FilePath = Annotated[str, AfterValidator(_file_path)]
"""The path of a file in a container; its name is a key of a ConfigMap, and limited to what such a key may have."""

FileName = Annotated[str, AfterValidator(_file_name)]
"""The name of a file that is a key of a ConfigMap."""

FileMode = Annotated[str, AfterValidator(_mode)]
"""The permissions of a file, in octal, with or without a leading zero."""


def is_within(path: str, directory: str) -> bool:
    """Whether ``path`` is ``directory`` or below it."""
    return f"{path}/".startswith(f"{directory}/")
