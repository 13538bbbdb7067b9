"""The configuration of one user, as it is written down: YAML that people may edit, every mistake told with its place.

::

    backends:
      current: prod                        # else `default`, the built-in one
      prod:
        type: s3
        configs: {bucket: kusion-state, region: eu-central-1}
    workspaces:                            # the current workspace of each backend, by its URL
      s3://kusion-state?region=eu-central-1: prod
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kusion_dsl.documents import DocumentError, dump_yaml, load_yaml
from kusion_dsl.errors import Position, StorageError, did_you_mean
from kusion_dsl.model.names import label_problem
from kusion_dsl.storage.backends import TYPES, NamedBackend, fields_of, is_credential
from kusion_dsl.storage.home import BUILT_IN, CURRENT, Settings
from kusion_dsl.storage.store import check_url

_Path = tuple[str, ...]
Places = Callable[[_Path], Position | str]
"""Where, for a message, a part of the configuration stands."""

_KEYS = ("backends", "workspaces")
_FIELDS = ("type", "configs")
_CREDENTIALS = (
    "credentials are never kept here: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of the AWS "
    "configuration files: kusion config set backends.NAME.configs.profile PROFILE"
)


def read_settings(text: str, file: str) -> Settings:
    """The configuration in a file. Raises StorageError, naming file, line and column, for what is not valid."""
    try:
        document = load_yaml(text, file)
    except DocumentError as error:
        raise StorageError.of(error.problems) from None
    return settings_of({} if document.value is None else document.value, document.position)


def settings_of(document: Any, place: Places) -> Settings:
    """The configuration that a document says. Raises StorageError for what is not valid, with its ``place``."""
    top = _mapping(document, (), place)
    _check_known(top, _KEYS, (), place)
    backends = _mapping(top.get("backends", {}), ("backends",), place)
    named = {name: _backend(name, value, place) for name, value in backends.items() if name != CURRENT}
    current = _text(backends.get(CURRENT, BUILT_IN), ("backends", CURRENT), place)
    _check_current(current, named, place)
    workspaces = {
        url: _text(name, ("workspaces", url), place)
        for url, name in _mapping(top.get("workspaces", {}), ("workspaces",), place).items()
    }
    return Settings(named, current, workspaces)


def document_of(settings: Settings) -> dict[str, Any]:
    """The inverse of :func:`settings_of`: plain data, names in order."""
    backends: dict[str, Any] = {} if settings.current == BUILT_IN else {CURRENT: settings.current}
    for name, each in sorted(settings.backends.items()):
        backends[name] = {"type": each.type, "configs": dict(each.configs)}
    document = {"backends": backends, "workspaces": dict(sorted(settings.workspaces.items()))}
    return {key: value for key, value in document.items() if value}


def written_settings(settings: Settings) -> str:
    """The text that :func:`read_settings` reads."""
    return dump_yaml(document_of(settings))


def _backend(name: str, value: Any, place: Places) -> NamedBackend:
    path = ("backends", name)
    if name == BUILT_IN:
        hint = "configure another one, and make it the current one"
        raise StorageError(f"the backend '{BUILT_IN}' is built in", where=place(path), hint=hint)
    problem = label_problem(name)
    if problem:
        raise StorageError(f"the name '{name}' {problem}", where=place(path), hint="choose another name")
    given = _mapping(value, path, place)
    _check_known(given, _FIELDS, path, place)
    type = _text(given.get("type", ""), (*path, "type"), place)
    if type not in TYPES:
        hint = did_you_mean(type, TYPES) or f"set backends.{name}.type to one of {', '.join(TYPES)}"
        what = f"'{type}' is no type of backends" if type else "the backend has no type"
        raise StorageError(what, where=place((*path, "type")), hint=hint)
    configs = _mapping(given.get("configs", {}), (*path, "configs"), place)
    for key in configs:
        if is_credential(key):
            raise StorageError(
                f"'{key}' would be a credential in a file", where=place((*path, "configs", key)), hint=_CREDENTIALS
            )
    _check_known(configs, fields_of(type), (*path, "configs"), place)
    backend = NamedBackend(type, {key: _text(item, (*path, "configs", key), place) for key, item in configs.items()})
    _check_url(backend, (*path, "configs"), place)
    return backend


def _check_url(backend: NamedBackend, path: _Path, place: Places) -> None:
    directory = backend.configs.get("path", "/")
    if not directory.startswith("/"):
        raise StorageError("the path is not absolute", where=place((*path, "path")), hint="begin it with a slash")
    if backend.missing:
        return
    try:
        check_url(backend.url)
    except StorageError as error:
        problem = error.problems[0]
        raise StorageError(problem.what, where=place(path), hint=problem.hint) from None


def _check_current(current: str, named: Mapping[str, NamedBackend], place: Places) -> None:
    where = place(("backends", CURRENT))
    if current == BUILT_IN:
        return
    if current not in named:
        hint = did_you_mean(current, named) or f"there are {', '.join([BUILT_IN, *sorted(named)])}"
        raise StorageError(f"there is no backend '{current}'", where=where, hint=hint)
    missing = named[current].missing
    if missing:
        hint = f"run: kusion config set backends.{current}.configs.{missing[0]} VALUE"
        raise StorageError(f"the backend '{current}' has no '{missing[0]}'", where=where, hint=hint)


def _mapping(value: Any, path: _Path, place: Places) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise StorageError(f"{_named(path)} is no mapping", where=place(path), hint="write `key: value` below it")
    return value


def _text(value: Any, path: _Path, place: Places) -> str:
    """A text; a truth value or a number is what one would write for it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str) or (not value and len(path) > 3):
        raise StorageError(f"{_named(path)} is no text", where=place(path), hint="give it one, or remove it")
    return value


def _named(path: _Path) -> str:
    return f"'{'.'.join(path)}'" if path else "the configuration"


def _check_known(given: Iterable[str], known: tuple[str, ...], path: _Path, place: Places) -> None:
    for key in given:
        if key not in known:
            hint = did_you_mean(key, known) or f"known are {', '.join(known)}"
            raise StorageError(f"unknown key '{key}'", where=place((*path, key)), hint=hint)
