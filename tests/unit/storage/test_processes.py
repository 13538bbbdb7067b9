"""Whether a process still runs, asked of the real ones."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kusion_dsl.storage.processes import LocalProcesses

WAIT = [sys.executable, "-c", "import sys; sys.stdin.read()"]

NOWHERE = Path("/no/such/proc")


def ask(*command: str) -> str:
    """Answers as ``ps`` and ``sysctl`` do on macOS, from what this host knows."""
    if command == ("sysctl", "-n", "kern.bootsessionuuid"):
        return "0D3F0E3C-0000-4000-8000-000000000000"
    assert command[:4] == ("ps", "-o", "state=,lstart=", "-p")
    try:
        fields = Path(f"/proc/{command[4]}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return f"{fields[0]}s   Fri Nov 20 10:00:{int(fields[19]) % 60:02} 2026"


SOURCES = [pytest.param(LocalProcesses(), id="proc"), pytest.param(LocalProcesses(NOWHERE, ask), id="ps")]


@pytest.mark.parametrize("processes", SOURCES)
def test_a_process_runs_until_it_ends(processes: LocalProcesses) -> None:
    child = subprocess.Popen(WAIT, stdin=subprocess.PIPE)
    started = processes.started(child.pid)
    assert started
    assert processes.started(child.pid) == started
    assert processes.is_running(child.pid, started)
    child.kill()
    deadline = time.monotonic() + 10
    while processes.is_running(child.pid, started) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not processes.is_running(child.pid, started)  # a zombie: nobody has waited for it
    child.communicate()
    assert not processes.is_running(child.pid, started)
    assert processes.started(child.pid) == ""


@pytest.mark.parametrize("processes", SOURCES)
def test_another_start_time_means_another_process(processes: LocalProcesses) -> None:
    assert processes.is_running(os.getpid(), processes.started(os.getpid()))
    assert not processes.is_running(os.getpid(), "another time")


def test_in_doubt_a_process_runs() -> None:
    assert LocalProcesses().is_running(os.getpid(), "")


def test_a_name_with_brackets_does_not_hide_the_start(tmp_path: Path) -> None:
    own = tmp_path / str(os.getpid())
    own.mkdir()
    own.joinpath("stat").write_text("1 (a) S (b)) R " + " ".join(str(number) for number in range(4, 53)))
    assert LocalProcesses(tmp_path).started(os.getpid()) == "22"


def test_the_machine_is_the_same_for_all_processes_of_this_host() -> None:
    script = "from kusion_dsl.storage.processes import LocalProcesses; print(LocalProcesses().machine)"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    assert other == LocalProcesses().machine != ""


def test_a_machine_is_named_by_its_boot_where_there_is_no_proc() -> None:
    assert LocalProcesses(NOWHERE, ask).machine == "0D3F0E3C-0000-4000-8000-000000000000"


def test_a_machine_that_cannot_be_told_has_no_name(tmp_path: Path) -> None:
    assert LocalProcesses(tmp_path).machine == ""
    assert LocalProcesses(NOWHERE, lambda *command: "").machine == ""
