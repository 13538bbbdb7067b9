"""The Kubernetes objects in a document, each checked for what every object has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from kusion_dsl.module import CompileError

_API_VERSION = re.compile(r"([a-z0-9][-a-z0-9.]*/)?[a-z0-9]+")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]*")

Path = tuple[str | int, ...]
Places = Callable[[Path], object]
"""Where a path of the document stands in its file."""


class Object(NamedTuple):
    """An object, and where it stands."""

    manifest: dict[str, Any]
    place: str


def objects_in(value: Any, places: Places, path: Path = ()) -> Iterator[Object | CompileError]:
    """The objects of a document at ``path``, or what is wrong with them; those of a ``List`` one by one."""
    if value is None:
        return
    items = _items(_mapping(value) or {})
    if items is not None:
        for index, item in enumerate(items):
            yield from objects_in(item, places, (*path, "items", index))
        return
    problems = list(_problems(value, path))
    yield from (CompileError(what, where=str(places(place)), hint=hint) for place, what, hint in problems)
    if not problems:
        yield Object(value, str(places(path)))


def _mapping(value: Any) -> Mapping[str, Any] | None:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else None


def _items(value: Mapping[str, Any]) -> Sequence[Any] | None:
    """The objects of a list of objects; None for anything else."""
    items = value.get("items") if str(value.get("kind", "")).endswith("List") else None
    return cast("Sequence[Any]", items) if isinstance(items, list) else None


def _problems(given: Any, path: Path) -> Iterator[tuple[Path, str, str]]:
    """What keeps a value from being an object: where, what, and what to do."""
    value = _mapping(given)
    if value is None:
        yield path, "this is no Kubernetes object", "write one, with apiVersion, kind and metadata, or remove it"
        return
    for field, form, example in (("apiVersion", _API_VERSION, "apps/v1"), ("kind", _KIND, "Deployment")):
        text = value.get(field)
        if text is None:
            yield path, f"this object has no {field}", f"add one, like {field}: {example}"
        elif not isinstance(text, str) or not form.fullmatch(text):
            yield (*path, field), f"'{text}' is no {field}", f"write it like {field}: {example}"
    metadata = _mapping(value.get("metadata"))
    if metadata is None or metadata.get("name") is None:
        yield path, "this object has no metadata.name", "give it one; a generateName is no name that can be found again"
        return
    for field, kind, what in (("name", str, "text"), ("namespace", str, "text"), *_MAPPINGS):
        if metadata.get(field) is not None and not isinstance(metadata[field], kind):
            yield (*path, "metadata", field), f"metadata.{field} is not {what}", _HINTS[what]


_MAPPINGS = (("labels", Mapping, "a mapping"), ("annotations", Mapping, "a mapping"))
_HINTS = {"text": "put it in quotes", "a mapping": "write it as key: value"}
