"""How a record is written down: JSON, indented, in the order of its keys.

Canonical JSON would be one line of it. Whoever is on call reads these files, and compares two of them, with ordinary
tools; the digest of a record is that of its bytes, and that of a Spec is taken from its canonical form anyway.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from kusion_dsl.model.release import damaged


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


def digest(data: bytes) -> str:
    """``sha256:<hex>`` of the bytes of a record."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
