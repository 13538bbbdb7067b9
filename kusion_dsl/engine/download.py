"""The official way to get the Pulumi CLI: the download that ``pulumi.automation.PulumiCommand.install`` offers.

The SDK's function reads from the network without a timeout, runs a shell script that does the same, leaves files in
the current directory when interrupted, and takes its settings from its process. So a child process calls it, which
has an environment and a directory of its own and can be ended: :mod:`kusion_dsl.engine.download_child`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from kusion_dsl.engine import child
from kusion_dsl.engine.acquisition import InstallProgress, InstallReport
from kusion_dsl.engine.binary_version import VERSION
from kusion_dsl.errors import EngineError

SITE = "https://get.pulumi.com"

_DOWNLOAD = 20 * 60.0  # seconds for 100 MB; slower than 1 Mbit/s is not waited for


class Download:
    """Downloads from Pulumi's site.

    ``installer`` is the command that does it, called with ``reach <url>``, then ``install <root> <version>``;
    ``patience`` how many seconds the site may take to answer, name resolution and proxy included.
    """

    name = f"download from {SITE}"

    def __init__(
        self,
        # -P: nothing that happens to lie in the current directory is imported.
        installer: tuple[str, ...] = (sys.executable, "-P", "-m", "kusion_dsl.engine.download_child"),
        patience: float = 10.0,
    ) -> None:
        self._installer = installer
        self._patience = patience

    def get(self, staging: Path, environment: Mapping[str, str], report: InstallReport) -> Path:
        """Download into ``staging``. Needs sh, curl and tar. Raises EngineError, within seconds when offline."""
        report(InstallProgress("connecting", source=self.name))
        reach = [*self._installer, "reach", f"{SITE}/install.sh"]
        try:
            child.run("the request", reach, environment, self._patience, directory=staging)
        except EngineError as error:
            [problem] = error.problems
            raise EngineError("the site cannot be reached", details=problem.details[-1:] or [problem.what]) from error
        report(InstallProgress("downloading", source=self.name))
        root = staging / "download"
        install = [*self._installer, "install", str(root), VERSION]
        child.run("the installation script", install, environment, _DOWNLOAD, directory=staging)
        return root / "bin" / "pulumi"
