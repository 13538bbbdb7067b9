"""The source that is compiled: which git commit, whether the work tree differs from it, and where it comes from."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from kusion_dsl.model.identity import Revision

_PATIENCE = 10.0  # seconds; a release is not worth waiting for a file system that hangs


def revision_of(directory: Path) -> Revision:
    """The revision of the checkout that ``directory`` is in; the path is the origin where git knows no remote.

    A repository without git, or without a commit, has no commit. Credentials in a remote's URL are left out.
    """
    commit = _git(directory, "rev-parse", "--verify", "--quiet", "HEAD")
    remote = re.sub(r"//[^/@]+@", "//", _git(directory, "config", "--get", "remote.origin.url"))
    if not commit:
        return Revision(remote or str(directory))
    dirty = bool(_git(directory, "status", "--porcelain", "--untracked-files=normal", "--", "."))
    return Revision(remote or str(directory), commit, dirty)


def _git(directory: Path, *arguments: str) -> str:
    """What git answers; empty where it is not installed or has no answer."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(directory), *arguments], capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
