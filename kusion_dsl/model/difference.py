"""What differs between two JSON-like values, field by field, lists of named things by their names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kusion_dsl.model.change import MISSING
from kusion_dsl.model.keyed import key_of, order_matters
from kusion_dsl.model.reference import Path, format_path

_DELIMITER = re.compile(r'[\[\]"]')


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs.

    ``label`` names it for people, and is the same on both sides whatever the order: ``containers[web].env[X].value``.
    ``old_path`` and ``new_path`` are where it is, or would be, on each side.
    """

    label: str
    old_path: Path
    new_path: Path
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where two values stand that are compared: the label of both, and the path of each."""

    label: str = ""
    old: Path = ()
    new: Path = ()

    @property
    def field(self) -> str | int | None:
        """The last step; None at the top."""
        return self.new[-1] if self.new else None

    def below(self, key: str) -> Place:
        """The place of a field."""
        return Place(_below(self.label, key), (*self.old, key), (*self.new, key))

    def at(self, index: int) -> Place:
        """The place of an item of a list in which the order tells them apart."""
        return Place(f"{self.label}[{index}]", (*self.old, index), (*self.new, index))

    def item(self, name: str, old: int, new: int) -> Place:
        """The place of an item of a keyed list."""
        return Place(_item(self.label, name), (*self.old, old), (*self.new, new))

    def order(self) -> str:
        """The label of the order of a list's items."""
        return f"{self.label} (order)"


_TOP = Place()


def differences(old: Any, new: Any, place: Place = _TOP) -> tuple[Difference, ...]:
    """Every difference, in order of the new value; a part that only one side has is told as a whole.

    Another order of the same items is told as one where it means something, and not at all where it does not.
    """
    return tuple(_walk(place, old, new))


def _walk(place: Place, old: Any, new: Any) -> Iterator[Difference]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*new, *(key for key in old if key not in new)]:
            yield from _walk(place.below(key), old.get(key, MISSING), new.get(key, MISSING))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(place, old, new)
    elif not same(old, new):
        yield Difference(place.label, place.old, place.new, old, new)


def _lists(place: Place, old: list[Any], new: list[Any]) -> Iterator[Difference]:
    key = key_of(place.field, old, new)
    if key is None:
        if is_reordered(old, new):
            yield Difference(place.order(), place.old, place.new, old, new)
            return
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else MISSING
            after = new[index] if index < len(new) else MISSING
            yield from _walk(place.at(index), before, after)
        return
    olds, news = items_by(key, old), items_by(key, new)
    for name in [*news, *(name for name in olds if name not in news)]:
        old_index, before = olds.get(name, (len(old), MISSING))
        new_index, after = news.get(name, (len(new), MISSING))
        yield from _walk(place.item(name, old_index, new_index), before, after)
    common_old, common_new = [name for name in olds if name in news], [name for name in news if name in olds]
    if common_old != common_new and order_matters(place.field, old, new):
        yield Difference(place.order(), place.old, place.new, common_old, common_new)


def items_by(key: str, items: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, Any]]:
    """The items of a keyed list by their names, each with its index."""
    return {str(item[key]): (index, item) for index, item in enumerate(items)}


def is_reordered(old: Sequence[Any], new: Sequence[Any]) -> bool:
    """Whether both have the same items in another order."""
    if len(old) != len(new) or same(old, new):
        return False
    return sorted(map(_text, old)) == sorted(map(_text, new))


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def same(old: Any, new: Any) -> bool:
    """Equal as JSON is: True is not 1, but 1 is 1.0."""
    match old, new:
        case Mapping(), Mapping():
            return old.keys() == new.keys() and all(same(old[key], new[key]) for key in old)
        case list(), list():
            return len(old) == len(new) and all(map(same, old, new))
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)


def _below(label: str, key: str) -> str:
    step = format_path((key,))
    return f"{label}{step}" if not label or step.startswith("[") else f"{label}.{step}"


def _item(label: str, name: str) -> str:
    """An item of a keyed list; a name that could be taken for something else is written as JSON."""
    return f"{label}[{json.dumps(name) if _DELIMITER.search(name) else name}]"


def labels(value: Any) -> Iterator[tuple[str, Path]]:
    """Every field of a value, inner ones included, by the label that :func:`differences` would give it."""
    yield from _labels("", (), value)


def _labels(label: str, path: Path, value: Any) -> Iterator[tuple[str, Path]]:
    if label:
        yield label, path
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _labels(_below(label, key), (*path, key), item)
    elif isinstance(value, list):
        key = key_of(path[-1] if path else None, value)
        for index, item in enumerate(value):
            yield from _labels(_item(label, str(item[key])) if key else f"{label}[{index}]", (*path, index), item)
