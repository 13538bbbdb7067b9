"""One of many processes that apply one stack at once: ``python -m tests.crash.contender DIRECTORY BACKEND NUMBER``.

For each line on standard input it applies the stack with the sum of that and its own number as the port; it prints the
exit code and what was said, as JSON, on one line.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from kusion_dsl.engine.run import Outcome, Report, Run
from tests.crash.disk_engine import DiskEngine
from tests.functional.commandline import Kusion

APP = """\
class Shop(AppConfiguration):
    workload = Service(containers={"web": Container(image="shop:" + option("port", default="80"))})
    ingress = Network(ports=[Port(port=int(option("port", default="80")))])
"""
"""Two of its objects have the port."""
LOG = "log"
"""The file in which those who change something write that they begin, and that they have ended."""


class LoggingEngine(DiskEngine):
    """An engine that notes when it works."""

    def __init__(self, root: Path, name: str) -> None:
        super().__init__(root / "clouds")
        self._log = root / LOG
        self._name = name

    def apply(self, run: Run, report: Report) -> Outcome:
        """Make live what ``run.spec`` says."""
        self._note("begins")
        try:
            return super().apply(run, report)
        finally:
            self._note("ends")

    def _note(self, what: str) -> None:
        descriptor = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, f"{self._name} {what}\n".encode())
        os.close(descriptor)


def main(root: Path, backend: str, number: str) -> None:
    """Apply whenever told to."""
    os.chdir(root)
    kusion = Kusion(root, environment=dict(os.environ), get_engine=lambda: LoggingEngine(root, number))
    kusion.done("generate", "-w", "dev")  # so that what it imports is there when it counts
    for line in sys.stdin:
        port = int(line) + int(number)
        result = kusion("apply", "-w", "dev", "--yes", "-D", f"port={port}", "--backend", backend)
        sys.stdout.write(json.dumps([result.code, result.err]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
