"""Other Pythons: which there are on this machine, and environments of ours for them."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from tests.integration.determinism.stacks import ROOT

SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
_ASK = "import sys; print('%d.%d' % sys.version_info[:2])"


class BrokenPythonError(Exception):
    """There are Pythons of a version, and none of them works."""


def find_python(version: str) -> str | None:
    """A working Python of a version; None where there is none at all. Raises BrokenPythonError.

    Looked for are the running one, then PATH, then where pyenv and uv install them.
    """
    if version == "{}.{}".format(*sys.version_info[:2]):
        return sys.executable
    broken = []
    for candidate in dict.fromkeys(_candidates(version)):
        asked = subprocess.run([candidate, "-c", _ASK], capture_output=True, text=True, check=False)
        if asked.stdout.strip() == version:
            return candidate
        broken.append(f"{candidate}: {asked.stderr.strip() or asked.stdout.strip()}")
    if broken:
        raise BrokenPythonError("\n".join(broken))
    return None


def _candidates(version: str) -> Iterator[str]:
    name = f"python{version}"
    on_path = shutil.which(name)
    if on_path and "shims" not in Path(on_path).parts:  # a shim of pyenv's is there for what is not switched on, too
        yield on_path
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv")
    managed = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python")
    for found in (*pyenv.glob(f"versions/{version}.*/bin/{name}"), *managed.glob(f"cpython-{version}.*/bin/{name}")):
        yield str(found)


def environment_for(version: str, python: str) -> Path:
    """The Python of an environment with kusion-dsl and all modules, exactly as the lock file has them.

    It is kept in ``.cache`` and brought up to date each time, which takes no time where nothing changed.
    """
    directory = ROOT / ".cache/pythons" / version
    done = subprocess.run(
        [
            str(Path(sysconfig.get_path("scripts")) / "uv"),
            *("sync", "--quiet", "--locked", "--all-packages", "--no-default-groups", "--no-python-downloads"),
            *("--python", python),
        ],
        env={
            **{name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
            "HOME": pwd.getpwuid(os.getuid()).pw_dir,  # where the user says which registry to use
            "UV_PROJECT_ENVIRONMENT": str(directory),
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return directory / "bin/python"
