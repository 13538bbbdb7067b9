"""Applies the stack ``dev`` of a directory at a pseudo-terminal, answers yes, and prints what was shown there."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.main import run
from tests.functional.commandline import Kusion


def main(root: Path) -> int:
    """Run the command in a child whose standard streams are the terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(root)
        os._exit(run(["apply", "-w", "dev"], Invocation({"TERM": "xterm"}, Kusion(root).host)))
    os.write(terminal, b"y\n")
    shown = b""
    while True:
        try:
            read = os.read(terminal, 4096)
        except OSError:  # how Linux says that the other side has gone
            break
        if not read:
            break
        shown += read
    sys.stdout.write(shown.decode())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
