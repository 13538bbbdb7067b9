"""The Pulumi CLI as a child process, and the environment that it, or a plain ``pulumi``, needs."""

from __future__ import annotations

import os
import tempfile
import threading
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from pulumi import automation as auto
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from kusion_dsl.engine.binary_version import MINIMUM
from kusion_dsl.engine.process import Child

_ASSUMED = VersionInfo.parse(MINIMUM)
"""The oldest CLI that is used. Asking for the actual version would cost a process per run."""

_EVENTS_GRACE = 10.0
"""Seconds that the last events may take after the CLI's end."""

_INHERITED = ("PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES", "PULUMI_K8S_", "PULUMI_PARALLEL")
"""Of the user's own Pulumi settings only these reach the CLI: others could point it at another backend or key."""


def engine_environment(backend: str, passphrase_file: Path, home: Path) -> dict[str, str]:
    """What a plain ``pulumi`` needs to work on the same state.

    ``backend`` is its URL, ``passphrase_file`` holds the key of the state, ``home`` is KUSION_HOME.
    """
    return {
        "PULUMI_HOME": str(home / "pulumi"),
        "PULUMI_BACKEND_URL": backend,
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase_file),
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of the user's environment that reaches the CLI: all but most of Pulumi's own variables."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("PULUMI_") or name.startswith(_INHERITED)
    }


warnings.filterwarnings("ignore", "Error in event stream", UserWarning)  # of the SDK, where a CLI ends abruptly


class Command(auto.PulumiCommand):
    """Runs the CLI for one run of ours.

    ``interrupts`` counts those of all its children, ``result`` is that of the last one. ``started`` is told the
    process id of each child as soon as there is one. Output goes to unnamed files, not to pipes: a CLI whose parent
    died must be able to end gracefully, and writing to a broken pipe would kill it.
    """

    def __init__(self, pulumi: Path, environment: Mapping[str, str], started: Callable[[int], None]) -> None:
        """Not the base's: that one asks the CLI for its version."""
        self.command = str(pulumi)
        self.version = _ASSUMED
        self.interrupts = 0
        self.result = auto.CommandResult("", "", 0)
        self._environment = environment
        self._started = started
        self._events_begun = threading.Event()
        self._events_ended = threading.Event()

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], object] | None = None,
        on_error: Callable[[str], object] | None = None,
    ) -> auto.CommandResult:
        """Run ``pulumi`` to its end. Raises CommandError for an exit code other than 0, and after an interrupt."""
        environment = {**inherited(os.environ), **additional_env, **self._environment, "PULUMI_AUTOMATION_API": "true"}
        environment["PATH"] = os.pathsep.join([str(Path(self.command).parent), environment.get("PATH", os.defpath)])
        argv = [self.command, "--non-interactive", *args]
        with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
            child = Child(argv, Path(cwd), environment)
            code = child.run(stdout, stderr, self._started)
            self.interrupts += child.interrupts
            self.result = auto.CommandResult(_content(stdout), _content(stderr), code)
        if self._events_begun.is_set():
            self._events_ended.wait(_EVENTS_GRACE)
        if code != 0 or child.interrupts:
            raise create_command_error(self.result)
        return self.result

    def saw(self, event: auto.EngineEvent) -> None:
        """Take note of an event, so that :meth:`run` can wait for the last one."""
        self._events_begun.set()
        if event.cancel_event:
            self._events_ended.set()


def _content(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
