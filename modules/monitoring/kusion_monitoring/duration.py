"""Durations as both the ancestor and Prometheus' operator read them: ``30s``, ``1m30s``, ``500ms``.

Sources: https://pkg.go.dev/time#ParseDuration, and the pattern of ``Duration`` in
https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.Duration. What only one of them takes
(``1.5m``, ``1d``) is refused.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)
_MILLISECONDS = (3_600_000, 60_000, 1_000, 1)


def milliseconds(text: str) -> int:
    """How many milliseconds ``text`` is. Raises ValueError for what is no duration, or none of any length."""
    match = _DURATION.fullmatch(text)
    length = (
        sum(int(count or 0) * unit for count, unit in zip(match.groups(), _MILLISECONDS, strict=True)) if match else 0
    )
    if not length:
        raise ValueError(
            f"'{text}' is no duration: write it in whole hours, minutes, seconds and ms, like 30s or 1m30s"
        )
    return length


def _checked(text: str) -> str:
    milliseconds(text)
    return text


Duration = Annotated[str, AfterValidator(_checked)]
"""A length of time, longer than none."""
