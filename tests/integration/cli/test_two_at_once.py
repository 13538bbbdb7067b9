"""Two runs on one stack at the same moment: one works, the other says who does, and writes nothing."""

from __future__ import annotations

import re
import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest

from kusion_dsl.errors import RefusedError
from kusion_dsl.operations.apply import apply
from kusion_dsl.operations.generate import generate
from kusion_dsl.operations.host import this_host
from kusion_dsl.operations.preview import preview
from kusion_dsl.operations.proposal import propose
from kusion_dsl.operations.selection import Selection
from tests.integration.cli.machine import Machine, finished, snapshot, touched

STACK = "quickstart/dev"
ROUNDS = 20
WHO_AND_SINCE_WHEN = re.compile(
    r"\S+@\S+ \(process (?P<pid>\d+) on \S+\) (holds|has changed) this stack since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
)


def together(machine: Machine, *commands: tuple[str, ...]) -> list[subprocess.Popen[str]]:
    """``kusion`` processes that wait for each other, and then begin at the same moment."""
    machine.prefix = ("/bin/sh", "-c", 'echo ready >&2; read go; exec "$0" "$@" </dev/null')
    processes = [machine.start(*command, stdin=subprocess.PIPE) for command in commands]
    machine.prefix = ()
    for process in processes:
        assert process.stderr is not None and process.stderr.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return processes


def test_one_of_two_runs_and_the_other_writes_nothing(machine: Machine) -> None:
    for number in range(1, ROUNDS + 1):
        command = ("apply", "--yes", "-w", machine.directory(STACK), "-D", f"tag={number}")
        processes = together(machine, command, command)
        ended = {process.pid: finished(process) for process in processes}

        assert sorted(done.code for done in ended.values()) == [0, 1], ended
        [winner] = [pid for pid, done in ended.items() if done.code == 0]
        [loser] = [done for done in ended.values() if done.code == 1]
        told = WHO_AND_SINCE_WHEN.search(loser.err)
        assert told is not None and int(told["pid"]) == winner, loser.err
        assert "nothing was changed" in loser.err
        release = machine.release(STACK)
        assert (release["revision"], release["phase"], release["actor"]["pid"]) == (number, "succeeded", winner)
        assert sorted(path.name for path in leases(machine)) == [f"{number:08d}.1-released.json", f"{number:08d}.json"]
    assert [each["revision"] for each in machine.releases(STACK)] == list(range(ROUNDS, 0, -1))


def leases(machine: Machine) -> list[Path]:
    """The files of the stack's leases."""
    return list((machine.backend / ".kusion" / "v1" / "leases" / "quickstart" / "default" / "dev").iterdir())


def test_whoever_comes_late_is_told_too(machine: Machine) -> None:
    """The lease is free again, but what was previewed no longer holds; with ``--yes`` nobody can be asked."""
    host = this_host(machine.variables(), "", lambda: nullcontext(lambda _: None))
    proposal = propose(generate(host, Selection(Path(machine.directory(STACK)))))
    shown = preview(host, proposal)
    machine.apply(STACK, "-D", "tag=other")
    before = snapshot(machine.backend, machine.target(STACK))

    with pytest.raises(RefusedError, match=WHO_AND_SINCE_WHEN):
        apply(host, shown, None, lambda progress: None)

    assert touched(before, snapshot(machine.backend, machine.target(STACK))) == set()
    apply(host, preview(host, proposal), None, lambda progress: None)
    assert machine.release(STACK)["revision"] == 2
