from __future__ import annotations

import os
import subprocess
import sys

from kusion_dsl.engine.process import is_alive


def test_a_process_that_runs_is_alive_and_one_that_is_gone_is_not() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_alive(process.pid)
    process.communicate(b"\n")
    assert not is_alive(process.pid)


def test_a_zombie_is_not_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is left a zombie
    assert not is_alive(process.pid)
    process.wait()


def test_somebody_elses_process_is_alive() -> None:
    assert is_alive(1)
