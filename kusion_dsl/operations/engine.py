"""The engine's executable: found, or installed."""

from __future__ import annotations

from pathlib import Path

from kusion_dsl.engine import binary
from kusion_dsl.engine.acquisition import InstallReport
from kusion_dsl.engine.binary import Binary
from kusion_dsl.operations.host import Host
from kusion_dsl.storage.passphrase import FILE_VARIABLE, VARIABLE


def find_engine(host: Host) -> Binary | None:
    """The Pulumi CLI that is used; None where there is none yet."""
    return binary.find(host.home.path, host.environment)


def install_engine(host: Host, into: Path | None, report: InstallReport) -> Binary:
    """Get a Pulumi CLI into ``into``/bin, else into KUSION_HOME. Raises EngineMissingError, EngineError."""
    return binary.install(into or binary.directory(host.home.path), host.home.path, host.environment, report)


def engine_variables(host: Host) -> dict[str, str]:
    """The environment in which a plain ``pulumi`` works on the same state, by the names of the variables.

    A passphrase itself is never among them: a key in PULUMI_CONFIG_PASSPHRASE stays where it is. Raises StorageError.
    """
    from kusion_dsl.engine.command import engine_environment

    key = host.home.passphrase_file(host.backend_url, host.environment)
    variables = engine_environment(host.store.url, key, host.home.path)
    if host.environment.get(VARIABLE):
        del variables[FILE_VARIABLE]  # it names a file of this process
    return variables
