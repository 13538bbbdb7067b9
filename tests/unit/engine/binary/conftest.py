"""Executables that stand for others: a `pulumi` that only knows its version, a `go` that builds one."""

from collections.abc import Callable
from pathlib import Path

import pytest

GO = """
echo "$*" >> "{calls}"
case "$1" in
env) echo {version} ;;
mod) {mod} ;;
list) echo 'go: downloading a v1'; echo 'go: downloading b v1'; echo a/x; echo b/y; echo {package} ;;
build) echo a/x; echo b/y; echo {package}
  {build}
  printf '#!/bin/sh\\necho v3.259.0\\n' > "$4"; chmod 755 "$4" ;;
esac
"""


@pytest.fixture
def script() -> Callable[[Path, str], Path]:
    """Make an executable of some lines of shell."""

    def write(path: Path, lines: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Its own PATH: the one it is given has no tools, lest a real pulumi or go is found there.
        path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{lines}\n")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def pulumi(script: Callable[[Path, str], Path]) -> Callable[[Path, str], Path]:
    """Make a `pulumi` of some version in a directory; it notes in `<path>.asked` each time it is asked."""

    def write(directory: Path, version: str) -> Path:
        path = directory / "pulumi"
        return script(path, f"echo asked >> '{path}.asked'\n[ \"$1\" = version ] && echo '{version}'")

    return write


@pytest.fixture
def go(script: Callable[[Path, str], Path]) -> Callable[..., Path]:
    """Make a `go` in a directory that notes its arguments in `<path>.calls`; some steps can be given other lines."""

    def write(directory: Path, *, version: str = "go1.26.8", mod: str = ":", build: str = ":") -> Path:
        path = directory / "go"
        package = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
        lines = GO.format(calls=f"{path}.calls", version=version, mod=mod, build=build, package=package)
        return script(path, lines)

    return write
