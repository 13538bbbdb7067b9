"""Many processes at one moment on one backend, whatever it is: exactly one wins, and nothing is torn or lost."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.release import History
from kusion_dsl.storage.releases import Releases
from kusion_dsl.storage.store import open_store

DEV = StackRef("shop", "dev", "default")

_BEGINNING = """
    import json, os, sys, time
    from pathlib import Path
    from kusion_dsl.errors import BusyError
    from kusion_dsl.model.identity import Actor, Revision, StackRef
    from kusion_dsl.model.release import PhaseRecord, Release
    from kusion_dsl.model.spec import Spec
    from kusion_dsl.model.target import Target
    from kusion_dsl.storage.home import Home
    from kusion_dsl.storage.leases import Leases
    from kusion_dsl.storage.releases import Releases
    from kusion_dsl.storage.store import open_store
    from kusion_dsl.storage.workspaces import Workspaces

    number, store, dev = int(sys.argv[1]), open_store(sys.argv[2]), StackRef("shop", "dev", "default")
    ada = Actor("ada", "h", os.getpid())
    print("ready", flush=True)
    sys.stdin.readline()
"""


def start(script: str, directory: Path, url: str, number: int = 0) -> subprocess.Popen[str]:
    """Start a process that waits to be told to run ``script``."""
    command = [sys.executable, "-c", textwrap.dedent(_BEGINNING) + textwrap.dedent(script), str(number), url]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=directory)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def go(child: subprocess.Popen[str]) -> None:
    """Tell it."""
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()


def race(script: str, directory: Path, url: str, processes: int) -> list[str]:
    """What each of so many processes printed that ran ``script`` at one moment."""
    children = [start(script, directory, url, number) for number in range(processes)]
    for child in children:
        go(child)
    outputs = [child.communicate(timeout=120)[0] for child in children]
    assert [child.returncode for child in children] == [0] * processes
    return outputs


class RaceContract:
    """Races on a backend. A subclass has a fixture ``url``, that of an empty one."""

    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    def test_each_key_is_put_new_by_exactly_one(self, tmp_path: Path, url: str) -> None:
        script = """
            keys = [f"releases/{each:08}.json" for each in range(60)]
            print(json.dumps([key for key in keys if store.put_new(key, f"{number} {key}".encode() * 1000)]))
        """
        won = [json.loads(output) for output in race(script, tmp_path, url, 8)]
        expected = [f"releases/{each:08}.json" for each in range(60)]
        assert sorted(key for keys in won for key in keys) == expected
        store = open_store(url)
        for number, keys in enumerate(won):
            for key in keys:
                assert store.get(key) == f"{number} {key}".encode() * 1000
        assert list(store.list("")) == expected

    def test_readers_see_the_old_or_the_new_and_never_a_part(self, tmp_path: Path, url: str) -> None:
        open_store(url).put("state", b"0" * 100_000)
        script = """
            for turn in range(30):
                store.put("state", str(number).encode() * 100_000)
                seen = store.get("state")
                assert len(seen) == 100_000 and len(set(seen)) == 1
        """
        race(script, tmp_path, url, 4)

    @pytest.mark.parametrize("before", ["nothing", "given back", "dead"])
    def test_exactly_one_gets_a_lease(self, tmp_path: Path, url: str, before: str) -> None:
        if before != "nothing":
            end = "lease.release()" if before == "given back" else "os.kill(os.getpid(), 9)"
            child = start(f'lease = Leases(store).acquire(dev, ada, "x"); {end}', tmp_path, url)
            go(child)
            child.communicate(timeout=60)
        script = """
            try:
                with Leases(store).acquire(dev, ada, "kusion apply") as lease:
                    print(json.dumps(lease.number), flush=True)
                    Path(f"holding-{number}").touch()
                    while len(list(Path().glob("*ing-*"))) < 8:  # until all others were refused
                        lease.check()
                        time.sleep(0.01)
            except BusyError as error:
                Path(f"refusing-{number}").touch()
                print(json.dumps(str(error)))
        """
        said = [json.loads(output) for output in race(script, tmp_path, url, 8)]
        numbers = [each for each in said if isinstance(each, int)]
        assert numbers == [1 if before == "nothing" else 2]
        assert all("holds this stack since" in each for each in said if isinstance(each, str))

    def test_many_leases_after_each_other_never_overlap(self, tmp_path: Path, url: str) -> None:
        """Each holder notes its coming and going in one file; the notes must alternate."""
        script = """
            taken = 0
            while taken < 5:
                try:
                    with Leases(store).acquire(dev, ada, "kusion apply") as lease:
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
        race(script, tmp_path, url, 5)
        log = (tmp_path / "log").read_text().split("\n")[:-1]
        numbers = [int(line.split()[0]) for line in log[::2]]
        assert len(numbers) == 25
        assert log == [f"{number} {what}" for number in numbers for what in ("in", "out")]
        assert numbers == sorted(set(numbers))
        remaining = open_store(url).list(".kusion/v1/leases/")
        assert {key.rpartition("/")[2].split(".")[0] for key in remaining} == {f"{numbers[-1]:08}"}

    def test_every_update_of_a_workspace_is_a_revision(self, tmp_path: Path, url: str) -> None:
        script = """
            workspaces, done = Workspaces(store), 0
            while done < 10:
                try:
                    workspaces.update("default", f"{number}.{done}")
                    done += 1
                except BusyError:
                    pass
        """
        race(script, tmp_path, url, 4)
        store = open_store(url)
        folder = ".kusion/v1/workspaces/default"
        assert store.list(folder) == tuple(f"{folder}/{revision:08}.yaml" for revision in range(1, 41))
        texts = {(store.get(key) or b"").decode() for key in store.list(folder)}
        assert texts == {f"{number}.{turn}" for number in range(4) for turn in range(10)}

    def test_releases_of_many_runs_are_gapless_and_whole(self, tmp_path: Path, url: str) -> None:
        script = """
            releases, done = Releases(store), 0
            while done < 4:
                try:
                    with Leases(store).acquire(dev, ada, "kusion apply") as lease:
                        newest = releases.newest(dev)
                        release = Release(
                            ref=dev, revision=newest.release.revision + 1 if newest else 1, kind="apply",
                            created="2026-11-20T10:00:00Z", actor=ada, source=Revision("", ""),
                            target=Target("manifests", "out"), spec=Spec(()),
                            previous=newest.digest if newest else "", options={"by": f"{number}.{done}"},
                        )
                        history = releases.create(release)
                        lease.check()
                        releases.append(history, PhaseRecord("succeeded", "2026-11-20T10:00:01Z", lease.number))
                    done += 1
                except BusyError:
                    time.sleep(0.001 * number)
        """
        race(script, tmp_path, url, 8)
        histories = [each for each in Releases(open_store(url)).history(DEV) if isinstance(each, History)]
        assert [each.release.revision for each in histories] == list(range(1, 33))
        assert {each.phase for each in histories} == {"succeeded"}
        tokens = [each.phases[-1].lease for each in histories]
        assert tokens == sorted(set(tokens))
        runs = {each.release.options["by"] for each in histories}
        assert runs == {f"{number}.{turn}" for number in range(8) for turn in range(4)}
