"""Lengths of time as kubectl and helm read and write them: ``30s``, ``5m``, ``1h30m``.

The form is Go's (https://pkg.go.dev/time#ParseDuration) in whole hours, minutes and seconds.
"""

from __future__ import annotations

import re

_DURATION = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", re.ASCII)
_UNITS = (3600, 60, 1)


def seconds_of(text: str) -> int:
    """How many seconds ``text`` is. Raises ValueError for what is no duration, or none of any length."""
    match = _DURATION.fullmatch(text)
    counts = match.groups(default="0") if match else ()
    seconds = sum(int(count) * unit for count, unit in zip(counts, _UNITS, strict=False))
    if not seconds:
        raise ValueError(f"'{text}' is no duration: write it in hours, minutes and seconds, like 90s, 5m or 1h30m")
    return seconds


def duration_text(seconds: float) -> str:
    """A length of time in its shortest form; 90 seconds are ``1m30s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if count]
    return "".join(parts) or "0s"
