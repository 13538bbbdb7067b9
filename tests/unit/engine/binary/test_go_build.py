"""The build from the published Go module: what Go is told to do, and why it may not be possible."""

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from kusion_dsl.engine.acquisition import InstallProgress
from kusion_dsl.engine.binary_version import VERSION, ask
from kusion_dsl.engine.go_build import PACKAGE, GoBuild
from kusion_dsl.errors import EngineError

Go = Callable[..., Path]


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    directory = tmp_path / "staging"
    directory.mkdir()
    return directory


def silent(progress: InstallProgress) -> None:
    """A report that nobody reads."""


def test_the_recipe_builds_the_version_that_we_install() -> None:
    recipe = (files("kusion_dsl.engine") / "recipe" / "go.mod").read_text()
    sums = (files("kusion_dsl.engine") / "recipe" / "go.sum").read_text()

    for module in ("github.com/pulumi/pulumi/pkg/v3", "github.com/pulumi/pulumi/sdk/v3"):
        assert re.findall(rf"{module} (v\S+)", recipe) == [f"v{VERSION}"]
        assert f"{module} v{VERSION} h1:" in sums


def test_it_builds_and_tells_how_far_it_is(tmp_path: Path, staging: Path, go: Go) -> None:
    go(tmp_path / "bin")
    reports: list[InstallProgress] = []

    built = GoBuild().get(staging, {"PATH": str(tmp_path / "bin")}, reports.append)

    assert ask(built, {}) == VERSION
    modules = reports[1].total
    assert modules > 100
    assert reports == [
        InstallProgress("connecting", source="build with Go"),
        InstallProgress("downloading", 1, modules, "build with Go"),
        InstallProgress("downloading", 2, modules, "build with Go"),
        *(InstallProgress("compiling", done, 3, "build with Go") for done in range(3)),
        InstallProgress("linking", source="build with Go"),
    ]


def test_go_is_told_to_build_exactly_what_the_recipe_pins(tmp_path: Path, staging: Path, go: Go) -> None:
    builder = go(tmp_path / "bin", build=f"env > {tmp_path}/environment; pwd > {tmp_path}/directory")
    environment = {"PATH": str(tmp_path / "bin"), "GOOS": "plan9", "GOARCH": "mips", "CGO_ENABLED": "1", "GOWORK": "x"}

    GoBuild().get(staging, {**environment, "GOPROXY": "https://proxy.example"}, silent)

    flags = (
        "-trimpath -mod=readonly -tags=osusergo,grpcnotrace -ldflags=-s -w "
        f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"
    )
    assert Path(f"{builder}.calls").read_text().splitlines() == [
        "env GOVERSION",
        "mod download github.com/pkg/errors",
        f"list -deps -f={{{{if .Stale}}}}{{{{.ImportPath}}}}{{{{end}}}} {flags} {PACKAGE}",
        f"build -v -o {staging}/pulumi {flags} {PACKAGE}",
    ]
    seen = set((tmp_path / "environment").read_text().splitlines())
    expected = {"CGO_ENABLED=0", "GO111MODULE=on", "GOWORK=off", f"GOTMPDIR={staging}", "GOPROXY=https://proxy.example"}
    assert expected <= seen
    assert not {"GOOS=plan9", "GOARCH=mips"} & seen
    recipe = Path((tmp_path / "directory").read_text().strip())
    assert recipe.is_relative_to(staging)
    for name in ("go.mod", "go.sum"):
        assert (recipe / name).read_bytes() == (files("kusion_dsl.engine") / "recipe" / name).read_bytes()


def test_without_go_there_is_nothing_to_try(tmp_path: Path, staging: Path) -> None:
    for environment in ({"PATH": str(tmp_path)}, {}):
        with pytest.raises(EngineError, match="there is no 'go' on PATH"):
            GoBuild().get(staging, environment, silent)


@pytest.mark.parametrize(
    ("version", "message"),
    [("go1.20.14", "is Go 1.20, too old: 1.21 is needed"), ("nonsense", "does not say which version it is")],
)
def test_a_go_that_cannot_follow_the_recipe_is_not_asked_to(
    tmp_path: Path, staging: Path, go: Go, version: str, message: str
) -> None:
    builder = go(tmp_path / "bin", version=version)

    with pytest.raises(EngineError, match=f"^{re.escape(str(builder))} {message}"):
        GoBuild().get(staging, {"PATH": str(builder.parent)}, silent)
    assert Path(f"{builder}.calls").read_text() == "env GOVERSION\n"


def test_a_development_version_of_go_will_do(tmp_path: Path, staging: Path, go: Go) -> None:
    go(tmp_path / "bin", version="devel go1.27-1a2b3c4")

    assert GoBuild().get(staging, {"PATH": str(tmp_path / "bin")}, silent).exists()


def test_without_a_module_proxy_it_fails_before_it_begins(tmp_path: Path, staging: Path, go: Go) -> None:
    builder = go(tmp_path / "bin", mod="echo 'go: dial tcp: no such host' >&2; exit 1")

    with pytest.raises(EngineError) as caught:
        GoBuild().get(staging, {"PATH": str(builder.parent)}, silent)

    assert str(caught.value) == "'go mod download' failed with exit code 1\n  go: dial tcp: no such host"
    assert "list" not in Path(f"{builder}.calls").read_text()


def test_the_network_is_tried_with_one_small_module_that_the_recipe_pins(tmp_path: Path, staging: Path, go: Go) -> None:
    builder = go(tmp_path / "bin", mod=f"cp go.mod go.sum {tmp_path}")

    GoBuild().get(staging, {"PATH": str(builder.parent)}, silent)

    assert "mod download github.com/pkg/errors\n" in Path(f"{builder}.calls").read_text()
    required = (tmp_path / "go.mod").read_text().splitlines()[-1].removeprefix("require ")
    assert required in (files("kusion_dsl.engine") / "recipe" / "go.mod").read_text()
    assert f"{required} h1:" in (tmp_path / "go.sum").read_text()


def test_a_failed_build_shows_its_last_lines(tmp_path: Path, staging: Path, go: Go) -> None:
    go(tmp_path / "bin", build="for n in 1 2 3; do echo \"line $n\"; done; echo 'x.go:1: disk full' >&2; exit 2")

    with pytest.raises(EngineError, match="'go build' failed with exit code 2") as caught:
        GoBuild().get(staging, {"PATH": str(tmp_path / "bin")}, silent)

    [problem] = caught.value.problems
    assert problem.details[-2:] == ("line 3", "x.go:1: disk full")
