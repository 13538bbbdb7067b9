"""Who put a field there: for every field of a Spec those that had a say.

Beside the Spec, never in it: the same application compiled from another directory has the same Spec.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, NamedTuple, Self

from kusion_dsl.errors import Position
from kusion_dsl.model.reference import Path, format_path

Kind = Literal["author", "module", "workspace", "project", "compiler"]


class Origin(NamedTuple):
    """One that had a say: what kind it is, its name, and the place in a file where it said it, if there is one.

    ``name`` is for people: ``Shop.workload``, ``kusion-service 0.1.0``, ``workspace prod``.
    """

    kind: Kind
    name: str
    position: Position | None = None

    def __str__(self) -> str:
        return f"{self.position} ({self.name})" if self.position else self.name


Deferred = Callable[[], Origin]
"""An origin whose place in a file is looked up only when somebody asks."""


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

    fields: Mapping[str, Mapping[Path, tuple[Deferred, ...]]] = field(default_factory=dict)

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
