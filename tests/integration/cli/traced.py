"""``python traced.py LOG PROGRAM ARGUMENT...``: run a program, and write down all that it and its children execute.

Each line of LOG is a JSON object: the process, its arguments and its environment. A process is stopped at every execve(2)
until that is written (ptrace(2)), so none is missed, however short it lives, and whoever started it. A signal that asks
to end is left to the program; if this process dies, so does everything that was started.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from pathlib import Path

_SEIZE, _CONTINUE = 0x4206, 7
_FOLLOW = 0x2 | 0x4 | 0x8 | 0x10 | 0x100000
"""PTRACE_O_TRACEFORK, TRACEVFORK, TRACECLONE, TRACEEXEC and EXITKILL."""
_EXECUTED = 4
_ALL_THREADS = 0x40000000

_ptrace = ctypes.CDLL(None, use_errno=True).ptrace
_ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_ptrace.restype = ctypes.c_long


def main(log: Path, program: list[str]) -> int:
    """Run ``program``; its exit code, 128 and the number for a signal."""
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(ready, 1)
        os.execvp(program[0], program)
    if _ptrace(_SEIZE, child, None, _FOLLOW) != 0:
        raise OSError(ctypes.get_errno(), "the program cannot be traced")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.close(go)
    code = 0
    while True:
        try:
            process, status = os.waitpid(-1, _ALL_THREADS)
        except ChildProcessError:
            return code
        if not os.WIFSTOPPED(status):
            if process == child:
                code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
            continue
        event = status >> 16
        if event == _EXECUTED:
            _note(log, process)
        _ptrace(_CONTINUE, process, None, 0 if event else os.WSTOPSIG(status))


def _note(log: Path, process: int) -> None:
    arguments, environment = (_parts(Path(f"/proc/{process}/{name}")) for name in ("cmdline", "environ"))
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"process": process, "arguments": arguments, "environment": environment}) + "\n")


def _parts(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="surrogateescape").split("\0")[:-1]


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), sys.argv[2:]))
