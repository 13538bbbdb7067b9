"""Quantities of resources (``500m``, ``1.5``, ``512Mi``), in the form in which Kubernetes gives them back.

Written in another form, every comparison with what is live would show a difference.
Source: ``CanonicalizeBytes`` and ``ParseQuantity`` in
https://github.com/kubernetes/apimachinery/blob/master/pkg/api/resource/quantity.go.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import Annotated

from pydantic import AfterValidator

_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_QUANTITY = re.compile(rf"\+?(?P<number>{_NUMBER})(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]{{1,2}})?")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_FINEST = Fraction(1, 10**9)
_LARGEST = 2**63 - 1


@lru_cache(maxsize=1024)  # applications of a stack have much the same sizes
def canonical(text: str) -> str:
    """``text`` as Kubernetes writes it: ``0.5`` is ``500m``, ``1024Mi`` is ``1Gi``. Raises ValueError for no quantity."""
    suffix = _match(text)["suffix"] or ""
    value = _value(text)
    if suffix.endswith("i") and value >= 1024 and value.denominator == 1:
        return _binary(int(value))
    return _decimal(value, exponential=suffix not in _DECIMAL and not suffix.endswith("i"))


@lru_cache(maxsize=1024)
def is_at_most(request: str, limit: str) -> bool:
    """Whether one quantity is not greater than another. Raises ValueError for no quantity."""
    return _value(request) <= _value(limit)


def split_range(text: str) -> tuple[str | None, str]:
    """The request and the limit of ``"500m-1"``; a lone quantity is a limit, and so is what is neither."""
    if not _QUANTITY.fullmatch(text):
        for position in (match.start() for match in re.finditer("-", text)):
            request, limit = text[:position], text[position + 1 :]
            if _QUANTITY.fullmatch(request) and _QUANTITY.fullmatch(limit):
                return request, limit
    return None, text


def _match(text: str) -> re.Match[str]:
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is no quantity: write it like 500m, 2, 512Mi or 1.5Gi")
    return match


def _value(text: str) -> Fraction:
    """The exact value, rounded up to a billionth as Kubernetes does."""
    match = _match(text)
    suffix = match["suffix"] or ""
    if suffix.endswith("i"):
        factor = Fraction(1024 ** _BINARY.index(suffix))
    else:
        exponent = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
        factor = Fraction(10) ** exponent
    number = match["number"]
    exact = Fraction(number if number[-1] != "." else number[:-1]) * factor
    if exact > _LARGEST:
        raise ValueError(f"'{text}' is more than Kubernetes can count")
    return ceil(exact / _FINEST) * _FINEST


def _binary(value: int) -> str:
    power = 0
    while value % 1024 == 0 and power < len(_BINARY) - 1:
        value //= 1024
        power += 1
    return f"{value}{_BINARY[power]}"


def _decimal(value: Fraction, *, exponential: bool) -> str:
    if value == 0:
        return "0"
    exponent = 18
    while (value / Fraction(10) ** exponent).denominator != 1:
        exponent -= 3
    number = int(value / Fraction(10) ** exponent)
    if exponential:
        return f"{number}e{exponent}" if exponent else str(number)
    suffix = next(suffix for suffix, power in _DECIMAL.items() if power == exponent)
    return f"{number}{suffix}"


def _checked_range(text: str) -> str:
    request, limit = split_range(text)
    if request is None:
        return canonical(limit)
    if not is_at_most(request, limit):
        raise ValueError(f"the request {request} is more than the limit {limit}")
    return f"{canonical(request)}-{canonical(limit)}"


Quantity = Annotated[str, AfterValidator(canonical)]
"""A quantity of a resource: ``500m``, ``2``, ``512Mi``."""

QuantityRange = Annotated[str, AfterValidator(_checked_range)]
"""A limit (``512Mi``), or a request and a limit (``256Mi-512Mi``)."""
