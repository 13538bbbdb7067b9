"""The plugin: ``pulumi-resource-kubernetes ENGINE`` prints its port and serves until the CLI is gone."""

from __future__ import annotations

import importlib.metadata
import os
import sys
import time

from kusion_dsl.engine.provider import served
from tests.cluster.standin.provider import KubernetesProvider


def main() -> None:
    """Serve until whoever started us is gone, or ends us."""
    parent = os.getppid()
    version = importlib.metadata.version("pulumi-kubernetes")
    with served(KubernetesProvider(version, sys.argv[-1])) as port:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        while os.getppid() == parent:
            time.sleep(0.5)


if __name__ == "__main__":
    main()
