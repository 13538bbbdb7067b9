"""The other way to get the Pulumi CLI: built from its published Go module, with pinned versions and checksums.

For machines that reach a Go module proxy but not Pulumi's download site. Cold it takes about five minutes on two
cores, and leaves 3 GB in Go's own caches; go.mod and go.sum, in ``recipe/``, pin every module that goes in.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from kusion_dsl.engine import child
from kusion_dsl.engine.acquisition import InstallProgress, InstallReport
from kusion_dsl.engine.binary_version import VERSION
from kusion_dsl.errors import EngineError

PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"

# osusergo: no C library for user names. grpcnotrace: without golang.org/x/net/trace, whose templates keep the linker
# from dropping unused methods. Without the -X the CLI has no version, and the Automation API cannot parse that.
_FLAGS = (
    "-trimpath",
    "-mod=readonly",
    "-tags=osusergo,grpcnotrace",
    f"-ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}",
)

_OLDEST_GO = (1, 21)  # the first that understands the recipe's "go" line, and fetches the toolchain that it names
_PROBE = "github.com/pkg/errors"  # a small module of the recipe: whoever can serve it can serve the others

_REQUIRED = re.compile(r"^(?:require)?[ \t]+(\S+) (v\S+)", re.MULTILINE)  # module and version, in go.mod

_ANSWER = 20.0  # seconds for what needs no network, or 20 kB from it
_MODULES = 30 * 60.0  # seconds for 270 modules; 15 where the proxy is near
_BUILD = 60 * 60.0  # seconds; five minutes on two cores


class GoBuild:
    """Builds the CLI with the ``go`` on PATH. ``recipe`` is a directory with go.mod and go.sum."""

    name = "build with Go"

    def __init__(self, recipe: Traversable | None = None) -> None:
        self._recipe = recipe or files("kusion_dsl.engine") / "recipe"

    def get(self, staging: Path, environment: Mapping[str, str], report: InstallReport) -> Path:
        """Build below ``staging``. Raises EngineError: no Go, too old a Go, no module proxy, or a failed build."""
        go = shutil.which("go", path=environment.get("PATH", ""))
        if go is None:
            raise EngineError("there is no 'go' on PATH")
        report(InstallProgress("connecting", source=self.name))
        build = _Build(go, _settings(environment, staging), staging)
        modules = build.prepare(self._recipe)
        packages = build.download(lambda done: report(InstallProgress("downloading", done, modules, self.name)))
        build.compile(
            packages,
            lambda done: report(InstallProgress("compiling", done, packages, self.name)),
            lambda: report(InstallProgress("linking", source=self.name)),
        )
        return build.output


def _settings(environment: Mapping[str, str], staging: Path) -> dict[str, str]:
    """``environment`` without what would build something else, or somewhere else."""
    kept = {name: value for name, value in environment.items() if name not in {"GOOS", "GOARCH"}}
    return {**kept, "CGO_ENABLED": "0", "GO111MODULE": "on", "GOWORK": "off", "GOTMPDIR": str(staging)}


class _Build:
    """One build in ``staging``, step by step."""

    def __init__(self, go: str, environment: Mapping[str, str], staging: Path) -> None:
        self._go = go
        self._environment = environment
        self._staging = staging
        self._recipe = staging / "recipe"
        self.output = staging / "pulumi"

    def prepare(self, recipe: Traversable) -> int:
        """Copy the recipe, look whether this Go can follow it here, and return the number of modules it needs."""
        self._check_version()
        self._recipe.mkdir()
        for name in ("go.mod", "go.sum"):
            (self._recipe / name).write_bytes((recipe / name).read_bytes())
        required = dict(_REQUIRED.findall((self._recipe / "go.mod").read_text(encoding="utf-8")))
        self._check_network(required[_PROBE])
        return len(required)

    def download(self, downloading: Callable[[int], None]) -> int:
        """Fetch the modules, saying how many, and return the number of packages that Go's cache does not have."""
        done = 0

        def heard(line: str) -> None:
            nonlocal done
            if line.startswith("go: downloading"):
                done += 1
                downloading(done)

        template = "-f={{if .Stale}}{{.ImportPath}}{{end}}"
        listed = self._run("'go list'", ["list", "-deps", template, *_FLAGS, PACKAGE], _MODULES, heard)
        return sum(1 for line in listed if line and not line.startswith("go: "))

    def compile(self, packages: int, compiling: Callable[[int], None], linking: Callable[[], None]) -> None:
        """Build the executable, saying how many of ``packages`` were begun, and when nothing but linking is left."""
        done = 0

        def heard(line: str) -> None:
            nonlocal done
            done += 1
            if line == PACKAGE:
                linking()
            else:
                compiling(done)

        if packages > 1:
            compiling(0)
        else:  # the command's own package always counts, but is not named when it is in the cache
            linking()
        self._run("'go build'", ["build", "-v", "-o", str(self.output), *_FLAGS, PACKAGE], _BUILD, heard)

    def _check_version(self) -> None:
        said = " ".join(self._run("'go env'", ["env", "GOVERSION"], _ANSWER, directory=self._staging))
        found = re.search(r"go(\d+)\.(\d+)", said)
        if found is None:
            raise EngineError(f"{self._go} does not say which version it is", details=[said])
        if (int(found[1]), int(found[2])) < _OLDEST_GO:
            oldest = ".".join(map(str, _OLDEST_GO))
            raise EngineError(f"{self._go} is Go {found[1]}.{found[2]}, too old: {oldest} is needed")

    def _check_network(self, version: str) -> None:
        """Fetch one small module, unless it is in Go's cache: without a network this fails at once, not in an hour."""
        probe = self._staging / "probe"
        probe.mkdir()
        (probe / "go.mod").write_text(f"module probe\n\nrequire {_PROBE} {version}\n", encoding="utf-8")
        (probe / "go.sum").write_bytes((self._recipe / "go.sum").read_bytes())
        self._run("'go mod download'", ["mod", "download", _PROBE], _ANSWER, directory=probe)

    def _run(
        self,
        what: str,
        arguments: Sequence[str],
        seconds: float,
        heard: Callable[[str], None] | None = None,
        *,
        directory: Path | None = None,
    ) -> list[str]:
        where = directory or self._recipe
        return child.run(what, [self._go, *arguments], self._environment, seconds, directory=where, heard=heard)
