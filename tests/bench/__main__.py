"""``python -m tests.bench``: prints the table and writes ``bench.json``.

Ratios depend little on the machine, seconds do: only ratios have bars. With ``--check`` a missed bar is an error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kusion_dsl.engine.binary import find
from tests.bench import applying, compiling, deploying, peers, previewing, scaling, sharing, starting
from tests.bench.row import Row, table

_ROOT = Path(__file__).parents[2]
_PARTS = ("starting", "previewing", "compiling", "applying", "scaling", "sharing")
_CLUSTER = "deploying"
"""Needs a control plane, which takes minutes to build once: measured only where it is asked for."""


def main() -> int:
    """Measure, print, write; 1 where ``--check`` is given and a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these of: {', '.join(_PARTS)}, {_CLUSTER}")
    parser.add_argument("--peers", type=Path, metavar="DIR", help="beside other tools, in this virtual environment")
    parser.add_argument("--cluster", action="store_true", help=f"{_CLUSTER}, too: on a Kubernetes control plane")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a bar is missed")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - {*_PARTS, _CLUSTER}
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="kusion-bench-") as work:
        rows = []
        parts = [*(arguments.parts or _PARTS), *([_CLUSTER] if arguments.cluster else [])]
        for row in _rows(parts, arguments.peers, Path(work)):
            print(f"measured: {row.name}", file=sys.stderr)
            rows.append(row)
    print(table(rows))
    document = {"rows": [row.to_json() for row in rows]}
    (_ROOT / "bench.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 1 if arguments.check and any(row.missed for row in rows) else 0


def _rows(parts: list[str], environment: Path | None, work: Path) -> Iterator[Row]:
    kusion = str(Path(sysconfig.get_path("scripts")) / "kusion")
    if environment is not None:
        yield from peers.rows(kusion, environment.absolute(), work)
    if "starting" in parts:
        yield from starting.rows(kusion, _ROOT, work)
    if "previewing" in parts:
        yield from previewing.rows(kusion, _ROOT, work)
    if "compiling" in parts:
        yield from compiling.rows(kusion, work)
    if "applying" in parts:
        yield from applying.rows(kusion, _pulumi(work), work)
    if "scaling" in parts:
        yield from scaling.rows(kusion, _pulumi(work), work)
    if "sharing" in parts:
        yield from sharing.rows(kusion, _pulumi(work), work)
    if _CLUSTER in parts:
        yield from deploying.rows(kusion, _pulumi(work), work)


def _pulumi(work: Path) -> Path:
    found = find(work / "home", os.environ)
    if found is None:
        raise SystemExit("there is no Pulumi CLI to measure with; `kusion engine install` gets one")
    return found.path


if __name__ == "__main__":
    raise SystemExit(main())
