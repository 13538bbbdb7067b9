"""What is broken is told with where, what and what to do; nothing is changed by it, and the next run goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cli.machine import Machine, snapshot, touched

STACK = "quickstart/dev"
SECRETIVE = "shop/dev"
"""A stack with passwords in its state."""
NOBODY = 65534
_POWERLESS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""What root runs a command with, so that the permissions of files hold for it, too."""


def refused(machine: Machine, *options: str, command: str = "apply", stack: str = STACK) -> str:
    """Run what must end with exit code 1 and change nothing; what it says."""
    places = (machine.backend, machine.target(stack), machine.secrets(stack))
    before = snapshot(*places)
    arguments = [command, "-w", machine.directory(stack), *options]
    done = machine.kusion(*arguments, *(["--yes"] if command != "preview" else []), code=1)
    assert touched(before, snapshot(*places)) == set()
    assert done.err.startswith("error: ")
    return done.err


def goes_on(machine: Machine, *options: str) -> None:
    """The next run works, and finds what the one before left."""
    machine.apply(STACK, "-D", "tag=next", *options)
    shown = machine.release(STACK, *options)
    assert shown["phase"] == "succeeded" and len(shown["resources"]) == 3
    assert "image: nginx:next" in next(machine.target(STACK).glob("deployment_*")).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["preview", "apply", "destroy"])
@pytest.mark.parametrize(
    "damage", [b"", b'{"version": 3, "checkpoint"', b'{"version": 3, "checkpoint": {"latest": 7}}']
)
def test_damaged_state(machine: Machine, command: str, damage: bytes) -> None:
    machine.apply(STACK)
    state = machine.backend / ".pulumi" / "stacks" / "quickstart" / "dev.default.json"
    state.write_bytes(damage)

    said = refused(machine, command=command)

    assert f"error: {state}: Pulumi's state of the stack is damaged: " in said
    assert "nothing was changed; remove it: there is a copy, which the next run puts there" in said
    state.unlink()
    goes_on(machine)


@pytest.mark.parametrize("command", ["preview", "apply", "destroy"])
def test_wrong_passphrase(machine: Machine, command: str) -> None:
    machine.apply(SECRETIVE)
    machine.environment["PULUMI_CONFIG_PASSPHRASE"] = "another one than before"
    machine.edit("shop/dev/app.py", "replicas=1", "replicas=3")

    said = refused(machine, command=command, stack=SECRETIVE)

    assert "this passphrase does not open Pulumi's state of the stack" in said
    assert "nothing was changed; give the one with which the stack was applied first" in said
    assert "another one than before" not in said
    del machine.environment["PULUMI_CONFIG_PASSPHRASE"]
    assert "1 to update, 15 unchanged." in machine.apply(SECRETIVE).out


def test_file_in_place_of_the_backend(machine: Machine) -> None:
    place = machine.root / "occupied"
    place.write_text("a file", encoding="utf-8")

    said = refused(machine, "--backend", f"file://{place}")

    assert f"error: {place}" in said and "not a directory" in said
    assert "move the file that stands there out of the way, or choose another backend" in said
    assert place.read_text(encoding="utf-8") == "a file"
    place.unlink()
    goes_on(machine, "--backend", f"file://{place}")


@pytest.fixture
def forbidden(machine: Machine) -> Path:
    """A backend that the user who runs the commands may neither read nor write."""
    place = machine.root / "forbidden"
    place.mkdir(mode=0o700)
    if os.getuid() == 0:
        os.chown(place, NOBODY, NOBODY)
        machine.prefix = _POWERLESS
    else:
        place.chmod(0)
    return place


def test_backend_without_permission(machine: Machine, forbidden: Path) -> None:
    said = refused(machine, "--backend", f"file://{forbidden}")

    assert f"error: {forbidden}" in said and "permission denied" in said
    assert "let the current user read and write there, or choose another backend" in said
    os.chown(forbidden, os.getuid(), os.getgid())
    forbidden.chmod(0o700)
    goes_on(machine, "--backend", f"file://{forbidden}")


def test_target_without_permission(machine: Machine, forbidden: Path) -> None:
    """The preview looks at the place of every file already, so nothing was begun and there is no release."""
    target = forbidden / "manifests"

    done = machine.apply(STACK, "--target-dir", str(target), code=1)

    assert f"{forbidden}" in done.err and "ermission denied" in done.err
    assert machine.releases(STACK) == []
    os.chown(forbidden, os.getuid(), os.getgid())
    forbidden.chmod(0o700)
    machine.apply(STACK, "--target-dir", str(target))
    assert len(list(target.glob("*_*.yaml"))) == 3


@pytest.fixture
def small_disk(machine: Machine) -> Iterator[Path]:
    """A file system of 256 KiB."""
    place = machine.root / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def fill(disk: Path, free: int) -> Path:
    """Leave ``free`` bytes on a disk; the file that takes the rest."""
    filler = disk / "filler"
    space = os.statvfs(disk)
    filler.write_bytes(bytes(space.f_bavail * space.f_frsize - free))
    return filler


@pytest.mark.skipif(os.getuid() != 0, reason="only root mounts; the functional tests fail the writes for everybody")
@pytest.mark.parametrize("free", [0, 8192, 24576, 40960])
def test_full_disk(machine: Machine, small_disk: Path, free: int) -> None:
    """At whichever write the disk is full, ours or Pulumi's, that is said, and what exists is known afterwards."""
    backend = f"file://{small_disk}/backend"
    filler = fill(small_disk, free)

    done = machine.apply(STACK, "--backend", backend, code=1)

    assert "no space left on device" in done.err.lower(), done.err
    filler.unlink()
    goes_on(machine, "--backend", backend)
    machine.destroy(STACK, "--backend", backend)
    assert not machine.target(STACK).exists()
