"""The result: a table for people, and the same for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.processes import Times


@dataclass(frozen=True)
class Row:
    """One comparison: ours and the reference, in seconds or ``unit``, and the ratio that is accepted, if one was set."""

    name: str
    times: Times
    bar: float | None = None
    unit: str = "s"

    @property
    def ratio(self) -> float | None:
        """Ours divided by the reference."""
        reference = self.times.median_of_reference
        return None if reference is None else self.times.median_of_ours / reference

    @property
    def missed(self) -> bool:
        """Whether it is over its bar."""
        return self.bar is not None and self.ratio is not None and self.ratio > self.bar

    def to_json(self) -> dict[str, Any]:
        """The row, and the seconds of each run."""
        return {
            "name": self.name,
            "ours": self.times.median_of_ours,
            "reference": self.times.median_of_reference,
            "ratio": self.ratio,
            "bar": self.bar,
            "unit": self.unit,
            "times": {"ours": list(self.times.ours), "reference": list(self.times.reference)},
        }


def _verdict(row: Row) -> str:
    if row.bar is None:
        return ""
    return "MISSED" if row.missed else "met"


def _amount(value: float, unit: str) -> str:
    return f"{value:.3f} s" if unit == "s" else f"{value:.0f} {unit}"


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned text."""
    cells = [("name", "ours", "reference", "ratio", "bar", "")]
    for row in rows:
        reference = row.times.median_of_reference
        cells.append(
            (
                row.name,
                _amount(row.times.median_of_ours, row.unit),
                "" if reference is None else _amount(reference, row.unit),
                "" if row.ratio is None else f"{row.ratio:.2f}",
                "" if row.bar is None else f"{row.bar:.2f}",
                _verdict(row),
            )
        )
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = []
    for line in cells:
        first, *others = (
            text.ljust(width) if not column else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        lines.append("  ".join([first, *others]).rstrip())
    return "\n".join(lines)
