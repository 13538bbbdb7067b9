"""Schedules of CronJobs, checked when they are written.

Source: ``ParseStandard`` in https://pkg.go.dev/github.com/robfig/cron/v3, by which Kubernetes reads them
(https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NAMED = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_EVERY = re.compile(r"@every ([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+")
_PART = re.compile(r"(?P<first>[*?]|\w+)(-(?P<last>\w+))?(/(?P<step>[0-9]+))?")


_TIME_ZONE = re.compile(r"[A-Za-z0-9][-+\w]*(/[-+\w]+)*", re.ASCII)


def _numbered(names: str, first: int) -> Mapping[str, int]:
    return {name: number for number, name in enumerate(names.split(), first)}


@dataclass(frozen=True)
class _Field:
    """A field of a schedule: the numbers that may stand in it, and names for them."""

    name: str
    lowest: int
    highest: int
    names: Mapping[str, int] = field(default_factory=dict[str, int])

    def check(self, text: str) -> None:
        """Raise ValueError where ``text`` is no list of numbers, ranges and steps of this field."""
        for part in text.split(","):
            match = _PART.fullmatch(part)
            if match is None or (match["last"] and match["first"] in "*?"):
                raise ValueError(f"'{part}' is no {self.name}")
            if match["step"] is not None and int(match["step"]) == 0:
                raise ValueError(f"the step of '{part}' is 0")
            first = self._number(match["first"]) if match["first"] not in "*?" else self.lowest
            last = self._number(match["last"]) if match["last"] else first
            if first > last:
                raise ValueError(f"'{part}' begins after its end")

    def _number(self, text: str) -> int:
        number = self.names.get(text.lower(), int(text) if text.isdecimal() and text.isascii() else None)
        if number is None or not self.lowest <= number <= self.highest:
            names = f", or {'/'.join(self.names)}" if self.names else ""
            raise ValueError(f"'{text}' is no {self.name}: it is {self.lowest} to {self.highest}{names}")
        return number


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _numbered("jan feb mar apr may jun jul aug sep oct nov dec", 1)),
    _Field("day of the week", 0, 6, _numbered("sun mon tue wed thu fri sat", 0)),
)


def checked(text: str) -> str:
    """``text`` if it is a schedule or empty. Raises ValueError that says what is wrong with it."""
    if not text or text in _NAMED or _EVERY.fullmatch(text):
        return text
    if text.startswith("@"):
        raise ValueError(f"'{text}' is no name of a schedule: there are {', '.join(_NAMED)}, and @every 90m")
    if text.startswith(("TZ=", "CRON_TZ=")):
        raise ValueError("Kubernetes takes no time zone in a schedule: set time_zone")
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(
            f"'{text}' has {len(fields)} fields: write minute, hour, day of the month, month and day of the week, "
            "like 0 3 * * *"
        )
    for one, part in zip(_FIELDS, fields, strict=True):
        one.check(part)
    return text


def checked_time_zone(name: str) -> str:
    """``name`` if it has the form of a time zone's. Raises ValueError where Kubernetes would refuse it.

    Whether there is one of that name depends on the database that the cluster has. Source: ``validateTimeZone`` in
    kubernetes/pkg/apis/batch/validation.
    """
    if not _TIME_ZONE.fullmatch(name) or name.lower() == "local":
        raise ValueError(f"'{name}' is no name of a time zone, like Europe/Berlin or Etc/UTC")
    return name
