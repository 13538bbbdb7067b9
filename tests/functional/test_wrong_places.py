"""Backends, homes, releases and engines that cannot be used: nothing is changed, and what is wrong is said."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kusion_dsl.engine.acquisition import InstallProgress
from kusion_dsl.engine.binary import ensure
from kusion_dsl.engine.run import Engine
from kusion_dsl.storage.disk import Disk
from kusion_dsl.storage.records import seal
from tests.functional.commandline import SHOP, Kusion, lines

RUNS = [("preview", "-w", "dev"), ("apply", "-w", "dev", "--yes"), ("destroy", "-w", "dev", "--yes")]


def released(kusion: Kusion, name: str) -> Path:
    """The file of a release, or of a phase of it, of the stack ``dev``."""
    [file] = kusion.home.rglob(f"releases/shop/default/dev/{name}.json")
    return file


@pytest.mark.parametrize("command", RUNS)
@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        (
            "00000002",
            "{",
            "it is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))",
        ),
        ("00000002", "", "it is not JSON (Expecting value: line 1 column 1 (char 0))"),
        ("00000002", '{\n  "version": 1\n}\n', "it has no 'modules'"),
        ("00000002", "[]", "it has no version"),
        ("00000002.2-succeeded", '{\n  "version": 1,\n  "phase": "failed"\n}\n', "it has no 'at'"),
    ],
)
def test_a_damaged_release(kusion: Kusion, command: tuple[str, ...], name: str, text: str, why: str) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(SHOP.replace("replicas=2", "replicas=3"))
    kusion.done("apply", "-w", "dev", "--yes")
    file = released(kusion, name)
    file.write_text(text)
    assert kusion.refused(*command) == lines(
        f"""
        error: {file}: the record is damaged: {why}
          restore this file from a copy of the backend; `kusion release verify` tells what works without it
        """
    )


def test_a_changed_release_is_noticed_and_the_others_are_listed(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(SHOP.replace("replicas=2", "replicas=3"))
    kusion.done("apply", "-w", "dev", "--yes")
    file = released(kusion, "00000002")
    file.write_text(
        file.read_text().replace('"replicas": 3', '"replicas": 30').replace('"replicas":3', '"replicas":30')
    )
    why = "its digest is not that of what it says"
    assert f"error: {file}: the record is damaged: {why}\n" in kusion.refused("release", "show", "-w", "dev")
    releases = kusion.done("release", "list", "-w", "dev", "-o", "json").document["releases"]
    assert [(each["revision"], each["phase"]) for each in releases] == [(2, "damaged"), (1, "succeeded")]
    assert kusion.done("release", "show", "1", "-w", "dev", "-o", "json").document["phase"] == "succeeded"
    [stack] = kusion.done("stack", "list", "-o", "json").document["stacks"]
    assert (stack["release"], stack["phase"]) == (2, "damaged")


def test_a_release_of_a_newer_kusion(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    file = released(kusion, "00000001")
    file.write_bytes(seal({"version": 99}))
    assert kusion.refused("apply", "-w", "dev", "--yes") == lines(
        f"""
        error: {file}: it has format 99, this kusion-dsl reads up to 2
          upgrade kusion-dsl; nothing was changed
        """
    )


@pytest.mark.parametrize("command", [*RUNS, ("workspace", "create", "prod"), ("release", "list", "-w", "dev")])
def test_a_file_in_place_of_the_backend(kusion: Kusion, command: tuple[str, ...]) -> None:
    kusion.stack()
    kusion.write({"backend": "not a directory"})
    error = kusion.refused(*command, "--backend", f"file://{kusion.root}/backend")
    where, _, what = error.partition(": cannot be ")
    assert where.startswith(f"error: {kusion.root}/backend")
    assert what.endswith(
        "not a directory\n  move the file that stands there out of the way, or choose another backend\n"
    )


@pytest.mark.parametrize(
    ("url", "error"),
    [
        (
            "backend",
            "error: {home}/config.yaml: there is no backend 'backend'\n"
            "  there are default; a URL such as file:///a/directory will do\n",
        ),
        ("fiel:///srv", "error: fiel:///srv: 'fiel' is no backend\n  did you mean 'file'?\n"),
        ("gs://bucket", "error: gs://bucket: gs:// backends are not supported yet\n  supported: file://, s3://\n"),
    ],
)
def test_a_backend_that_is_none(kusion: Kusion, url: str, error: str) -> None:
    kusion.stack()
    assert kusion.refused("apply", "-w", "dev", "--yes", "--backend", url) == error.format(home=kusion.home)


@pytest.mark.parametrize("command", RUNS)
def test_a_file_in_place_of_the_home(kusion: Kusion, command: tuple[str, ...]) -> None:
    kusion.stack()
    kusion.home.write_text("not a directory")
    error = kusion.refused(*command)
    assert error.startswith(f"error: {kusion.home}: cannot be read: not a directory\n  move the file that stands there")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "2:1: this is not YAML: did not find expected node content"),
        ("bakcends: {}", "1:1: unknown key 'bakcends'\n  did you mean 'backends'?"),
        ("backends: 3", "1:1: 'backends' is no mapping\n  write `key: value` below it"),
    ],
)
def test_a_configuration_that_is_wrong(kusion: Kusion, text: str, what: str) -> None:
    kusion.stack()
    kusion.write({"home/config.yaml": text})
    assert kusion.refused("apply", "-w", "dev", "--yes") == f"error: {kusion.home}/config.yaml:{what}\n"


AS_NOBODY = """
import os, sys
from pathlib import Path
from tests.functional.commandline import Kusion

