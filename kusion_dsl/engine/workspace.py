"""The Automation API's workspace and stack, without the CLI processes whose answers nobody reads.

Measured with the CLI 3.259 (0.2 s a process): the stock API starts ``version``, ``stack select``, ``up``, ``stack
output`` twice and ``stack history`` for one update; these classes start ``up``.
"""

from __future__ import annotations

import glob
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pulumi import automation as auto
from pulumi.automation._stack import StackInitMode  # the type of a parameter of the public constructor

from kusion_dsl.engine.command import Command
from kusion_dsl.engine.process import is_alive
from kusion_dsl.model.identity import StackRef

ORGANIZATION = "organization"
"""What Pulumi calls the organization on every backend but its own service."""


def qualified_name(ref: StackRef) -> str:
    """The full name of a stack: ``organization/<project>/<stack>.<workspace>``."""
    return f"{ORGANIZATION}/{ref.project}/{ref.pulumi_stack}"


class Workspace(auto.LocalWorkspace):
    """A workspace in which no stack is selected: every command names its own."""

    def select_stack(self, stack_name: str) -> None:
        """Nothing; selecting would start a process to write a file that concurrent runs share."""

    def create_stack(self, stack_name: str) -> None:
        """Create a stack whose state is encrypted with the passphrase."""
        args = ["stack", "init", stack_name, "--no-select", "--secrets-provider", "passphrase"]
        self.pulumi_command.run(args, self.work_dir, self.env_vars)

    def stack_outputs(self, stack_name: str) -> auto.OutputMap:
        """None: our program exports nothing."""
        return {}


class Stack(auto.Stack):
    """A stack that does not ask for the history after each operation."""

    def info(self, show_secrets: bool = True) -> auto.UpdateSummary:
        """An empty summary: what happened is in the events."""
        return auto.UpdateSummary("update", datetime.now(UTC), "", {}, {}, "succeeded")


@contextmanager
def work_directory(home: Path) -> Iterator[Path]:
    """A private directory for one run, removed afterwards.

    What killed runs left below ``home`` is removed first: a name says which process of which host it belongs to.
    """
    root = home / "runs"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    host = f"@{socket.gethostname()}"
    for leftover in root.glob(f"*{glob.escape(host)}-*"):
        pid = leftover.name.partition("@")[0]
        if pid.isdigit() and not is_alive(int(pid)):
            shutil.rmtree(leftover, ignore_errors=True)
    with TemporaryDirectory(prefix=f"{os.getpid()}{host}-", dir=root) as directory:
        yield Path(directory)


def keep_no_logs(pulumi_home: Path) -> None:
    """Keep the CLI from writing a debug log of every run into its home, with all inputs and outputs in it.

    They would be kept for a week, encrypted once the CLI has a key, and there is no setting against them; but it goes
    on without where a file lies in place of the directory
    (https://github.com/pulumi/pulumi/blob/master/pkg/logging/encrypted.go, StartLogging).
    """
    logs = pulumi_home / "logs"
    if not logs.exists():
        pulumi_home.mkdir(mode=0o700, parents=True, exist_ok=True)
        logs.touch(mode=0o600)


def stack_in(directory: Path, ref: StackRef, command: Command, program: auto.PulumiFn | None) -> Stack:
    """The stack, in a workspace in ``directory``. Nothing is started, and it need not exist yet."""
    settings = auto.ProjectSettings(name=ref.project, runtime="python", main=str(directory))
    workspace = Workspace(str(directory), program=program, project_settings=settings, pulumi_command=command)
    return Stack(qualified_name(ref), workspace, StackInitMode.SELECT)
