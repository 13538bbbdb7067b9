"""Three-way comparison: of each field that differs, whether we changed it, somebody else did, or both.

Two pairs of values decide. *before* and *after* are what was applied and what is wanted, as a Spec has them; *state*
and *live* what the engine left and what the provider reads, as an engine has them, references resolved. What differs
within the first pair is ours, within the second somebody else's. Where only one pair differs, a part that is there on
one side only is told as a whole; where both do, it is taken apart until each field is known to be one's or the other's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from kusion_dsl.model.change import MISSING, Cause
from kusion_dsl.model.difference import Difference, Place, differences, is_reordered, items_by, same
from kusion_dsl.model.keyed import key_of
from kusion_dsl.model.reference import Path


class Sides(NamedTuple):
    """The values of one field: as applied, as in the Spec, as the last run left it, as it is, as the engine wants it."""

    before: Any
    after: Any
    state: Any
    live: Any
    wanted: Any


@dataclass(frozen=True, slots=True)
class Compared:
    """One field that differs. ``cause`` is None where somebody else has made it what it is to be.

    ``old_path`` is where it is on the side before, ``new_path`` on the side after; for drift both are those of the
    engine's values.
    """

    label: str
    old_path: Path
    new_path: Path
    before: Any
    after: Any
    live: Any
    cause: Cause | None


def compare(sides: Sides) -> tuple[Compared, ...]:
    """Every field in which what was applied differs from what is wanted, or what is live from what was left."""
    return tuple(_walk(Place(), sides))


def _walk(place: Place, sides: Sides, *, item: bool = False) -> Iterator[Compared]:
    """What differs at a place; ``item`` tells whether that is an item of a keyed list."""
    yours = differences(sides.before, sides.after, place)
    drift = differences(sides.state, sides.live, place)
    if not drift:
        for each in yours:
            yield Compared(each.label, each.old_path, each.new_path, each.old, each.new, each.old, "yours")
    elif not yours:
        yield from _drifted(drift, differences(sides.state, sides.wanted, place))
    else:
        yield from _both(place, sides, item)


def _drifted(drift: Iterable[Difference], meant: Iterable[Difference]) -> Iterator[Compared]:
    """What only somebody else changed. ``meant`` is what the engine wants to be other than the last run left it."""
    wanted = {each.label: each.new for each in meant}
    for each in drift:
        sought = wanted.get(each.label, each.old)
        cause: Cause | None = None if same(sought, each.new) else "drift"
        yield Compared(each.label, each.old_path, each.new_path, each.old, sought, each.new, cause)


def _both(place: Place, sides: Sides, item: bool) -> Iterator[Compared]:
    """Take apart what everybody has, and what both have added; what one of both has removed is a whole."""
    present = [value for value in sides if value is not MISSING]
    added = sides.before is MISSING and sides.state is MISSING and not item
    if not added and len(present) < len(sides):
        yield _leaf(place, sides)
    elif all(isinstance(value, Mapping) and (value or not added) for value in present):
        for key in _keys(sides):
            yield from _walk(place.below(key), Sides(*(_get(value, key) for value in sides)))
    elif all(isinstance(value, list) and (value or not added) for value in present):
        yield from _lists(place, sides)
    else:
        yield _leaf(place, sides)


def _leaf(place: Place, sides: Sides) -> Compared:
    cause: Cause | None = None if same(sides.live, sides.wanted) else "conflict"
    return Compared(place.label, place.old, place.new, sides.before, sides.after, sides.live, cause)


def _lists(place: Place, sides: Sides) -> Iterator[Compared]:
    lists: list[list[Any]] = [[] if value is MISSING else value for value in sides]
    key = key_of(place.field, *lists)
    if key is not None:
        yield from _items(place, lists, key)
    elif len({len(each) for each in lists}) == 1 and not any(is_reordered(*pair) for pair in _pairs(Sides(*lists))):
        for index, values in enumerate(zip(*lists, strict=True)):
            yield from _walk(place.at(index), Sides(*values))
    else:
        yield _leaf(place, sides)


def _items(place: Place, lists: list[list[Any]], key: str) -> Iterator[Compared]:
    by_name = [items_by(key, each) for each in lists]
    for name in dict.fromkeys(name for items in (by_name[1], *by_name) for name in items):
        found = [items.get(name, (len(items), MISSING)) for items in by_name]
        (old, _), (new, _), *_ = found
        yield from _walk(place.item(name, old, new), Sides(*(value for _, value in found)), item=True)
    yield from _order(place, Sides(*lists))


def _order(place: Place, sides: Sides) -> Iterator[Compared]:
    mine, theirs, meant = (
        [each for each in differences(old, new, place) if each.label == place.order()]
        for old, new in (*_pairs(sides), (sides.state, sides.wanted))
    )
    settled = [each.new for each in theirs] == [each.new for each in meant]
    for each in mine:
        cause: Cause | None = "yours" if not theirs else None if settled else "conflict"
        yield Compared(each.label, each.old_path, each.new_path, each.old, each.new, each.old, cause)
    if not mine:
        yield from _drifted(theirs, meant)


def _pairs(sides: Sides) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    return (sides.before, sides.after), (sides.state, sides.live)


def _keys(sides: Sides) -> Iterable[str]:
    ordered = (sides.after, *sides)
    return dict.fromkeys(key for value in ordered if isinstance(value, Mapping) for key in value)


def _get(value: Any, key: str) -> Any:
    return value.get(key, MISSING) if isinstance(value, Mapping) else MISSING
