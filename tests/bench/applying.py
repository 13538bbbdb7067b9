"""Preview, apply and an apply without changes, beside a stock Pulumi program with the same resources."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from kusion_dsl.engine.command import engine_environment
from tests.bench.processes import ROUNDS, Command, Times
from tests.bench.projects import write_resources
from tests.bench.row import Row

_SIZES = (10, 100)
_STEPS = {"preview": "preview", "apply": "apply", "no-op": "apply", "preview without changes": "preview"}
_BARS = {("preview without changes", 100): 1.2}


def rows(kusion: str, pulumi: Path, work: Path) -> Iterator[Row]:
    """Some steps for each size: every round begins with nothing applied, in directories of its own."""
    for size in _SIZES:
        stack = write_resources(work / f"resources-{size}", size)
        spec = spec_of(kusion, stack, work, size)
        rounds = [_round(kusion, pulumi, stack, spec, work / f"round-{size}-{number}") for number in range(ROUNDS + 1)]
        for step in _STEPS:
            times = [each[step] for each in rounds[1:]]
            yield Row(
                f"{step}, {size} resources / stock Pulumi program",
                Times(tuple(time[0] for time in times), tuple(time[1] for time in times)),
                bar=_BARS.get((step, size)),
            )


def spec_of(kusion: str, stack: Path, work: Path, size: int) -> Path:
    """The file of the Spec of a project that has ``size`` resources."""
    done = subprocess.run(
        [kusion, "generate", "-w", str(stack), "-o", "json"], capture_output=True, text=True, check=True
    )
    found = len(json.loads(done.stdout)["resources"])
    if found != size:
        raise RuntimeError(f"the project for {size} resources has {found}")
    path = work / f"spec-{size}.json"
    path.write_text(done.stdout, encoding="utf-8")
    return path


def _round(kusion: str, pulumi: Path, stack: Path, spec: Path, work: Path) -> dict[str, tuple[float, float]]:
    """The seconds of ours and of the stock program for each step."""
    for name in ("ours", "stock", "home"):
        (work / name).mkdir(parents=True)
    passphrase = work / "passphrase"
    passphrase.write_text("correct horse battery staple", encoding="utf-8")
    environment = {"KUSION_HOME": str(work.parent / "home"), "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase)}
    stock_environment = engine_environment((work / "stock").as_uri(), passphrase, work.parent / "home")
    took: dict[str, tuple[float, float]] = {}
    for step, operation in _STEPS.items():
        arguments = ["--backend", (work / "ours").as_uri(), "--target-dir", str(work / "ours-manifests")]
        consent = ["--yes"] if operation == "apply" else []
        ours = Command([kusion, operation, "-w", str(stack), *arguments, *consent], work, environment)
        program = [
            sys.executable,
            "-m",
            "tests.bench.stock",
            operation,
            str(spec),
            str(work / "stock-manifests"),
            str(pulumi),
        ]
        reference = Command(program, Path(__file__).parents[2], stock_environment)
        took[step] = (ours.seconds(), reference.seconds())
    return took
