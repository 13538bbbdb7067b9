"""The process that :mod:`kusion_dsl.engine.download` starts: ``reach <url>`` or ``install <root> <version>``.

It ends with exit code 1 and the reason on stderr when that does not work.
"""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Sequence

from pulumi.automation import PulumiCommand
from semver import VersionInfo

_TIMEOUT = 5.0  # seconds without a byte from the site


def main(arguments: Sequence[str]) -> None:
    """Do what ``arguments`` say. Raises SystemExit with the reason when it does not work."""
    match arguments:
        case ["reach", url]:
            _reach(url)
        case ["install", root, version]:
            _install(root, VersionInfo.parse(version))
        case _:
            raise SystemExit(f"expected 'reach <url>' or 'install <root> <version>', not {list(arguments)}")


def _reach(url: str) -> None:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:
            answer.read()
    except OSError as error:
        raise SystemExit(str(getattr(error, "reason", error))) from error


def _install(root: str, version: VersionInfo) -> None:
    try:
        # Whoever asked looks at the version itself, whatever PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK says.
        PulumiCommand.install(root, version, skip_version_check=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(error.output.decode(errors="replace")) from error
    except OSError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main(sys.argv[1:])
