"""Files that are there whole or not at all."""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kusion_dsl.engine.process import is_alive


def _prefix(path: Path) -> str:
    return f".{path.name}-"


def sweep(path: Path) -> None:
    """Remove what processes that were killed while they wrote ``path`` left beside it."""
    for leftover in path.parent.glob(f"{glob.escape(_prefix(path))}*"):
        pid = leftover.name.removeprefix(_prefix(path)).partition("-")[0]
        if pid.isdigit() and not is_alive(int(pid)):
            leftover.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path, mode: int = 0o600) -> Iterator[IO[bytes]]:
    """A file to write that becomes ``path``, with ``mode``, when the block ends without an error.

    Until then, and for ever when it ends with one, ``path`` is what it was. The directory must exist. Raises OSError.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{_prefix(path)}{os.getpid()}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
