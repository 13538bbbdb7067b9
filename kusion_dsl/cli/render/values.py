"""Values of fields, as people read them: in one line, and of two that are compared what differs.

What is given here is masked already: a secret that is cut cannot be found any more.
"""

from __future__ import annotations

import difflib
import itertools
import json
from collections.abc import Iterator, Mapping, Sized
from typing import Any

import click

from kusion_dsl.model.change import MISSING

LONGEST = 60
"""Characters of a value in a line."""

_NAMES = 3  # of a mapping that is too large to be shown
_CONTEXT = 12  # characters of two long texts before the first that differs


def value_text(value: Any, longest: int | None = LONGEST) -> str:
    """A value in a line; what is longer than ``longest`` is summed up, or cut at its end."""
    if value is MISSING:
        return click.style("(absent)", dim=True)
    text = json.dumps(value, ensure_ascii=False)
    if longest is None or len(text) <= longest:
        return text
    match value:
        case Mapping():
            names = ", ".join(itertools.islice(value, _NAMES))
            return f"{{{_count(value, 'field')}: {names}{', …' if len(value) > _NAMES else ''}}}"
        case list():
            return f"[{_count(value, 'item')}]"
        case _:
            return f"{text[: longest - 1]}…"


def _count(values: Sized, what: str) -> str:
    return f"{len(values)} {what}{'' if len(values) == 1 else 's'}"


def pair_text(old: Any, new: Any, longest: int | None = LONGEST) -> tuple[str, str]:
    """Two values that are compared; of long texts the part where they differ is kept."""
    if longest is not None and isinstance(old, str) and isinstance(new, str):
        texts = [json.dumps(each, ensure_ascii=False) for each in (old, new)]
        if max(map(len, texts)) > longest:
            differing = (place for place, (one, other) in enumerate(zip(*texts, strict=False)) if one != other)
            first = next(differing, min(map(len, texts)))
            start = max(min(first - _CONTEXT, max(map(len, texts)) - longest + 1), 0)
            return _cut(texts[0], start, longest), _cut(texts[1], start, longest)
    return value_text(old, longest), value_text(new, longest)


def _cut(text: str, start: int, longest: int) -> str:
    """So many characters of ``text`` from ``start``, with a mark where something was left out."""
    begin = "…" if start else ""
    room = longest - len(begin)
    kept = text[start:]
    return begin + (kept if len(kept) <= room else f"{kept[: room - 1]}…")


def line_differences(old: str, new: str, most: int | None) -> Iterator[str]:
    """Two texts of several lines as a unified diff of these, of at most so many lines.

    What would move a terminal's cursor or change its colours is escaped: anybody may have written it.
    """
    lines = list(difflib.unified_diff(old.split("\n"), new.split("\n"), n=1, lineterm=""))[2:]
    shown = lines if most is None or len(lines) <= most else lines[: most - 1]
    for line in map(_printable, shown):
        if line.startswith("@@"):
            yield click.style(line, dim=True)
        else:
            yield click.style(line, fg={"+": "green", "-": "red"}.get(line[:1]))
    if len(shown) < len(lines):
        yield click.style(f"… and {len(lines) - len(shown)} lines more; --detail shows them", dim=True)


def _printable(line: str) -> str:
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in line)
