"""A child that ends with us, whatever ends us."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PARENT = """
import sys
sys.path.insert(0, sys.argv[1])
from collections.abc import Callable
from pathlib import Path
from kusion_dsl.engine.process import Child
with open("/dev/null", "w") as nowhere:
    code = Child(sys.argv[2:], Path("/"), {}).run(nowhere, nowhere, lambda pid: print(pid, flush=True))
print(code)
"""


def parent(*argv: str) -> subprocess.Popen[str]:
    repository = str(Path(__file__).parents[3])
    return subprocess.Popen([sys.executable, "-c", PARENT, repository, *argv], stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_child_of_a_killed_parent_gets_a_signal() -> None:
    with parent("/bin/sleep", "600") as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        wait_until(lambda: b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0])
        process.send_signal(signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{pid}").exists())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupts_are_forwarded_and_become_harder(number: signal.Signals) -> None:
    """The child ignores the first, which is always the polite one."""
    with parent("/bin/sh", "-c", "trap 'echo > /dev/null' INT; while :; do sleep 0.1; done") as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        wait_until(lambda: b"trap" in Path(f"/proc/{pid}/cmdline").read_bytes() and Path(f"/proc/{pid}/exe").exists())
        time.sleep(0.5)
        process.send_signal(number)
        time.sleep(0.5)
        assert process.poll() is None, "the first one only asks"
        process.send_signal(number)
        assert process.stdout.read().split() == [str(-signal.SIGTERM)]


def test_exit_code_is_that_of_the_program() -> None:
    with parent("/bin/sh", "-c", "exit 7") as process:
        assert process.stdout is not None
        assert process.stdout.read().split()[1:] == ["7"]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
