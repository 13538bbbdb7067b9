"""A run that is killed at a moment: ``python -m tests.integration.engine.killed_run ROOT PULUMI OPERATION WHO MOMENT``.

WHO is ``us``, ``cli`` or ``both``; MOMENT counts the system calls by which the store changes the disk. It prints how many
there were, and the process id of the CLI.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from kusion_dsl.engine.pulumi_engine import PulumiEngine
from kusion_dsl.engine.run import Outcome
from kusion_dsl.model.spec import SpecResource
from kusion_dsl.storage.disk import Disk
from tests.integration.engine.conftest import Bench

WHO = ("us", "cli", "both")


class KillingDisk(Disk):
    """A disk that calls ``kill`` before the change whose number is ``moment``."""

    def __init__(self, moment: int, kill: Callable[[], None]) -> None:
        self.changes = 0
        self._moment = moment
        self._kill = kill

    def _change(self) -> None:
        if self.changes == self._moment:
            self._kill()
        self.changes += 1

    def create_file(self, path: Path) -> int:
        self._change()
        return super().create_file(path)

    def write(self, descriptor: int, data: bytes) -> None:
        self._change()
        super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self._change()
        super().sync(descriptor)

    def create_directory(self, path: Path) -> None:
        self._change()
        super().create_directory(path)

    def link(self, path: Path, new: Path) -> None:
        self._change()
        super().link(path, new)

    def replace(self, path: Path, new: Path) -> None:
        self._change()
        super().replace(path, new)

    def remove(self, path: Path) -> None:
        self._change()
        super().remove(path)


def first(bench: Bench) -> list[SpecResource]:
    """What is applied at first: things beside and behind each other, and a password."""
    chain = [bench.config_map(f"c{number}", {"n": str(number)}) for number in range(5)]
    behind = bench.config_map("behind", {}, chain[0].id)
    secret = bench.secret("s", {"p": "${kusion:index:RandomPassword:db#result}"})
    return [bench.namespace(), *chain, behind, bench.password(keepers={"user": "a"}), secret]


def second(bench: Bench) -> list[SpecResource]:
    """What is applied then: of the first some changed, some gone, a password replaced, and something new."""
    chain = [bench.config_map(f"c{number}", {"n": str(number * 2)}) for number in range(3)]
    behind = bench.config_map("behind", {"more": "1"}, chain[0].id, "v1:Secret:shop:s")
    secret = bench.secret("s", {"p": "${kusion:index:RandomPassword:db#result}"})
    return [
        bench.namespace(),
        *chain,
        behind,
        bench.password(keepers={"user": "b"}),
        secret,
        bench.config_map("new", {}),
    ]


OPERATIONS: dict[str, Callable[[Bench], Outcome]] = {
    "apply": lambda bench: bench.apply(*first(bench)),
    "update": lambda bench: bench.apply(*second(bench)),
    "destroy": lambda bench: bench.destroy(*first(bench)),
}


def main(root: Path, pulumi: Path, operation: str, who: str, moment: int) -> None:
    """Run ``operation`` and die."""
    children: list[int] = []

    def kill() -> None:
        if who in ("cli", "both") and children:
            with suppress(ProcessLookupError):
                os.kill(children[-1], signal.SIGKILL)
        if who in ("us", "both"):
            os.kill(os.getpid(), signal.SIGKILL)

    def started(pid: int) -> None:
        children.append(pid)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()

    bench: Any = Bench(pulumi, root)
    bench.engine = PulumiEngine(pulumi, root / "home", started)
    bench.disk = KillingDisk(moment, kill)
    OPERATIONS[operation](bench)
    sys.stdout.write(f"changes {bench.disk.changes}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]))