warm, root = Path(sys.argv[1]), Path(sys.argv[2])
os.chdir(warm)
Kusion(warm).done("apply", "-w", "dev", "--yes")  # imports all that nobody may not read
os.chdir(root)
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for command in (["apply", "-w", "dev", "--yes"], ["workspace", "create", "prod"]):
    print(Kusion(root).unchanged(*command, "--backend", f"file://{root}/backend").err, end="")
"""


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user can enter; those of pytest are private."""
    with tempfile.TemporaryDirectory(prefix="kusion-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_user_without_the_right(open_directory: Path) -> None:
    """In a process of another user, for nothing keeps the superuser from anything."""
    warm, root = open_directory / "warm", open_directory / "root"
    for each in (warm, root):
        Kusion(each).stack()
    (root / "backend").mkdir(mode=0o555)
    Kusion(root).write({"home/passphrase": "a key\n"})
    (root / "home/passphrase").chmod(0o600)
    if os.getuid() == 0:
        os.chown(root / "home/passphrase", 65534, 65534)
    repository = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-B", "-c", AS_NOBODY, str(warm), str(root)],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    advice = "let the current user read and write there, or choose another backend"
    assert done.stdout == f"error: {root}/backend/.kusion: cannot be written: permission denied\n  {advice}\n" * 2


class FullDisk(Disk):
    """A disk on which ``free`` more files fit."""

    def __init__(self, free: int) -> None:
        self.free = free

    def write(self, descriptor: int, data: bytes) -> None:
        if self.free == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.free -= 1
        super().write(descriptor, data)


def ended_process() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


@pytest.mark.parametrize("free", range(6))
def test_a_disk_that_is_full(kusion: Kusion, free: int) -> None:
    """However many files still fit: the run fails, what was there stays readable, and the next run gets there."""
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(SHOP.replace("replicas=2", "replicas=3"))
    before = kusion.snapshot()
    kusion.disk, kusion.process = FullDisk(free), ended_process()
    result = kusion("apply", "-w", "dev", "--yes")
    kusion.disk, kusion.process = Disk(), os.getpid()
    assert result.code == (1 if free < 5 else 0)  # lease, release, two phases, and the end of the lease
    if result.code:
        assert ": cannot be written: no space left on device\n  free some space and run again\n" in result.err
    if free == 0:
        assert kusion.snapshot() == before
    phases = [each["phase"] for each in kusion.done("release", "list", "-w", "dev", "-o", "json").document["releases"]]
    assert "damaged" not in phases
    kusion.done("apply", "-w", "dev", "--yes")
    assert kusion.live["apps/v1:Deployment:shop:shop-dev-shop"]["spec"]["replicas"] == 3
    assert kusion.done("apply", "-w", "dev", "--yes").out.endswith("Nothing to do; no release was made.\n")


@pytest.mark.parametrize("command", RUNS)
def test_no_engine_and_no_way_to_get_one(kusion: Kusion, command: tuple[str, ...]) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(SHOP.replace("replicas=2", "replicas=3"))

    def missing() -> Engine:
        def ignore(_: InstallProgress) -> None:
            return None

        nowhere = kusion.root / "nowhere"
        ensure(nowhere, {"PATH": str(nowhere)}, ignore, scripts=nowhere, sources=())
        raise AssertionError("there is an engine nowhere")

    kusion.write({"nowhere/engine/install.lock": ""})
    kusion.get_engine = missing
    error = kusion.unchanged(*command).err
    assert error.startswith("error: there is no Pulumi CLI of version ")
    assert "put 'pulumi' " in error.splitlines()[-1]


def test_generating_needs_no_engine(kusion: Kusion) -> None:
    kusion.stack()

    def missing() -> Engine:
        raise AssertionError("nobody asked for one")

    kusion.get_engine = missing
    assert len(kusion.generate()) == 2
    kusion.done("why", "Deployment", "-w", "dev")
    kusion.done("options", "-w", "dev")


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_nobody_to_ask_and_no_yes(kusion: Kusion, command: str) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(SHOP.replace("replicas=2", "replicas=3"))
    calls = list(kusion.engine.calls)
    assert kusion.refused(command, "-w", "dev") == lines(
        """
        error: there is no terminal to ask at, and no --yes
          add --yes to go on without being asked
        """
    )
    assert kusion.engine.calls == calls


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_somebody_who_says_no(kusion: Kusion, command: str) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(SHOP.replace("replicas=2", "replicas=3"))
    result = kusion.unchanged(command, "-w", "dev", answer="n\n")
    assert result.err.endswith("error: nothing was changed: you said no\n")


def test_somebody_who_goes_away(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("preview", "-w", "dev")
    before = kusion.snapshot()
    result = kusion("apply", "-w", "dev", answer="")
    assert (result.code, result.err.splitlines()[-1]) == (130, "error: interrupted")
    assert kusion.snapshot() == before


def test_somebody_who_says_yes(kusion: Kusion) -> None:
    kusion.stack()
    assert kusion.done("apply", "-w", "dev", answer="y\n").err.startswith(
        "Apply this to shop/dev in workspace default?"
    )
    assert kusion.done("destroy", "-w", "dev", answer="y\n").err.startswith("Destroy shop/dev in workspace default?")
    assert kusion.live == {}


def test_a_secret_that_the_store_does_not_have(kusion: Kusion) -> None:
    kusion.stack(
        """
        class Shop(AppConfiguration):
            workload = Service(containers={"web": Container(image="shop:1", env={"KEY": Secret("stripe", key="api-key")})})
        """
    )
    assert kusion.refused("apply", "-w", "dev", "--yes") == lines(
        """
        error: workspace default: secrets are used, but the workspace has no secretStore
          add one to the workspace: secretStore: {provider: {env: {}}}
        """
    )
    kusion.write({"default.yaml": "secretStore: {provider: {env: {}}}\n"})
    kusion.done("workspace", "update", "default", "-f", "default.yaml")
    assert kusion.refused("apply", "-w", "dev", "--yes") == lines(
        """
        error: secret 'stripe', key 'api-key', secret store env: the variable STRIPE_API_KEY is not set
          set STRIPE_API_KEY in the environment of the run
        """
    )
    kusion.environment["STRIPE_API_KEY"] = "sk_live_canary"
    assert "sk_live_canary" not in str(kusion.done("apply", "-w", "dev", "--yes"))
    assert "sk_live_canary" not in str(kusion.snapshot())
