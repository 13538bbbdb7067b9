"""A bucket that fails in the middle of a real run: told, nothing lost, nothing made twice, and the next run goes on."""

from __future__ import annotations

import pytest

from tests.integration.cli.machine import Done, Machine
from tests.stores.s3 import (
    S3,
    Fault,
    answering,
    dropped_after,
    dropped_before,
    halved,
    truncated,
)

STACK = "some/dev"
APP = """
from kusion_dsl import AppConfiguration
from kusion_postgres import Postgres
from kusion_service import Container, Service


class Some(AppConfiguration):
    workload = Service(containers={"web": Container(image="web:1")})
    one, two = Postgres(version="16"), Postgres(version="16")
"""

STATE, RELEASES = "/state/some/default/dev", "/releases/some/default/dev"
RECORD, FOLDED, PUBLISHED = f"{STATE}/00000001.5.json", f"{STATE}/00000001.json", ".pulumi/stacks/some/dev.default.json"
FIRST_RELEASE, ITS_END = f"{RELEASES}/00000001.json", f"{RELEASES}/00000001.2-succeeded.json"
FAULTS: dict[str, tuple[Fault, str]] = {
    "500": (answering("500 Internal Server Error", "InternalError"), "the store failed (InternalError, HTTP 500)"),
    "429": (
        answering("429 Too Many Requests", "TooManyRequests"),
        "the store is overloaded (TooManyRequests, HTTP 429)",
    ),
    "expired": (answering("400 Bad Request", "ExpiredToken"), "the credentials have expired (ExpiredToken, HTTP 400)"),
    "forbidden": (answering("403 Forbidden", "AccessDenied"), "access is denied (AccessDenied, HTTP 403)"),
    "timed out after it was done": (dropped_after, "the connection broke"),
}


@pytest.fixture
def machine(machine_on_s3: Machine) -> Machine:
    """A machine with a stack, and a bucket as its backend."""
    machine_on_s3.write(
        {"some/project.yaml": "name: some\n", "some/dev/stack.yaml": "name: dev\n", "some/dev/app.py": APP}
    )
    return machine_on_s3


def objects(machine: Machine) -> dict[str, str]:
    """The manifests and the Secrets."""
    places = (machine.target(STACK), machine.secrets(STACK))
    return {path.name: path.read_text(encoding="utf-8") for place in places for path in place.glob("*_*.yaml")}


def told(done: Done, message: str) -> None:
    """It is said in words where, what, and what to do."""
    assert "s3://bucket-" in done.err and message in done.err, done.err
    assert "run again" in done.err or "let these credentials do s3:GetObject" in done.err, done.err
    assert "Warning" not in done.err and "rpc error" not in done.err, done.err


def goes_on(machine: Machine, before: dict[str, str]) -> None:
    """The next run makes what is missing, keeps the passwords that there are, and then there is nothing to do."""
    machine.apply(STACK)
    release = machine.release(STACK)
    after = objects(machine)
    assert release["phase"] == "succeeded"
    assert len(after) == len([id for id in release["resources"] if not id.startswith("kusion:")])
    assert {name: after[name] for name in before} == before, "something was made twice"
    machine.kusion("release", "verify", "-w", machine.directory(STACK))
    assert "No changes" in machine.apply(STACK).out


@pytest.mark.parametrize("fault", FAULTS)
def test_in_the_middle_of_a_run(machine: Machine, s3: S3, fault: str) -> None:
    failure, message = FAULTS[fault]
    s3.fail_from(failure, STATE, when=lambda: bool(objects(machine)))

    done = machine.apply(STACK, code=1)

    told(done, message)
    s3.heal()
    made = objects(machine)
    assert 0 < len(made) < 10
    goes_on(machine, made)
    assert [each["phase"] for each in machine.releases(STACK)][-2:] == ["succeeded", "abandoned"]


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ("500", FIRST_RELEASE),
        ("timed out after it was done", FOLDED),
        ("500", PUBLISHED),
        ("timed out after it was done", ITS_END),
    ],
)
def test_at_the_beginning_and_at_the_end_of_a_run(machine: Machine, s3: S3, fault: str, key: str) -> None:
    failure, message = FAULTS[fault]
    s3.fail_from(failure, key)

    done = machine.apply(STACK, code=1)

    told(done, message)
    s3.heal()
    made = objects(machine)
    assert bool(made) is (key != FIRST_RELEASE)
    goes_on(machine, made)


@pytest.mark.parametrize(("fault", "key"), [(truncated, FOLDED), (halved, PUBLISHED), (halved, ITS_END)])
def test_an_answer_that_is_cut_short(machine: Machine, s3: S3, fault: Fault, key: str) -> None:
    machine.apply(STACK)
    made = objects(machine)
    s3.fail(fault, method="GET", key=key, times=100_000)

    done = machine.apply(STACK, code=1)

    assert key in done.err and ("the answer was cut short" in done.err or "this is not what was written" in done.err)
    assert objects(machine) == made
    s3.heal()
    assert "No changes" in machine.apply(STACK).out


def test_what_passes_is_not_noticed(machine: Machine, s3: S3) -> None:
    """Each of the first creations, and every other kind of request, fails once."""
    for key in (RECORD, FOLDED, PUBLISHED, FIRST_RELEASE, ITS_END, "/leases/some/default/dev/00000001.json"):
        for failure, _ in (FAULTS["500"], FAULTS["timed out after it was done"]):
            s3.fail(failure, method="PUT", key=key)
    s3.fail(FAULTS["429"][0], method="DELETE", times=2)
    s3.fail(dropped_before, method="GET", times=2)
    machine.apply(STACK)
    assert [(each["revision"], each["phase"]) for each in machine.releases(STACK)] == [(1, "succeeded")]
    assert "No changes" in machine.apply(STACK).out
