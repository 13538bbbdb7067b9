"""Where Pulumi finds its plugin ``kubernetes`` in a test: in the plugins of a Pulumi home, the stand-in or the real one."""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import shutil
import sys
from functools import cache
from pathlib import Path

from tests.cluster.parts import ROOT

_PLUGIN = "pulumi-resource-kubernetes"


class MissingPluginError(RuntimeError):
    """The real plugin is asked for, and is not here."""


@cache
def real_plugin() -> Path | None:
    """The real plugin's executable where ``PROVIDER=real`` asks for it: that on PATH, else that in Pulumi's own cache.

    Pulumi's cache is below HOME, so the first call must not be from a test, which has a HOME of its own. Raises
    MissingPluginError.
    """
    wanted = os.environ.get("PROVIDER", "")
    if not wanted:
        return None
    if wanted != "real":
        raise MissingPluginError(f"PROVIDER can be 'real', or nothing for the stand-in, not '{wanted}'")
    cached = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi", "plugins", _directory(), _PLUGIN)
    found = shutil.which(_PLUGIN) or (cached if cached.is_file() else None)
    if found is None:
        raise MissingPluginError(
            f"PROVIDER=real: there is neither a {_PLUGIN} on PATH nor {cached}; where Pulumi's download site can be "
            f"reached, 'pulumi plugin install resource kubernetes {_version()}' gets it"
        )
    return Path(found)


def install(pulumi_home: Path) -> Path:
    """The plugin, put there: the real one where it is asked for, else an executable that starts the stand-in.

    A directory with an executable of the plugin's name is a complete installation
    (https://github.com/pulumi/pulumi/blob/master/sdk/go/common/workspace/plugins.go).
    """
    directory = pulumi_home / "plugins" / _directory()
    directory.mkdir(parents=True)
    plugin, real = directory / _PLUGIN, real_plugin()
    if real is not None:
        plugin.symlink_to(real)
        return plugin
    command = shlex.join(["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.cluster.standin"])
    plugin.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    plugin.chmod(0o755)
    return plugin


def _directory() -> str:
    return f"resource-kubernetes-v{_version()}"


def _version() -> str:
    return importlib.metadata.version("pulumi-kubernetes")
