"""Who put a field there: for every field of a Spec those that had a say.

Beside the Spec, never in it: the same application compiled from another directory has the same Spec.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache, partial
from typing import Any, Literal, NamedTuple, Self

from kusion_dsl.errors import Position
from kusion_dsl.model.reference import Path, format_path, parse_path

Kind = Literal["author", "module", "workspace", "project", "compiler"]


class Origin(NamedTuple):
    """One that had a say: what kind it is, its name, and the place in a file where it said it, if there is one.

    ``name`` is for people: ``Shop.workload``, ``kusion-service 0.1.0``, ``workspace prod``. ``options`` are the names of
    the stack's options that what was said is made with.
    """

    kind: Kind
    name: str
    position: Position | None = None
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        name = ", ".join((self.name, *(f"option {option}" for option in self.options)))
        return f"{self.position} ({name})" if self.position else name

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        place = self.position._asdict() if self.position else {}
        given = {**place, "options": list(self.options)}
        return {"kind": self.kind, "name": self.name, **{name: value for name, value in given.items() if value}}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Origin:
        """The inverse of :meth:`to_json`."""
        file, line, column = document.get("file", ""), document.get("line", 0), document.get("column", 0)
        position = Position(file, line, column) if file else None
        return cls(document["kind"], document["name"], position, tuple(document.get("options", ())))


Deferred = Callable[[], Origin]
"""An origin whose place in a file is looked up only when somebody asks."""

_Fields = Mapping[Path, tuple[Deferred, ...]]
"""For every path in a resource's attributes its origins, the decisive one first."""


class _Atomic:
    """Copied as what it is, as the built-in texts and numbers are."""

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


class TracedText(_Atomic, str):
    """A string that knows where it comes from."""

    origin: Deferred

    def __new__(cls, value: str, origin: Deferred) -> Self:
        traced = super().__new__(cls, value)
        traced.origin = origin
        return traced


class TracedInteger(_Atomic, int):
    """A whole number that knows where it comes from."""

    origin: Deferred

    def __new__(cls, value: int, origin: Deferred) -> Self:
        traced = super().__new__(cls, value)
        traced.origin = origin
        return traced


class TracedNumber(_Atomic, float):
    """A number that knows where it comes from."""

    origin: Deferred

    def __new__(cls, value: float, origin: Deferred) -> Self:
        traced = super().__new__(cls, value)
        traced.origin = origin
        return traced


Traced = TracedText | TracedInteger | TracedNumber


def mark(value: Any, origin: Deferred | None) -> Any:
    """``value`` with ``origin`` on it. What has one keeps it.

    Booleans, None and members of enumerations cannot carry one.
    """
    if origin is None or isinstance(value, Traced):
        return value
    match value:
        case bool() | Enum():
            return value
        case str():
            return TracedText(value, origin)
        case int():
            return TracedInteger(value, origin)
        case float():
            return TracedNumber(value, origin)
        case _:
            return value


def mark_all(value: Any, origin: Callable[[Path], Deferred], path: Path = ()) -> Any:
    """:func:`mark` for every leaf of a JSON-like value."""
    if isinstance(value, Mapping):
        return {key: mark_all(item, origin, (*path, key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mark_all(item, origin, (*path, index)) for index, item in enumerate(value)]
    return mark(value, origin(path))


def derived(value: str, source: str) -> str:
    """``value``, which a module made of ``source`` alone, with the origin of that."""
    return TracedText(value, source.origin) if isinstance(source, TracedText) else value


@dataclass(frozen=True)
class Provenance:
    """For every resource id and every path in its attributes the origins, the decisive one first."""

    fields: Mapping[str, _Fields] = field(default_factory=dict)

    def of(self, resource: str, path: Path = ()) -> tuple[Origin, ...]:
        """The origins of a field, those of its own first, then those of what it is part of."""
        known = self.fields.get(resource, {})
        found: dict[Origin, None] = {}
        for length in range(len(path), -1, -1):
            found.update((origin(), None) for origin in known.get(path[:length], ()))
        return tuple(found)

    def paths(self, resource: str) -> Iterable[Path]:
        """The paths of a resource that have origins of their own, in order of their text."""
        return sorted(self.fields.get(resource, {}), key=format_path)

    def in_files(self, name: Callable[[str], str]) -> Provenance:
        """The same, with ``name`` of each file in place of its own name."""

        def renamed(id: str) -> _Fields:
            own = self.fields[id].items()
            return {path: tuple(partial(_in_file, origin, name) for origin in origins) for path, origins in own}

        return Provenance(_Lazy(self.fields, renamed))

    def to_json(self) -> dict[str, Any]:
        """The stored form, for which every place is looked up: each origin once, in order of use, and who uses which.

        ``fields`` has for each resource, by the text of each path, the index of its origin, or a list of several.
        """
        table: dict[Origin, int] = {}
        fields: dict[str, dict[str, int | list[int]]] = {}
        for id in sorted(self.fields):
            fields[id] = {}
            for text, origins in sorted((format_path(path), origins) for path, origins in self.fields[id].items()):
                indices = [table.setdefault(origin(), len(table)) for origin in origins]
                fields[id][text] = indices[0] if len(indices) == 1 else indices
        return {"origins": [origin.to_json() for origin in table], "fields": fields}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Provenance:
        """The inverse of :meth:`to_json`."""
        origins = [partial(Origin.from_json, each) for each in document["origins"]]
        fields: Mapping[str, Mapping[str, int | list[int]]] = document["fields"]

        def read(id: str) -> _Fields:
            used = {text: each if isinstance(each, list) else [each] for text, each in fields[id].items()}
            return {parse_path(text): tuple(origins[each] for each in indices) for text, indices in used.items()}

        return cls(_Lazy(fields, read))


class _Lazy(Mapping[str, _Fields]):
    """The fields of resources, each made when it is asked for: of most nobody ever does."""

    def __init__(self, ids: Iterable[str], make: Callable[[str], _Fields]) -> None:
        self._ids = dict.fromkeys(ids)
        self._make = cache(make)

    def __getitem__(self, id: str) -> _Fields:
        if id not in self._ids:
            raise KeyError(id)
        return self._make(id)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def _in_file(origin: Deferred, name: Callable[[str], str]) -> Origin:
    found = origin()
    place = found.position
    return found._replace(position=place._replace(file=name(place.file))) if place else found
