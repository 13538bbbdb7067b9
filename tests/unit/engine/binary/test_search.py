"""Which `pulumi` is taken, which is passed over, and what is remembered about it."""

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kusion_dsl.engine.acquisition import InstallProgress, InstallReport
from kusion_dsl.engine.binary import Binary, ensure, find
from kusion_dsl.engine.binary_version import MINIMUM, VERSION, ask, suitable
from kusion_dsl.errors import EngineError, EngineMissingError

Script = Callable[[Path, str], Path]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    return tmp_path / "scripts"


def path_of(*directories: Path | str) -> dict[str, str]:
    return {"PATH": os.pathsep.join(map(str, directories))}


def silent(progress: InstallProgress) -> None:
    """A report that nobody reads."""


class NoWay:
    """A source that never works."""

    name = "carrier pigeon"

    def get(self, staging: Path, environment: Mapping[str, str], report: InstallReport) -> Path:
        raise EngineError("it lost its way", details=["last seen over the sea"])


def test_path_comes_before_the_environment_and_that_before_what_was_installed(
    tmp_path: Path, home: Path, scripts: Path, pulumi: Script
) -> None:
    installed = pulumi(home / "engine" / f"pulumi-v{VERSION}" / "bin", VERSION)
    search = path_of(tmp_path / "a")
    assert find(home, search, scripts=scripts) == Binary(installed, VERSION, "installed")

    beside = pulumi(scripts, "v3.240.1")
    assert find(home, search, scripts=scripts) == Binary(beside, "3.240.1", "environment")

    on_path = pulumi(tmp_path / "a", "v3.261.0-alpha.7+dirty")
    assert find(home, search, scripts=scripts) == Binary(on_path, "3.261.0-alpha.7+dirty", "path")


def test_nothing_is_found_where_nothing_is(tmp_path: Path, home: Path, scripts: Path) -> None:
    (tmp_path / "a" / "pulumi").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "pulumi").write_text("not executable")

    assert find(home, path_of(tmp_path / "a", tmp_path / "b", tmp_path / "absent"), scripts=scripts) is None
    assert find(home, {}, scripts=scripts) is None
    assert not home.exists()


def test_the_bin_directory_of_the_running_python_is_searched_unless_another_is_given(
    tmp_path: Path, home: Path
) -> None:
    found = find(home, path_of(tmp_path))

    assert found is None or found.source == "environment"


