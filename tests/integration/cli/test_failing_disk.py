"""A disk that fails in the middle of a run of the real Pulumi: told, nothing lost, nothing made twice, and it goes on."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kusion_dsl.engine.pulumi_engine import PulumiEngine
from kusion_dsl.storage.disk import Disk
from tests.functional.commandline import SHOP_WITH_DATABASE, Kusion

NOBODY = 2**22 + 1
"""A process id that no process can have: what runs under it is gone for whoever comes next."""
STATE, PUBLISHED, RELEASES = "/state/shop/default/dev", "/.pulumi/stacks/shop", "/releases/shop/default/dev"
ADVICE = {
    errno.ENOSPC: "no space left on device\n  free some space and run again",
    errno.EACCES: "permission denied\n  let the current user read and write there, or choose another backend",
    errno.EROFS: "read-only file system\n  make the file system writable, or choose another backend",
    errno.EIO: "input/output error\n  check the disk and the file system, then run again",
}


class FailingDisk(Disk):
    """From the first new file in a directory on that comes at such a moment, no file can be made any more."""

    def __init__(self, error: int, place: str, when: Callable[[], bool]) -> None:
        self.failed = False
        self._error = error
        self._place = place
        self._when = when

    def create_file(self, path: Path) -> int:
        self.failed = self.failed or (self._place in str(path) and self._when())
        if self.failed:
            raise OSError(self._error, os.strerror(self._error), str(path))
        return super().create_file(path)


@pytest.fixture
def kusion(tmp_path: Path, pulumi_cli: Path, monkeypatch: pytest.MonkeyPatch) -> Kusion:
    """The command with the real engine, and a stack that has a password."""
    monkeypatch.chdir(tmp_path)
    kusion = Kusion(tmp_path, get_engine=lambda: PulumiEngine(pulumi_cli, tmp_path / "home"))
    kusion.stack(SHOP_WITH_DATABASE)
    return kusion


def objects(kusion: Kusion) -> dict[str, str]:
    """The manifests and the Secrets."""
    places = (kusion.root / ".manifests/default/dev", kusion.root / ".manifests/default/dev.secrets")
    return {path.name: path.read_text(encoding="utf-8") for place in places for path in place.glob("*_*.yaml")}


@pytest.mark.parametrize(
    ("error", "place"),
    [
        (errno.ENOSPC, STATE),
        (errno.EACCES, STATE),
        (errno.EIO, STATE),
        (errno.ENOSPC, PUBLISHED),
        (errno.EROFS, RELEASES),
    ],
    ids=lambda each: each if isinstance(each, str) else errno.errorcode[each],
)
def test_from_the_first_object_on(kusion: Kusion, error: int, place: str) -> None:
    disk = FailingDisk(error, place, lambda: bool(objects(kusion)))
    kusion.disk, kusion.process = disk, NOBODY

    done = kusion("apply", "-w", "dev", "--yes")

    assert disk.failed and done.code == 1
    assert f"{place}/" in done.err and f"cannot be written: {ADVICE[error]}" in done.err, done.err
    made = objects(kusion)
    assert made
    kusion.disk, kusion.process = Disk(), os.getpid()
    kusion.done("apply", "-w", "dev", "--yes")
    after = objects(kusion)
    assert {name: after[name] for name in made} == made, "something was made twice"
    release = kusion.done("release", "show", "-w", "dev", "-o", "json").document
    assert (release["revision"], release["phase"]) == (2, "succeeded")
    assert len(after) == len([id for id in release["resources"] if not id.startswith("kusion:")])
    kusion.done("release", "verify", "-w", "dev")
    assert "No changes" in kusion.done("apply", "-w", "dev", "--yes").out
