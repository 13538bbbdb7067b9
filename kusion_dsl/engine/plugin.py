"""The console script ``pulumi-resource-kusion``: the provider ``kusion`` as an ordinary Pulumi plugin.

With it on PATH a plain ``pulumi`` works with the same state. A plugin prints its port and serves until it is killed
(https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/plugin.go).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

from kusion_dsl.engine.kusion_provider import KusionProvider
from kusion_dsl.engine.provider import served

_LOOK_EVERY = 0.5
"""Seconds between two looks at whether the CLI that started us is still there."""


def main() -> None:
    """Serve until the CLI says that it is over (SIGINT or SIGTERM), or is gone itself."""
    over = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    parent = os.getppid()
    with served(KusionProvider()) as port:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        while os.getppid() == parent and not over.wait(_LOOK_EVERY):
            pass
