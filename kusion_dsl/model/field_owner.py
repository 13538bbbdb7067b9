"""Managers: who wrote the fields of a live object, where the target keeps account of it.

Kubernetes does (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_WITHIN = (".", "[")


@dataclass(frozen=True, slots=True)
class Manager:
    """Somebody who wrote fields: the ``name`` that its client gives itself, and the last ``time`` (RFC 3339, UTC).

    The time is empty where it is not kept: the subresource ``scale`` has none.
    """

    name: str
    time: str = ""

    def __str__(self) -> str:
        return f"{self.name} at {self.time}" if self.time else self.name


def manager_of(managers: Mapping[str, Manager], label: str) -> Manager | None:
    """Who wrote the field ``label`` last, or the whole that it is part of, or some part of it; None where nobody did.

    ``managers`` are by labels as :func:`kusion_dsl.model.difference.differences` makes them.
    """
    wrote = [manager for known, manager in managers.items() if _touches(known, label)]
    return max(wrote, key=lambda each: each.time, default=None)


def _touches(one: str, other: str) -> bool:
    """Whether one label is the other, or within it."""
    shorter, longer = sorted((one, other), key=len)
    return longer == shorter or (longer.startswith(shorter) and longer[len(shorter) :].startswith(_WITHIN))