def test_a_relative_entry_of_path_is_not_searched(
    tmp_path: Path, home: Path, scripts: Path, pulumi: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulumi(tmp_path / "here", VERSION)
    monkeypatch.chdir(tmp_path / "here")

    assert find(home, path_of("", ".", "../here"), scripts=scripts) is None


@pytest.mark.parametrize(
    "lines", ["echo v3.237.9", "echo v2.999.0", "echo v4.0.0", "echo hello", "exit 0", "exit 3", "kill -9 $$"]
)
def test_what_will_not_do_is_passed_over(
    tmp_path: Path, home: Path, scripts: Path, script: Script, pulumi: Script, lines: str
) -> None:
    script(tmp_path / "a" / "pulumi", lines)
    good = pulumi(tmp_path / "b", VERSION)

    assert find(home, path_of(tmp_path / "a", tmp_path / "b"), scripts=scripts) == Binary(good, VERSION, "path")


def test_a_file_that_cannot_be_run_is_passed_over(tmp_path: Path, home: Path, scripts: Path, pulumi: Script) -> None:
    broken = tmp_path / "a" / "pulumi"
    broken.parent.mkdir()
    broken.write_bytes(b"\x7fELF, but not really")
    broken.chmod(0o755)
    good = pulumi(scripts, VERSION)

    assert find(home, path_of(tmp_path / "a"), scripts=scripts) == Binary(good, VERSION, "environment")


@pytest.mark.parametrize(
    ("version", "expected"),
    [(MINIMUM, True), ("3.237.99", False), ("3.1000.0", True), ("4.0.0", False), ("2.300.0", False)],
)
def test_what_will_do(version: str, expected: bool) -> None:
    assert suitable(version) is expected


def test_the_version_is_told_from_what_else_is_printed(tmp_path: Path, script: Script) -> None:
    chatty = script(tmp_path / "pulumi", "echo 'warning: 1.2.3 is old' >&2; echo v3.250.0; echo bye")

    assert ask(chatty, {}) == "3.250.0"


def test_asking_ends_even_if_the_answer_never_comes(tmp_path: Path, script: Script) -> None:
    hanging = script(tmp_path / "pulumi", "echo thinking; trap '' INT; sleep 60 & wait")
    began = time.monotonic()

    with pytest.raises(EngineError, match=r"was not done after 0\.2 s"):
        ask(hanging, {}, patience=0.2)
    assert time.monotonic() - began < 20


def test_the_update_check_is_off_and_the_environment_is_the_given_one(tmp_path: Path, script: Script) -> None:
    nosy = script(tmp_path / "pulumi", 'echo "3.250.0-${PULUMI_SKIP_UPDATE_CHECK}.${MINE}.${HOME:-homeless}"')

    assert ask(nosy, {"MINE": "yes"}) == "3.250.0-true.yes.homeless"


def test_an_executable_is_asked_once(tmp_path: Path, home: Path, scripts: Path, pulumi: Script) -> None:
    good, old = pulumi(tmp_path / "a", VERSION), pulumi(tmp_path / "b", "v3.10.0")
    search = path_of(tmp_path / "b", tmp_path / "a")

    assert find(home, search, scripts=scripts) == find(home, search, scripts=scripts) == Binary(good, VERSION, "path")

    assert [Path(f"{path}.asked").read_text() for path in (good, old)] == ["asked\n", "asked\n"]
    assert stat.S_IMODE((home / "engine" / "versions.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "engine").stat().st_mode) == 0o700
    assert [path.name for path in (home / "engine").iterdir()] == ["versions.json"]


def test_an_executable_that_changed_is_asked_again(tmp_path: Path, home: Path, scripts: Path, pulumi: Script) -> None:
    path = pulumi(tmp_path / "a", "v3.250.0")
    before = path.stat()
    assert find(home, path_of(tmp_path / "a"), scripts=scripts) == Binary(path, "3.250.0", "path")

    pulumi(tmp_path / "a", "v3.251.0")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert find(home, path_of(tmp_path / "a"), scripts=scripts) == Binary(path, "3.251.0", "path")

    pulumi(tmp_path / "a", "v3.251.0-longer")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert find(home, path_of(tmp_path / "a"), scripts=scripts) == Binary(path, "3.251.0-longer", "path")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        pytest.param("[" * 100_000, id="deep"),
        "null",
        "\udcff",
        '{"PATH": 1}',
        '{"PATH": {"size": 1}}',
        '{"PATH": {"size": SIZE, "mtime": MTIME, "version": "new"}}',
    ],
)
def test_a_damaged_memory_is_ignored_and_written_anew(
    tmp_path: Path, home: Path, scripts: Path, pulumi: Script, content: str
) -> None:
    path = pulumi(tmp_path / "a", VERSION)
    status = path.stat()
    for name, value in {"PATH": path, "SIZE": status.st_size, "MTIME": status.st_mtime_ns}.items():
        content = content.replace(name, str(value))
    memory = home / "engine" / "versions.json"
    memory.parent.mkdir(parents=True)
    memory.write_bytes(content.encode(errors="surrogateescape"))

    assert find(home, path_of(tmp_path / "a"), scripts=scripts) == Binary(path, VERSION, "path")
    assert json.loads(memory.read_text())[str(path)]["version"] == VERSION


def test_the_memory_forgets_what_is_gone(tmp_path: Path, home: Path, scripts: Path, pulumi: Script) -> None:
    gone = pulumi(tmp_path / "a", VERSION)
    find(home, path_of(tmp_path / "a"), scripts=scripts)
    gone.unlink()
    kept = pulumi(tmp_path / "b", VERSION)
    find(home, path_of(tmp_path / "a", tmp_path / "b"), scripts=scripts)

    assert list(json.loads((home / "engine" / "versions.json").read_text())) == [str(kept)]


def test_a_home_that_cannot_be_written_costs_only_time(
    tmp_path: Path, home: Path, scripts: Path, pulumi: Script
) -> None:
    home.write_text("a file where the directory should be")
    path = pulumi(tmp_path / "a", VERSION)

    assert find(home, path_of(tmp_path / "a"), scripts=scripts) == Binary(path, VERSION, "path")


def test_looking_for_the_cli_loads_nothing_of_pulumi() -> None:
    code = "import sys, kusion_dsl.engine.binary; print(sorted({'grpc', 'pulumi'} & set(sys.modules)))"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert loaded == "[]\n"


def test_ensure_takes_what_is_there_and_reports_nothing(
    tmp_path: Path, home: Path, scripts: Path, pulumi: Script
) -> None:
    path = pulumi(tmp_path / "a", VERSION)
    reports: list[InstallProgress] = []

    found = ensure(home, path_of(tmp_path / "a"), reports.append, scripts=scripts, sources=[NoWay()])

    assert (found, reports) == (Binary(path, VERSION, "path"), [])


def test_a_remembered_version_that_will_not_do_is_checked_before_something_is_installed(
    tmp_path: Path, home: Path, scripts: Path, pulumi: Script
) -> None:
    shim = pulumi(tmp_path / "a", "v3.237.0")
    before = shim.stat()
    assert find(home, path_of(tmp_path / "a"), scripts=scripts) is None

    pulumi(tmp_path / "a", "v3.250.0")
    os.utime(shim, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert find(home, path_of(tmp_path / "a"), scripts=scripts) is None

    found = ensure(home, path_of(tmp_path / "a"), silent, scripts=scripts, sources=[NoWay()])
    assert found == Binary(shim, "3.250.0", "path")


def test_when_there_is_no_way_the_error_names_everything_that_was_tried(
    tmp_path: Path, home: Path, scripts: Path, script: Script, pulumi: Script
) -> None:
    old, new = pulumi(tmp_path / "a", "v3.10.0"), pulumi(tmp_path / "b", "v4.1.0")
    broken = script(scripts / "pulumi", "echo 'no such library' >&2; exit 127")

    with pytest.raises(EngineMissingError) as caught:
        ensure(home, path_of(tmp_path / "a", tmp_path / "b"), silent, scripts=scripts, sources=[NoWay(), NoWay()])

    assert str(caught.value).splitlines()[:-1] == [
        f"there is no Pulumi CLI of version {MINIMUM} or newer, and none could be installed",
        f"  found {old} 3.10.0: too old",
        f"  found {new} 4.1.0: too new, of another major version",
        f"  found {broken}: 'pulumi version' failed with exit code 127",
        "    no such library",
        "  carrier pigeon: it lost its way",
        "    last seen over the sea",
        "  carrier pigeon: it lost its way",
        "    last seen over the sea",
    ]
    assert "'kusion engine install'" in str(caught.value).splitlines()[-1]


def test_a_home_that_was_moved_has_everything_that_is_ours(
    tmp_path: Path, home: Path, pulumi: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = pulumi(tmp_path / "python", VERSION)
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path / "python"))
    assert find(home, {}) == Binary(beside, VERSION, "environment")
    assert find(home, {"KUSION_HOME": str(home)}) is None
