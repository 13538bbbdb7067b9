"""Names that Kubernetes accepts.

RFC 1123 labels: at most 63 of ``a-z``, ``0-9`` and ``-``, beginning and ending with a letter or digit
(https://kubernetes.io/docs/concepts/overview/working-with-objects/names). What an author writes and does not fit is an
error; what we derive is shortened, always in the same way.
"""

from __future__ import annotations

import hashlib
import re

MAX_LABEL = 63
_DIGEST_LENGTH = 8
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def label_problem(name: str, longest: int = MAX_LABEL) -> str | None:
    """What keeps ``name`` from being a DNS label of at most ``longest`` characters; None if nothing does."""
    if not name:
        return "is empty"
    if len(name) > longest:
        return f"has {len(name)} characters, at most {longest} fit"
    if not _LABEL.fullmatch(name):
        return "is not a DNS label: use lower-case letters, digits and '-', with a letter or digit at both ends"
    return None


def kebab(name: str) -> str:
    """An identifier as a DNS label: ``OpsRule``, ``opsRule`` and ``ops_rule`` all give ``ops-rule``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name)
    return re.sub(r"[-_]+", "-", words).strip("-").lower()


def shorten(name: str, longest: int = MAX_LABEL) -> str:
    """``name`` if it fits, else as much of it as fits with an 8-hex digest of the whole behind it."""
    if len(name) <= longest:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{name[: longest - _DIGEST_LENGTH - 1].rstrip('-.')}-{digest}"
