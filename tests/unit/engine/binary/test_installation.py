"""Installing: one process at a time, all or nothing, and told how far it is."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from kusion_dsl.engine.acquisition import InstallProgress, InstallReport
from kusion_dsl.engine.binary import Binary, ensure, install
from kusion_dsl.engine.binary_version import VERSION
from kusion_dsl.errors import EngineError, EngineMissingError

Script = Callable[[Path, str], Path]

ENSURE = """
import os, pathlib, sys
from kusion_dsl.engine.binary import ensure
from kusion_dsl.engine.go_build import GoBuild
home = pathlib.Path(sys.argv[1])
say = lambda progress: print(progress.stage, flush=True)
print(ensure(home, os.environ, say, scripts=home / "no", sources=[GoBuild()]).path)
"""


class Given:
    """A source that runs some shell in its staging directory; what lies there as `pulumi` is the result."""

    def __init__(self, lines: str, name: str = "given") -> None:
        self.name = name
        self.staging = Path()
        self._lines = lines

    def get(self, staging: Path, environment: Mapping[str, str], report: InstallReport) -> Path:
        self.staging = staging
        report(InstallProgress("downloading", source=self.name))
        subprocess.run(["/bin/sh", "-ec", self._lines], cwd=staging, env=dict(environment), check=True)
        return staging / "pulumi"


def printing(version: str) -> str:
    return f"printf '#!/bin/sh\\necho v{version}\\n' > pulumi; /bin/chmod 700 pulumi"


def silent(progress: InstallProgress) -> None:
    """A report that nobody reads."""


def everything(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def test_the_result_lies_in_bin_and_can_be_run_by_everybody(tmp_path: Path) -> None:
    home, reports = tmp_path / "home", list[InstallProgress]()

    installed = install(tmp_path / "into", home, {}, reports.append, sources=[Given(printing(VERSION))])

    assert installed == Binary(tmp_path / "into" / "bin" / "pulumi", VERSION, "installed")
    assert stat.S_IMODE(installed.path.stat().st_mode) == 0o755
    assert everything(tmp_path / "into") == ["bin", "bin/pulumi"]
    assert everything(home) == ["engine", "engine/install.lock"]
    assert reports == [InstallProgress("downloading", source="given"), InstallProgress("placing")]


def test_ensure_installs_under_home_where_it_is_found_the_next_time(tmp_path: Path) -> None:
    home = tmp_path / "home"

    first = ensure(home, {}, silent, scripts=tmp_path, sources=[Given(printing(VERSION))])
    second = ensure(home, {}, silent, scripts=tmp_path, sources=[])

    assert first == second == Binary(home / "engine" / f"pulumi-v{VERSION}" / "bin" / "pulumi", VERSION, "installed")


def test_relative_directories_are_those_of_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = Given(printing(VERSION))

    installed = install(Path("into"), Path("home"), {}, silent, sources=[source])

    assert installed.path == tmp_path / "into" / "bin" / "pulumi"
    assert installed.path.exists()
    assert source.staging.is_relative_to(tmp_path / "home")


@pytest.mark.parametrize("version", [VERSION, "3.999.0"])
def test_what_is_there_and_new_enough_stays(tmp_path: Path, pulumi: Script, version: str) -> None:
    there = pulumi(tmp_path / "into" / "bin", version)

    assert install(tmp_path / "into", tmp_path / "home", {}, silent, sources=[]) == Binary(there, version, "installed")


@pytest.mark.parametrize("lines", ["echo v3.240.0", "echo v4.0.0", "exit 1"])
def test_what_is_there_and_will_not_do_is_replaced(tmp_path: Path, script: Script, lines: str) -> None:
    there = script(tmp_path / "into" / "bin" / "pulumi", lines)

    install(tmp_path / "into", tmp_path / "home", {}, silent, sources=[Given(printing(VERSION))])

    assert "echo v3.259.0" in there.read_text()


def test_sources_are_tried_in_order_until_one_gives_what_was_asked_for(tmp_path: Path) -> None:
    broken, old, good, never = (
        Given("echo '#!/bin/sh' > pulumi", "broken"),
        Given(printing("3.240.0"), "old"),
        Given(printing(VERSION), "good"),
        Given("exit 1", "never"),
    )
    reports: list[InstallProgress] = []

    install(tmp_path / "into", tmp_path / "home", {}, reports.append, sources=[broken, old, good, never])

    assert [progress.source for progress in reports] == ["broken", "old", "good", ""]


def test_what_is_there_stays_when_no_source_works(tmp_path: Path, script: Script) -> None:
    there = script(tmp_path / "into" / "bin" / "pulumi", "echo v3.240.0")
    before = there.read_text()
    sources = [Given(printing("3.240.0"), "old"), Given("echo '#!/bin/sh' > pulumi", "broken")]

    with pytest.raises(EngineMissingError) as caught:
        install(tmp_path / "into", tmp_path / "home", {}, silent, sources=sources)

    assert str(caught.value).splitlines()[1:3] == [
        f"  old: gave 3.240.0 instead of {VERSION}",
        "  broken: 'pulumi version' cannot be started: Permission denied",
    ]
    assert there.read_text() == before
    assert everything(tmp_path / "into") == ["bin", "bin/pulumi"]
    assert not list((tmp_path / "home" / "engine").glob("staging-*"))


def test_temporary_files_of_a_source_go_with_its_staging_directory(tmp_path: Path) -> None:
    source = Given(f"echo x > $TMPDIR/left; {printing(VERSION)}")

    install(tmp_path / "into", tmp_path / "home", {"TMPDIR": str(tmp_path)}, silent, sources=[source])

    assert not (tmp_path / "left").exists()
    assert not source.staging.exists()


def test_what_a_killed_installation_left_is_removed_by_the_next(tmp_path: Path) -> None:
    left = tmp_path / "home" / "engine" / "staging-killed" / "0" / "recipe"
    left.mkdir(parents=True)
    (left / "go.mod").write_text("module x")

    install(tmp_path / "into", tmp_path / "home", {}, silent, sources=[Given(printing(VERSION))])

    assert everything(tmp_path / "home") == ["engine", "engine/install.lock"]


@pytest.mark.parametrize("blocked", ["home", "into"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, blocked: str) -> None:
    (tmp_path / blocked).write_text("a file where the directory should be")

    with pytest.raises(EngineError, match=f"^{tmp_path / blocked}.*: the Pulumi CLI cannot be installed: ") as caught:
        install(tmp_path / "into", tmp_path / "home", {}, silent, sources=[Given(printing(VERSION))])

    assert not isinstance(caught.value, EngineMissingError)
    assert not list(tmp_path.glob("home/engine/staging-*"))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("the progress bar broke")])
def test_an_interruption_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    def interrupt(progress: InstallProgress) -> None:
        if progress.stage == "placing":
            raise error

    with pytest.raises(type(error)):
        install(tmp_path / "into", tmp_path / "home", {}, interrupt, sources=[Given(printing(VERSION))])

    assert not (tmp_path / "into").exists()
    assert everything(tmp_path / "home") == ["engine", "engine/install.lock"]


@contextmanager
def ensuring(home: Path, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that wants a CLI, and has nothing but Go."""
    environment = {"PATH": str(path), "HOME": str(home)}
    command = [sys.executable, "-c", ENSURE, str(home)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.01)


