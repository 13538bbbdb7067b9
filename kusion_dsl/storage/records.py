"""How a record is written down: JSON, indented, in the order of its keys, and sealed.

Canonical JSON would be one line of it. Whoever is on call reads these files, and compares two of them, with ordinary
tools; the digest of a record is that of its bytes, and that of a Spec is taken from its canonical form anyway.

From format 2 on, and in every format to come, a record is sealed: its last member is the digest of all lines before
that one (``head -n -2 00000007.json | sha256sum``). So every changed byte is seen, in the last record of a chain too,
which no other vouches for. Records of format 1 are not; of these it is seen when they are not written as we write.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from kusion_dsl.model.release import damaged

_SEAL = re.compile(rb'  "digest": "(sha256:[0-9a-f]{64})"\n\}\n')
_SEAL_LENGTH = len(b'  "digest": "sha256:"\n}\n') + 64


def encode(document: dict[str, Any]) -> bytes:
    """The bytes of a record."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode("utf-8", "backslashreplace")  # a lone surrogate becomes its JSON escape


def decode(data: bytes, where: str) -> Any:
    """The inverse of :func:`encode`. Raises DamagedError, naming ``where``."""
    try:
        return json.loads(data)
    except ValueError as error:  # JSONDecodeError, UnicodeDecodeError
        raise damaged(where, f"it is not JSON ({error})") from None
    except RecursionError:
        raise damaged(where, "it is nested too deeply") from None


def seal(document: dict[str, Any]) -> bytes:
    """The bytes of a record with its own digest at the end. ``document`` has a ``version`` and no ``digest``."""
    lines = encode(document).removesuffix(b"\n}\n") + b",\n"
    return lines + f'  "digest": "{digest(lines)}"\n}}\n'.encode()


def unseal(data: bytes, where: str) -> Any:
    """The inverse of :func:`seal`, which also reads format 1. Raises DamagedError, naming ``where``."""
    document = decode(data, where)
    if not isinstance(document, dict) or not isinstance(document.get("version"), int):
        raise damaged(where, "it has no version")
    if document["version"] == 1:
        if not _written_so(data, document):
            raise damaged(where, "it is not written as we write records")
        return document
    lines, last = data[:-_SEAL_LENGTH], data[-_SEAL_LENGTH:]
    sealed = _SEAL.fullmatch(last)
    if sealed is None:
        raise damaged(where, "it does not end with its digest")
    if sealed[1].decode() != digest(lines):
        raise damaged(where, "its digest is not that of what it says")
    return {key: value for key, value in document.items() if key != "digest"}


def _written_so(data: bytes, document: dict[str, Any]) -> bool:
    try:
        return encode(document) == data
    except (ValueError, RecursionError):  # NaN, infinities
        return False


def digest(data: bytes) -> str:
    """``sha256:<hex>`` of the bytes of a record."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
