"""Config: which backends there are, by name, and which one is used.

Keys are the ancestor's: ``backends.current``, ``backends.NAME``, ``backends.NAME.type``, ``backends.NAME.configs`` and
``backends.NAME.configs.FIELD``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kusion_dsl.documents import DocumentError, load_yaml
from kusion_dsl.errors import RefusedError, StorageError, did_you_mean
from kusion_dsl.operations.host import Host
from kusion_dsl.storage.backends import TYPES, NamedBackend, fields_of
from kusion_dsl.storage.home import BUILT_IN, CURRENT
from kusion_dsl.storage.settings import document_of, settings_of

_BACKENDS, _TYPE, _CONFIGS = "backends", "type", "configs"
_LONGEST = 4  # backends.NAME.configs.FIELD


@dataclass(frozen=True)
class ListedBackend:
    """A backend by its name; ``url`` is empty while it still lacks what its URL needs."""

    name: str
    type: str
    configs: Mapping[str, str]
    url: str
    current: bool


def list_backends(host: Host) -> tuple[ListedBackend, ...]:
    """All backends by name, the built-in one first."""
    settings = host.home.settings()
    backends = {BUILT_IN: _built_in(host), **dict(sorted(settings.backends.items()))}
    return tuple(
        ListedBackend(name, each.type, dict(each.configs), "" if each.missing else each.url, name == settings.current)
        for name, each in backends.items()
    )


def get_setting(host: Host, key: str) -> Any:
    """What a key says: a text, or a mapping. Raises StorageError for a key that is not set."""
    path = _path(key)
    value: Any = _document(host)
    for number, part in enumerate(path):
        if part not in value:
            hint = did_you_mean(part, value) or "see `kusion config list`"
            raise StorageError(f"'{'.'.join(path[: number + 1])}' is not set", hint=hint)
        value = value[part]
    return value


def set_setting(host: Host, key: str, value: str) -> None:
    """Set a key to a text; ``backends.NAME`` to a URL or a mapping, ``backends.NAME.configs`` to a mapping, as YAML.

    Raises StorageError, and changes nothing, where the configuration would not be valid then.
    """
    path = _path(key)
    document = document_of(host.home.settings())
    inner = document
    for part in path[:-1]:
        inner = inner.setdefault(part, {})
    inner[path[-1]] = _value(path, value)
    host.home.save(settings_of(document, ".".join))


def unset_setting(host: Host, key: str) -> None:
    """Forget a key; ``backends.current`` goes back to the built-in backend. Raises StorageError, RefusedError."""
    path = _path(key)
    settings = host.home.settings()
    if path[1:] == (settings.current,) and settings.current != BUILT_IN:
        hint = f"choose another one first: kusion config set {_BACKENDS}.{CURRENT} {BUILT_IN}"
        raise RefusedError(f"'{settings.current}' is the current backend", where=key, hint=hint)
    document = copy.deepcopy(document_of(settings))
    if path != (_BACKENDS, CURRENT):
        get_setting(host, key)
        inner = document
        for part in path[:-1]:
            inner = inner[part]
        del inner[path[-1]]
    else:
        document.get(_BACKENDS, {}).pop(CURRENT, None)
    host.home.save(settings_of(document, ".".join))


def setting_keys(host: Host) -> tuple[str, ...]:
    """Every key that is set, or could be."""
    keys = [f"{_BACKENDS}.{CURRENT}"]
    for name, each in sorted(host.home.settings().backends.items()):
        key = f"{_BACKENDS}.{name}"
        keys += [key, f"{key}.{_TYPE}", f"{key}.{_CONFIGS}"]
        keys += [f"{key}.{_CONFIGS}.{field}" for field in fields_of(each.type)]
    return tuple(keys)


def setting_values(host: Host, key: str) -> tuple[str, ...]:
    """What a key could be set to, where there is a choice."""
    if key == f"{_BACKENDS}.{CURRENT}":
        return tuple(each.name for each in list_backends(host) if each.url)
    return TYPES if key.endswith(f".{_TYPE}") else ()


def _built_in(host: Host) -> NamedBackend:
    return NamedBackend.of_url(host.home.backend(BUILT_IN))


def _document(host: Host) -> dict[str, Any]:
    """The configuration with what is built in."""
    document = document_of(host.home.settings())
    built_in = _built_in(host)
    defaults = {CURRENT: BUILT_IN, BUILT_IN: {_TYPE: built_in.type, _CONFIGS: dict(built_in.configs)}}
    return {_BACKENDS: {**defaults, **document.get(_BACKENDS, {})}}


def _path(key: str) -> tuple[str, ...]:
    """The parts of a key. Raises StorageError for what is none."""
    parts = tuple(key.split("."))
    known = parts[0] == _BACKENDS and 2 <= len(parts) <= _LONGEST and all(parts)
    known = known and (len(parts) == 2 or parts[1] != CURRENT)
    known = known and (len(parts) < 3 or parts[2] == _CONFIGS or parts[2:] == (_TYPE,))
    if not known:
        hint = f"write {_BACKENDS}.{CURRENT}, or {_BACKENDS}.NAME, .NAME.{_TYPE}, .NAME.{_CONFIGS} or .NAME.{_CONFIGS}.FIELD"
        raise StorageError(f"'{key}' is no key of the configuration", hint=hint)
    return parts


def _value(path: tuple[str, ...], text: str) -> Any:
    if len(path) == 2 and path[1] != CURRENT and "://" in text:
        backend = NamedBackend.of_url(text)
        return {_TYPE: backend.type, _CONFIGS: dict(backend.configs)}
    if path[1] != CURRENT and (len(path) == 2 or path[2:] == (_CONFIGS,)):
        return _mapping(path, text)
    if path[2:] == (_CONFIGS, "path"):
        return str(Path(text).expanduser().absolute())
    return text


def _mapping(path: tuple[str, ...], text: str) -> Any:
    try:
        return load_yaml(text, ".".join(path)).value
    except DocumentError as error:
        raise StorageError.of(error.problems) from None
