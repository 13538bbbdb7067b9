"""Where Pulumi finds the stand-in: in the directory of plugins of a Pulumi home, in the place of the real one."""

from __future__ import annotations

import importlib.metadata
import shlex
import sys
from pathlib import Path

from tests.cluster.parts import ROOT


def install(pulumi_home: Path) -> None:
    """Put an executable there that starts it.

    A directory with an executable of the plugin's name is a complete installation
    (https://github.com/pulumi/pulumi/blob/master/sdk/go/common/workspace/plugins.go).
    """
    version = importlib.metadata.version("pulumi-kubernetes")
    directory = pulumi_home / "plugins" / f"resource-kubernetes-v{version}"
    directory.mkdir(parents=True)
    plugin = directory / "pulumi-resource-kubernetes"
    command = shlex.join(["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.cluster.standin"])
    plugin.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    plugin.chmod(0o755)
