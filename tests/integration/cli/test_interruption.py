"""A run that is ended in the middle, politely or not: nothing is lost, nothing has to be unlocked, the next goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.integration.cli.machine import Machine, finished, lines_of

STACK = "many/dev"
DATABASES = 12
APP = f'''
from kusion_dsl import AppConfiguration, option
from kusion_postgres import Postgres
from kusion_service import Container, Service


class Many(AppConfiguration):
    """Enough resources to be interrupted among them."""

    workload = Service(containers={{"web": Container(image=f"web:{{option('tag', default='1')}}")}})
    {"; ".join(f'db{number:02} = Postgres(version="16")' for number in range(DATABASES))}
'''


@pytest.fixture
def many(machine: Machine) -> Machine:
    """A machine with a stack of many resources."""
    machine.write({"many/project.yaml": "name: many\n", "many/dev/stack.yaml": "name: dev\n", "many/dev/app.py": APP})
    return machine


def begun(machine: Machine) -> subprocess.Popen[str]:
    """An apply that has made its first object, as the leader of a process group."""
    process = machine.start("apply", "--yes", "-w", machine.directory(STACK), start_new_session=True)
    made = ("created v1:", "created apps/v1:")
    assert any(line.startswith(made) for line in lines_of(process.stderr)), "it ended before anything was made"
    return process


def objects(machine: Machine) -> int:
    """How many manifests and Secrets there are."""
    places = (machine.target(STACK), machine.secrets(STACK))
    return len([path for place in places if place.exists() for path in place.glob("*_*.yaml")])


def goes_on(machine: Machine) -> None:
    """The next apply needs nobody's help, and makes what an uninterrupted one would have made, once."""
    before = passwords(machine)
    machine.apply(STACK)
    release = machine.release(STACK)
    assert release["phase"] == "succeeded"
    assert len(release["resources"]) == expected(machine)
    after = passwords(machine)
    assert {name: after[name] for name in before} == before, "a password was made twice"
    assert "No changes" in machine.apply(STACK).out
    assert not list((machine.backend / ".pulumi" / "locks").rglob("*.json"))
    machine.destroy(STACK)
    assert objects(machine) == 0


def expected(machine: Machine) -> int:
    """The number of resources of the stack."""
    spec = machine.kusion("generate", "-w", machine.directory(STACK), "-o", "json").document
    return len(spec["resources"])


def passwords(machine: Machine) -> dict[str, str]:
    """The content of each Secret."""
    place = machine.secrets(STACK)
    return {path.name: path.read_text(encoding="utf-8") for path in place.glob("*_*.yaml")} if place.exists() else {}


def test_ctrl_c_ends_gracefully(many: Machine) -> None:
    """A terminal sends it to the whole process group."""
    process = begun(many)
    os.killpg(process.pid, signal.SIGINT)
    done = finished(process)

    assert done.code == 130, done
    assert "interrupted; what was done is recorded, run it again to go on" in done.err
    recorded_and_free(many)
    goes_on(many)


def test_sigterm_ends_gracefully(many: Machine) -> None:
    """As CI systems cancel: to the process alone."""
    process = begun(many)
    process.terminate()
    done = finished(process)

    assert done.code == 130, done
    assert "interrupted; what was done is recorded, run it again to go on" in done.err
    recorded_and_free(many)
    goes_on(many)


def recorded_and_free(machine: Machine) -> None:
    """The release says exactly what exists, and the lease was given back."""
    release = machine.release(STACK)
    assert (release["revision"], release["phase"]) == (1, "failed")
    made = [id for id in release["resources"] if not id.startswith("kusion:")]
    assert 0 < len(made) == objects(machine) < expected(machine)
    leases = machine.backend / ".kusion" / "v1" / "leases" / "many" / "default" / "dev"
    assert sorted(path.name for path in leases.iterdir())[-1] == "00000001.json"
    assert list(leases.glob("00000001.*-released.json"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_before_anything_was_changed(many: Machine, number: signal.Signals) -> None:
    """While it previews."""
    process = many.start("preview", "-w", many.directory(STACK))
    wait_for_pulumi(process.pid)
    process.send_signal(number)
    done = finished(process)

    assert (done.code, done.err.strip()) == (130, "error: interrupted")
    assert not many.backend.exists() or not list(many.backend.rglob("*.json"))
    assert not list(many.temporary.iterdir())


def wait_for_pulumi(parent: int) -> None:
    """Until the process has a child that is the Pulumi CLI."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
        with suppress(FileNotFoundError):  # some, which ask for a version, end at once
            if any(b"--exec-kind" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children):
                return
        time.sleep(0.01)
    pytest.fail("no Pulumi was started")


def test_killed_run_needs_no_unlocking(many: Machine) -> None:
    process = begun(many)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL

    goes_on(many)

    phases = {each["revision"]: each["phase"] for each in many.releases(STACK)}
    assert phases == {1: "abandoned", 2: "succeeded", 3: "succeeded"}


def test_killed_with_its_pulumi_needs_no_unlocking(many: Machine) -> None:
    """As when the machine loses its power: nobody has a chance to say goodbye."""
    process = begun(many)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    os.kill(process.pid, signal.SIGKILL)
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    process.communicate()
    assert not (many.backend / ".pulumi/stacks/many/dev.default.json").exists()
    assert list((many.backend / ".kusion/v1/state/many/default/dev").glob("*.0.json"))

    goes_on(many)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_while_the_application_is_loaded(many: Machine, number: signal.Signals) -> None:
    """No Pulumi runs yet to whom it could be passed on."""
    slow = "import pathlib, time\npathlib.Path('loading').touch()\ntime.sleep(60)\n"
    many.write({"many/dev/app.py": slow + APP})
    process = many.start("apply", "--yes", "-w", many.directory(STACK))
    deadline = time.monotonic() + 60
    while not (many.root / "loading").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    done = finished(process)

    assert (done.code, done.err.strip()) == (130, "error: interrupted")
    assert not many.backend.exists()
