"""Secret values that are easy to find again, in whatever encoding they travel."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus


def forms(value: str) -> frozenset[bytes]:
    """``value`` as it may lie somewhere: raw, JSON-, YAML- and URL-escaped, and base64 at each alignment."""
    texts = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(value))[3:-3],
        value.replace("'", "''"),
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
    }
    found = {text.encode() for text in texts}
    return frozenset(found | {form for text in texts for form in _base64_forms(text.encode())})


def _base64_forms(data: bytes) -> Iterator[bytes]:
    """The characters that do not depend on what stands around ``data``."""
    for alignment in range(3):
        start, end = (0, 2, 3)[alignment], (alignment + len(data)) * 4 // 3
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(alignment) + data)[start:end]


def found_in(data: bytes, values: Iterable[str]) -> list[str]:
    """Those of ``values`` that lie in ``data``."""
    return [value for value in values if any(form in data for form in forms(value))]


def leaks(root: Path, allowed: Iterable[Path], values: Iterable[str]) -> dict[str, list[str]]:
    """The files below ``root`` that hold a value, or whose names do, but for those at or below ``allowed``."""
    exempt = tuple(allowed)
    leaked = {}
    for path in sorted(root.rglob("*")):
        if path in exempt or any(parent in exempt for parent in path.parents):
            continue
        data = str(path).encode() + (path.read_bytes() if path.is_file() else b"")
        if found := found_in(data, values):
            leaked[str(path.relative_to(root))] = found
    return leaked
