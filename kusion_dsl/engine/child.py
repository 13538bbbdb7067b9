"""A child process that ends: when it is done, when its time is over, or when we are interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from kusion_dsl.errors import EngineError

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_GRACE = 2.0  # seconds between the polite signal and the other one
_TOLD = 12  # lines of the output that an error repeats


def run(
    what: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    seconds: float,
    *,
    directory: Path | None = None,
    heard: Callable[[str], None] | None = None,
) -> list[str]:
    """Run ``command`` for at most ``seconds`` and return the lines it wrote, to either stream, without colours.

    ``what`` names it in errors; ``heard`` is told each line as it comes. The child is the leader of a session of its
    own: whatever ends the wait (its time is over, Ctrl-C, ``heard`` raises) ends it and what it started.
    Raises EngineError when it cannot be started, fails, or takes too long; the last lines are in the details.
    """
    process = _start(what, command, environment, directory)
    overdue = threading.Event()

    def expire() -> None:
        overdue.set()
        _stop(process)

    timer = threading.Timer(seconds, expire)
    lines: list[str] = []
    with process:
        try:
            timer.start()
            for raw in process.stdout or ():
                line = _COLOUR.sub("", raw.rstrip())
                lines.append(line)
                if heard:
                    heard(line)
            code = process.wait()
        finally:
            timer.cancel()
            _stop(process)
    if overdue.is_set():
        raise EngineError(f"{what} was stopped because it was not done after {seconds:g} s", details=lines[-_TOLD:])
    if code:
        ended = f"failed with exit code {code}" if code > 0 else f"was ended by signal {-code}"
        raise EngineError(f"{what} {ended}", details=lines[-_TOLD:])
    return lines


def _start(
    what: str, command: Sequence[str], environment: Mapping[str, str], directory: Path | None
) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise EngineError(f"{what} cannot be started: {error.strerror}") from error


def _stop(process: subprocess.Popen[str]) -> None:
    """End the child and what it started, if it has not ended by itself."""
    if process.returncode is not None:
        return
    try:
        _signal(process, signal.SIGINT)  # the go command then removes its temporary files; a shell ends too
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
    finally:
        _signal(process, signal.SIGKILL)  # also what outlived its leader and would keep the pipe open
        process.wait()


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    # The group is gone when nobody is left in it; macOS says EPERM when only zombies are.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
