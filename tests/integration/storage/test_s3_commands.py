"""``kusion`` on an S3 backend: the commands, with an engine in memory and a store that fails now and then."""

from __future__ import annotations

from pathlib import Path

import pytest

from kusion_dsl.storage.store import open_store
from tests.functional.commandline import SHOP, Kusion
from tests.stores.s3 import S3, answering, dropped_after, failed_after

SECRET = "canary-secret-access-key"
"""What the fixture ``s3`` puts into the environment."""


@pytest.fixture
def url(s3: S3) -> str:
    return s3.url(f"{s3.bucket()}/team") + "&rate_limiter_capacity=10"


@pytest.fixture
def kusion(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Kusion:
    """A machine with a stack whose current backend is the bucket, and that has a key for the state."""
    monkeypatch.chdir(tmp_path)
    kusion = Kusion(tmp_path, environment={"PULUMI_CONFIG_PASSPHRASE": "correct horse"})
    kusion.stack()
    kusion.done("config", "set", "backends.team", url)
    kusion.done("config", "set", "backends.current", "team")
    return kusion


def phases(kusion: Kusion) -> list[tuple[int, str]]:
    """The releases of the stack and what became of them, the oldest first."""
    listed = kusion.done("release", "list", "-w", "dev", "-o", "json").document["releases"]
    return sorted((each["revision"], each["phase"]) for each in listed)


def test_a_stack_lives_in_a_bucket(kusion: Kusion, url: str) -> None:
    kusion.done("workspace", "create", "prod")
    assert "created" in kusion.done("apply", "-w", "dev", "--yes").err
    kusion.stack(SHOP.replace("replicas=2", "replicas=3"))
    assert "replicas: 2 -> 3" in kusion.done("preview", "-w", "dev").out
    kusion.done("apply", "-w", "dev", "--yes")
    assert phases(kusion) == [(1, "succeeded"), (2, "succeeded")]
    assert phases(Kusion(kusion.root, environment=kusion.environment)) == phases(kusion)
    kusion.done("destroy", "-w", "dev", "--yes")
    assert phases(kusion)[-1] == (3, "succeeded")
    assert {key.split("/")[2] for key in open_store(url).list(".kusion/")} >= {"releases", "leases", "workspaces"}
    assert not (kusion.home / "backend").exists()


def test_no_credential_is_left_anywhere(kusion: Kusion, url: str) -> None:
    said = [kusion.done("apply", "-w", "dev", "--yes"), kusion("doctor"), kusion.done("config", "list")]
    assert all(SECRET not in each.out + each.err for each in said)
    store = open_store(url)
    assert all(SECRET.encode() not in (store.get(key) or b"") for key in store.list(""))
    files = [path for path in kusion.root.rglob("*") if path.is_file()]
    assert all(SECRET.encode() not in path.read_bytes() for path in files)


@pytest.mark.parametrize("command", [("apply", "-w", "dev", "--yes"), ("engine", "env")])
def test_without_a_key_nothing_is_begun(kusion: Kusion, url: str, command: tuple[str, ...]) -> None:
    kusion.environment.clear()
    assert kusion.refused(*command) == (
        f"error: {url}: a shared backend needs a key for the state\n"
        "  set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to a passphrase that everybody who uses this"
        " backend has\n"
    )
    assert open_store(url).list("") == ()
    assert not (kusion.home / "passphrase").exists()


def test_doctor_examines_a_bucket(kusion: Kusion, s3: S3) -> None:
    checks = {each["check"]: each for each in kusion("doctor", "-o", "json").document["checks"]}
    assert checks["backend"]["found"].startswith("0 stacks in s3://bucket-")
    s3.fail(answering("403 Forbidden", "ExpiredToken"), times=1000)
    checks = {each["check"]: each for each in kusion("doctor", "-o", "json").document["checks"]}
    assert not checks["backend"]["ok"]
    assert "the credentials have expired (ExpiredToken, HTTP 403)" in checks["backend"]["found"]
    assert checks["backend"]["remedy"].startswith("renew them")


@pytest.mark.parametrize(
    ("status", "code", "what"),
    [
        ("500 Internal Server Error", "InternalError", "the store failed"),
        ("429 Too Many Requests", "SlowDown", "the store is overloaded"),
        ("403 Forbidden", "ExpiredToken", "the credentials have expired"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_run_that_the_store_fails_is_told_and_the_next_one_goes_on(
    kusion: Kusion, s3: S3, status: str, code: str, what: str, method: str
) -> None:
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(SHOP.replace("replicas=2", "replicas=3"))
    s3.fail(answering(status, code), method=method, times=1000)
    result = kusion("apply", "-w", "dev", "--yes")
    assert result.code == 1
    assert f"error: s3://bucket-{result.err.partition('s3://bucket-')[2].partition('/')[0]}/team" in result.err
    assert f": {what} ({code}" in result.err
    s3.heal()
    kusion.done("apply", "-w", "dev", "--yes")
    assert phases(kusion) == [(1, "succeeded"), (2, "succeeded")]


@pytest.mark.parametrize("fault", [dropped_after, failed_after])
def test_lost_answers_change_nothing(kusion: Kusion, s3: S3, fault: object) -> None:
    for revision in (1, 2):
        for key in (f"0000000{revision}.json", "applying.json", "succeeded.json", "released.json"):
            s3.fail(fault, method="PUT", key=key)  # type: ignore[arg-type]
        kusion.stack(SHOP.replace("replicas=2", f"replicas={revision}"))
        kusion.done("apply", "-w", "dev", "--yes")
    assert phases(kusion) == [(1, "succeeded"), (2, "succeeded")]