def test_of_two_processes_one_builds_and_the_other_takes_the_result(tmp_path: Path, go: Callable[..., Path]) -> None:
    home, begun, released = tmp_path / "home", tmp_path / "begun", tmp_path / "released"
    builder = go(tmp_path / "bin", build=f"echo > {begun}; while [ ! -e {released} ]; do sleep 0.02; done")

    with ensuring(home, builder.parent) as first:
        wait_for(begun)
        with ensuring(home, builder.parent) as second:
            assert second.stdout is not None
            assert second.stdout.readline() == "waiting\n"
            released.touch()
            outputs = first.communicate(timeout=30)[0], second.communicate(timeout=30)[0]

    expected = str(home / "engine" / f"pulumi-v{VERSION}" / "bin" / "pulumi")
    assert [output.splitlines()[-1] for output in outputs] == [expected, expected]
    assert outputs[1].splitlines() == [expected]
    assert Path(f"{builder}.calls").read_text().count("build -v") == 1


def test_ctrl_c_while_building_ends_the_builder_and_leaves_nothing(tmp_path: Path, go: Callable[..., Path]) -> None:
    home, begun = tmp_path / "home", tmp_path / "begun"
    # The compiler that `go` runs, as a process of its own, which does not care about Ctrl-C.
    compiler = f"sh -c 'trap \"\" INT; echo $$ > {begun}.pid; mv {begun}.pid {begun}; sleep 60; :' & wait"
    builder = go(tmp_path / "bin", build=compiler)

    with ensuring(home, builder.parent) as process:
        wait_for(begun)
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=30)[1]

    assert process.returncode == -signal.SIGINT, errors
    assert everything(home) == ["engine", "engine/install.lock"]
    assert not running(int(begun.read_text()))


def running(pid: int) -> bool:
    """Whether a process runs; one that is dead and has not been waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")
