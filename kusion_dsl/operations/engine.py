"""The engine's executable: found, or installed."""

from __future__ import annotations

from pathlib import Path

from kusion_dsl.engine import binary
from kusion_dsl.engine.acquisition import InstallReport
from kusion_dsl.engine.binary import Binary
from kusion_dsl.operations.host import Host


def find_engine(host: Host) -> Binary | None:
    """The Pulumi CLI that is used; None where there is none yet."""
    return binary.find(host.home.path, host.environment)


def install_engine(host: Host, into: Path | None, report: InstallReport) -> Binary:
    """Get a Pulumi CLI into ``into``/bin, else into KUSION_HOME. Raises EngineMissingError, EngineError."""
    return binary.install(into or binary.directory(host.home.path), host.home.path, host.environment, report)
