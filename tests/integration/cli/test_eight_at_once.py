"""Eight ``kusion apply`` of one stack at the same moment: one at a time, each as a whole, and no revision twice."""

from __future__ import annotations

from pathlib import Path

from tests.integration.cli.machine import Machine, finished
from tests.integration.cli.test_two_at_once import STACK, WHO_AND_SINCE_WHEN, together

PROCESSES, ROUNDS = 8, 2


def test_one_after_the_other(machine: Machine) -> None:
    applied = 0
    for round in range(ROUNDS):
        tags = [("-D", f"tag={round}.{number}") for number in range(PROCESSES)]
        command = ("apply", "--yes", "-w", machine.directory(STACK))
        ended = [finished(process) for process in together(machine, *((*command, *tag) for tag in tags))]
        refused = [done for done in ended if done.code != 0]
        assert all(done.code == 1 and WHO_AND_SINCE_WHEN.search(done.err) for done in refused), refused
        assert len(refused) < PROCESSES
        applied += PROCESSES - len(refused)
        release = machine.release(STACK)
        assert (release["revision"], release["phase"]) == (applied, "succeeded")
        machine.kusion("drift", "-w", machine.directory(STACK))
        assert machine.kusion("release", "verify", "-w", machine.directory(STACK)).code == 0
    locks: list[Path] = list((machine.backend / ".pulumi/locks").rglob("*.json"))
    assert locks == []
