"""Many processes at one moment, on one directory: exactly one wins, and nothing is torn."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from kusion_dsl.model.identity import StackRef
from kusion_dsl.storage.file import FileStore
from kusion_dsl.storage.home import Home
from kusion_dsl.storage.leases import Leases

DEV = StackRef("shop", "dev", "default")

BEGINNING = """
    import json, os, sys, time
    from pathlib import Path
    from kusion_dsl.errors import BusyError
    from kusion_dsl.model.release import Actor, StackRef
    from kusion_dsl.storage.file import FileStore
    from kusion_dsl.storage.home import Home
    from kusion_dsl.storage.leases import Leases
    from kusion_dsl.storage.workspaces import Workspaces

    number, store, dev = int(sys.argv[1]), FileStore(Path("backend")), StackRef("shop", "dev", "default")
    print("ready", flush=True)
    sys.stdin.readline()
"""


def start(script: str, directory: Path, number: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(BEGINNING) + textwrap.dedent(script), str(number)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=directory)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def go(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()


def race(script: str, directory: Path, processes: int) -> list[str]:
    """What each of so many processes printed that ran ``script`` at one moment."""
    children = [start(script, directory, number) for number in range(processes)]
    for child in children:
        go(child)
    outputs = [child.communicate(timeout=120)[0] for child in children]
    assert [child.returncode for child in children] == [0] * processes
    return outputs


def test_each_key_is_put_new_by_exactly_one_of_many_processes(tmp_path: Path) -> None:
    script = """
        keys = [f"releases/{each:08}.json" for each in range(100)]
        print(json.dumps([key for key in keys if store.put_new(key, f"{number} {key}".encode() * 1000)]))
    """
    won = [json.loads(output) for output in race(script, tmp_path, 8)]
    assert sorted(key for keys in won for key in keys) == [f"releases/{each:08}.json" for each in range(100)]
    store = FileStore(tmp_path / "backend")
    for number, keys in enumerate(won):
        for key in keys:
            assert store.get(key) == f"{number} {key}".encode() * 1000
    assert len([path for path in (tmp_path / "backend").rglob("*") if path.is_file()]) == 100


def test_readers_see_the_old_or_the_new_and_never_a_part(tmp_path: Path) -> None:
    FileStore(tmp_path / "backend").put("state", b"0" * 100_000)
    script = """
        for turn in range(50):
            store.put("state", str(number).encode() * 100_000)
            seen = store.get("state")
            assert len(seen) == 100_000 and len(set(seen)) == 1
    """
    race(script, tmp_path, 4)


@pytest.mark.parametrize("before", ["nothing", "given back", "dead"])
def test_exactly_one_of_many_processes_gets_a_lease(tmp_path: Path, before: str) -> None:
    if before != "nothing":
        end = "lease.release()" if before == "given back" else "os.kill(os.getpid(), 9)"
        child = start(f'lease = Leases(store).acquire(dev, Actor("ada", "h", os.getpid()), "x"); {end}', tmp_path)
        go(child)
        child.communicate(timeout=60)
    script = """
        try:
            with Leases(store).acquire(dev, Actor("ada", "h", os.getpid()), "kusion apply") as lease:
                print(json.dumps(lease.number), flush=True)
                Path(f"holding-{number}").touch()
                while len(list(Path().glob("*ing-*"))) < 8:  # until all others were refused
                    lease.check()
                    time.sleep(0.01)
        except BusyError as error:
            Path(f"refusing-{number}").touch()
            print(json.dumps(str(error)))
    """
    said = [json.loads(output) for output in race(script, tmp_path, 8)]
    numbers = [each for each in said if isinstance(each, int)]
    assert numbers == [1 if before == "nothing" else 2]
    assert all("holds this stack since" in each for each in said if isinstance(each, str))


def test_many_leases_after_each_other_never_overlap(tmp_path: Path) -> None:
    """Each holder notes its coming and going in one file; the notes must alternate."""
    script = """
        taken = 0
        while taken < 5:
            try:
                with Leases(store).acquire(dev, Actor("ada", "h", os.getpid()), "kusion apply") as lease:
                    with open("log", "a") as log:
                        log.write(f"{lease.number} in\\n")
                        log.flush()
                        time.sleep(0.002)
                        lease.check()
                        log.write(f"{lease.number} out\\n")
                taken += 1
            except BusyError:
                time.sleep(0.001 * number)
    """
    race(script, tmp_path, 5)
    log = (tmp_path / "log").read_text().split("\n")[:-1]
    numbers = [int(line.split()[0]) for line in log[::2]]
    assert len(numbers) == 25
    assert log == [f"{number} {what}" for number in numbers for what in ("in", "out")]
    assert numbers == sorted(set(numbers))
    remaining = [path.name for path in (tmp_path / "backend").rglob("*.json")]
    assert {name.split(".")[0] for name in remaining} == {f"{numbers[-1]:08}"}


def test_a_killed_holder_is_succeeded_at_once(tmp_path: Path) -> None:
    script = """
        with Leases(store).acquire(dev, Actor("ada", "h", os.getpid()), "kusion apply") as lease:
            print("held", flush=True)
            time.sleep(60)
    """
    child = start(script, tmp_path)
    go(child)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    leases = Leases(FileStore(tmp_path / "backend"))
    holder = leases.holder(DEV)
    assert holder is not None
    assert holder.actor.pid == child.pid
    os.kill(child.pid, signal.SIGKILL)
    begun = time.monotonic()
    while leases.holder(DEV) is not None:
        assert time.monotonic() - begun < 5
    with leases.acquire(DEV, holder.actor, "kusion apply") as lease:
        assert lease.number == 2
    child.communicate(timeout=10)


def test_first_runs_of_many_processes_agree_on_the_key(tmp_path: Path) -> None:
    script = """
        print(Home(Path("home")).passphrase_file("file:///x", {}).read_text())
    """
    assert len(set(race(script, tmp_path, 8))) == 1
    assert Home(tmp_path / "home").passphrase_file("file:///x", {}).read_text().strip()


def test_no_update_of_a_workspace_is_lost(tmp_path: Path) -> None:
    script = """
        workspaces, done = Workspaces(store), 0
        while done < 10:
            try:
                workspaces.update("default", workspaces.get("default").text + f"{number}\\n")
                done += 1
            except BusyError:
                pass
    """
    race(script, tmp_path, 4)
    revisions = sorted((tmp_path / "backend/.kusion/v1/workspaces/default").iterdir())
    assert [path.name for path in revisions] == [f"{number:08}.yaml" for number in range(1, 41)]


@pytest.mark.parametrize("operation", ["create_file", "write", "sync", "link", "replace", "remove"])
def test_a_process_killed_at_any_step_leaves_the_old_or_the_new(tmp_path: Path, operation: str) -> None:
    script = f"""
        import signal
        from kusion_dsl.storage.disk import Disk

        class Killing(Disk):
            pass

        for when in ("before", "after"):
            def kill(self, *args, original=getattr(Disk, "{operation}"), when=when):
                if when == "before":
                    os.kill(os.getpid(), signal.SIGKILL)
                original(self, *args)
                os.kill(os.getpid(), signal.SIGKILL)
            setattr(Killing, "{operation}", kill)
            if os.fork() == 0:
                FileStore(Path("backend"), disk=Killing()).put("put", b"new" * 10)
                os._exit(0)
            if os.fork() == 0:
                FileStore(Path("backend"), disk=Killing()).put_new(f"new-{{when}}", b"new" * 10)
                os._exit(0)
        for _ in range(4):
            os.wait()
    """
    store = FileStore(tmp_path / "backend")
    store.put("put", b"old")
    race(script, tmp_path, 1)
    assert store.get("put") in (b"old", b"new" * 10)
    for when in ("before", "after"):
        assert store.get(f"new-{when}") in (None, b"new" * 10)
        store.put_new(f"new-{when}", b"new" * 10)
    assert store.list("") == ("new-after", "new-before", "put")
