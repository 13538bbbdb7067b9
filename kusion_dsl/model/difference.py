"""What differs between two JSON-like values, field by field, lists of named things by their names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kusion_dsl.model.change import MISSING
from kusion_dsl.model.keyed import key_of
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


def differences(old: Any, new: Any) -> tuple[Difference, ...]:
    """Every difference, in order of the new value; a part that only one side has is told as a whole."""
    return tuple(_walk("", (), (), old, new))


def _walk(label: str, old_path: Path, new_path: Path, old: Any, new: Any) -> Iterator[Difference]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*new, *(key for key in old if key not in new)]:
            yield from _walk(
                _below(label, key), (*old_path, key), (*new_path, key), old.get(key, MISSING), new.get(key, MISSING)
            )
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(label, old_path, new_path, old, new)
    elif not _same(old, new):
        yield Difference(label, old_path, new_path, old, new)


def _lists(label: str, old_path: Path, new_path: Path, old: list[Any], new: list[Any]) -> Iterator[Difference]:
    key = key_of(new_path[-1] if new_path else None, old, new)
    if key is None:
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else MISSING
            after = new[index] if index < len(new) else MISSING
            yield from _walk(f"{label}[{index}]", (*old_path, index), (*new_path, index), before, after)
        return
    olds = {str(item[key]): index for index, item in enumerate(old)}
    news = {str(item[key]): index for index, item in enumerate(new)}
    for name in [*news, *(name for name in olds if name not in news)]:
        old_index, new_index = olds.get(name), news.get(name)
        yield from _walk(
            _item(label, name),
            (*old_path, len(old) if old_index is None else old_index),
            (*new_path, len(new) if new_index is None else new_index),
            MISSING if old_index is None else old[old_index],
            MISSING if new_index is None else new[new_index],
        )
    common_old, common_new = [name for name in olds if name in news], [name for name in news if name in olds]
    if common_old != common_new:
        yield Difference(f"{label} (order)", old_path, new_path, common_old, common_new)


def _same(old: Any, new: Any) -> bool:
    """Equal as JSON is: True is not 1, but 1 is 1.0."""
    return old == new and isinstance(old, bool) == isinstance(new, bool)


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
