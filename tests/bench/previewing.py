"""A preview that asks nobody: of a stack that is as it was applied, from its releases alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.bench.processes import Command, side_by_side
from tests.bench.row import Row

_ROUNDS = 15


def rows(kusion: str, root: Path, work: Path) -> Iterator[Row]:
    """``kusion preview --no-live`` of quickstart, applied and unchanged, beside ``kusion generate``: processor time."""
    environment = {"KUSION_HOME": str(work / "home")}
    stack = ["-w", str(root / "stacks/quickstart/dev"), "--backend", (work / "previewed").as_uri()]
    target = ["--target-dir", str(work / "previewed-manifests")]
    (work / "previewed").mkdir()
    Command([kusion, "apply", *stack, *target, "--yes"], work, environment).run()
    preview = Command([kusion, "preview", *stack, *target, "--no-live"], work, environment)
    if b"no changes" not in preview.run().lower():
        raise RuntimeError("the preview of an unchanged stack tells changes")
    generate = Command([kusion, "generate", *stack], work, environment)
    times = side_by_side(preview, generate, _ROUNDS, Command.processor_seconds)
    yield Row("preview --no-live of an unchanged stack / kusion generate", times, bar=1.5)
