"""How a Pulumi CLI can be got: the seam between :mod:`kusion_dsl.engine.binary` and the ways there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Stage = Literal["waiting", "connecting", "downloading", "compiling", "linking", "placing"]
"""What an installation does at the moment. "waiting": another process installs; "placing": moving it to its place."""


@dataclass(frozen=True, slots=True)
class InstallProgress:
    """How far an installation is: ``done`` of ``total`` things of this ``stage``.

    The things are modules while downloading and packages while compiling; ``total`` 0 means that nobody can tell.
    ``source`` names the way on which it is got; empty when that does not matter.
    """

    stage: Stage
    done: int = 0
    total: int = 0
    source: str = ""


InstallReport = Callable[[InstallProgress], None]


class Source(Protocol):
    """A way to get the Pulumi CLI."""

    @property
    def name(self) -> str:
        """What it is, for messages."""

    def get(self, staging: Path, environment: Mapping[str, str], report: InstallReport) -> Path:
        """Put an executable of version ``binary_version.VERSION`` anywhere below ``staging`` and return its path.

        ``staging`` is an empty directory that is removed afterwards, and TMPDIR in ``environment``. Raises
        EngineError, saying why, when this way does not work here; within seconds when the network is not there.
        """
