"""Start a program that does not outlive us: ``python -I -S leash.py SIGNAL PARENT PROGRAM ARGUMENT...``.

On Linux the kernel sends SIGNAL to the program when its parent dies (prctl(2), PR_SET_PDEATHSIG, which survives exec);
elsewhere the program is merely started. A script of its own, as ``preexec_fn`` would run gRPC's fork handlers.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Replace this process by the program, unless the parent is gone already."""
    signal_number, parent, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number)
    if os.getppid() == parent:
        os.execv(program, sys.argv[3:])


if __name__ == "__main__":
    main()
