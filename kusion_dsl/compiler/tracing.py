"""How a field's origin survives a module.

What a module is given carries, on every text and number, who wrote it and where; most of it goes unchanged into the
attributes of a resource, where it is read off and removed again. What a module makes anew (``f"{size}Gi"``) has the
module and the component as its origin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kusion_dsl.model.component import Component
from kusion_dsl.model.provenance import Deferred, Traced, mark
from kusion_dsl.model.reference import Path

OriginOf = Callable[[Component, Path], Deferred | None]
"""The origin of a path within a component."""


def trace(component: Component, origin_of: OriginOf) -> Component:
    """A copy of ``component`` whose values know their origins; nested components are asked for their own."""
    changes = {
        name: _trace(getattr(component, name), component, (name,), origin_of) for name in component.model_fields_set
    }
    return component.model_copy(update=changes)


def _trace(value: Any, owner: Component, path: Path, origin_of: OriginOf) -> Any:
    if isinstance(value, Component):
        return trace(value, origin_of)
    if isinstance(value, Mapping):
        return {key: _trace(item, owner, (*path, key), origin_of) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_trace(item, owner, (*path, index), origin_of) for index, item in enumerate(value))
    return mark(value, origin_of(owner, path))


def plain(value: Any) -> Any:
    """``value`` without origins: only what JSON knows; tuples become lists."""
    match value:
        case str():  # the most frequent one
            return str.__str__(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case bool():
            return value
        case int():
            return int.__int__(value)
        case float():
            return float.__float__(value)
        case _:
            return value


def origins_in(value: Any, path: Path = ()) -> Iterator[tuple[Path, Deferred]]:
    """Every origin in a JSON-like value, with its path."""
    if isinstance(value, Traced):
        yield path, value.origin
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from origins_in(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from origins_in(item, (*path, index))
