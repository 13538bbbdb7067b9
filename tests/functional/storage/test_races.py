"""Many processes at one moment, on one directory: the races of every backend, and what is a directory's own."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from kusion_dsl.storage.file import FileStore
from kusion_dsl.storage.home import Home
from kusion_dsl.storage.leases import Leases
from tests.stores.races import DEV, RaceContract, go, race, start


class TestFile(RaceContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"file://{tmp_path}/backend"


def test_a_killed_holder_is_succeeded_at_once(tmp_path: Path) -> None:
    script = """
        with Leases(store).acquire(dev, ada, "kusion apply") as lease:
            print("held", flush=True)
            time.sleep(60)
    """
    child = start(script, tmp_path, "file://./backend")
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
    assert len(set(race(script, tmp_path, "file://./backend", 8))) == 1
    assert Home(tmp_path / "home").passphrase_file("file:///x", {}).read_text().strip()


@pytest.mark.parametrize("operation", ["create_file", "write", "sync", "link", "replace", "remove"])
def test_a_process_killed_at_any_step_leaves_the_old_or_the_new(tmp_path: Path, operation: str) -> None:
    script = f"""
        import signal
        from kusion_dsl.storage.disk import Disk
        from kusion_dsl.storage.file import FileStore

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
    race(script, tmp_path, "file://./backend", 1)
    assert store.get("put") in (b"old", b"new" * 10)
    for when in ("before", "after"):
        assert store.get(f"new-{when}") in (None, b"new" * 10)
        store.put_new(f"new-{when}", b"new" * 10)
    assert store.list("") == ("new-after", "new-before", "put")
