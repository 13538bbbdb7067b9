"""An S3 that fails: a clear error, nothing lost, nothing done twice, and the next run goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from kusion_dsl.errors import DamagedError, StorageError
from kusion_dsl.model.identity import Actor, StackRef
from kusion_dsl.storage.leases import Leases
from kusion_dsl.storage.store import Store, open_store
from kusion_dsl.storage.workspaces import Workspaces
from tests.stores.contract import KEY
from tests.stores.s3 import (
    S3,
    Fault,
    answering,
    dropped_after,
    dropped_before,
    failed_after,
    halved,
    truncated,
    unconditional,
)

DEV = StackRef("shop", "dev", "default")

USES: dict[str, Callable[[Store], object]] = {
    "get": lambda store: store.get(KEY),
    "put": lambda store: store.put(KEY, b"new"),
    "put_new": lambda store: store.put_new(f"{KEY}.new", b"new"),
    "list": lambda store: store.list(".kusion/"),
    "delete": lambda store: store.delete(KEY),
}
PASSING: dict[str, Fault] = {
    "500": answering("500 Internal Server Error", "InternalError"),
    "503": answering("503 Slow Down", "SlowDown"),
    "429": answering("429 Too Many Requests", "TooManyRequests"),
    "400 timeout": answering("400 Bad Request", "RequestTimeout"),
    "dropped": dropped_before,
}


@pytest.fixture
def url(s3: S3) -> str:
    """An empty folder, on a store that is asked at most three times."""
    return s3.url(f"{s3.bucket()}/folder") + "&rate_limiter_capacity=10"


@pytest.fixture
def store(url: str) -> Store:
    """The folder with one object in it; nothing was asked of it yet by this store."""
    open_store(url).put_new(KEY, b"old")
    return open_store(url)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_fails_once_is_done_after_all(s3: S3, store: Store, use: Callable[[Store], object], fault: Fault) -> None:
    s3.fail(fault, times=2)
    assert use(store) in (b"old", None, True, (KEY,))


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("500", "the store failed (InternalError, HTTP 500)\n  run again later"),
        ("503", "the store is overloaded (SlowDown, HTTP 503)\n  run again later"),
        ("429", "the store is overloaded (TooManyRequests, HTTP 429)\n  run again later"),
        ("dropped", "the connection broke\n  check the connection"),
    ],
)
def test_what_goes_on_failing_is_told_and_the_next_run_goes_on(
    s3: S3, store: Store, use: Callable[[Store], object], fault: str, message: str
) -> None:
    s3.seen.clear()
    s3.fail(PASSING[fault], times=1000)
    with pytest.raises(StorageError) as raised:
        use(store)
    assert message in str(raised.value)
    assert str(raised.value).startswith("s3://bucket-")
    assert len(s3.seen) == 3
    s3.heal()
    assert store.list("") == (KEY,)
    assert store.get(KEY) == b"old"
    assert use(store) in (b"old", None, True, (KEY,))


@pytest.mark.parametrize("fault", [dropped_after, failed_after])
@pytest.mark.parametrize("times", [1, 2])
def test_a_creation_whose_answer_was_lost_is_ours(s3: S3, store: Store, fault: Fault, times: int) -> None:
    s3.fail(fault, method="PUT", key="/a", times=times)
    assert store.put_new("a", b"ours") is True
    assert store.put_new("a", b"ours") is False
    assert store.get("a") == b"ours"


def test_a_creation_whose_answer_never_came_is_told_and_may_have_been_done(s3: S3, store: Store) -> None:
    s3.fail(dropped_after, method="PUT", key="/a", times=1000)
    with pytest.raises(StorageError, match="cannot be written: the connection broke"):
        store.put_new("a", b"ours")
    s3.heal()
    assert store.get("a") == b"ours"


def test_a_creation_that_was_lost_before_it_was_done_is_whoever_is_first(s3: S3, store: Store, url: str) -> None:
    store.put_new("b", b"")

    def overtaken(exchange: object) -> list[bytes]:
        assert open_store(url).put_new("a", b"theirs")
        return list(dropped_before(exchange))  # type: ignore[arg-type]

    s3.fail(overtaken, method="PUT", key="/a")
    assert store.put_new("a", b"theirs") is False


def test_a_creation_that_was_refused_though_nothing_is_there_is_tried_again(s3: S3, store: Store) -> None:
    """S3 may answer 409 where two write at one moment, though the other one does not succeed either."""
    s3.fail(answering("409 Conflict", "ConditionalRequestConflict"), method="PUT", key="/a", times=2)
    assert store.put_new("a", b"ours") is True
    s3.fail(answering("409 Conflict", "ConditionalRequestConflict"), method="PUT", key="/b", times=1000)
    with pytest.raises(StorageError, match="somebody else writes it at the same moment"):
        store.put_new("b", b"ours")
    assert store.list("") == (KEY, "a")


@pytest.mark.parametrize("fault", [dropped_after, dropped_before, failed_after])
def test_exactly_one_creates_a_key_whatever_gets_lost(s3: S3, url: str, fault: Fault) -> None:
    threads, rounds = 6, 5
    for turn in range(rounds):
        s3.fail(fault, method="PUT", key=f"/{turn:08}.json", times=2)
    meeting = threading.Barrier(threads)

    def run(number: int) -> list[bool]:
        store, won = open_store(url), []
        for turn in range(rounds):
            meeting.wait()
            won.append(store.put_new(f"{turn:08}.json", b"%d" % number))
        return won

    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(run, range(threads)))
    for turn in range(rounds):
        [winner] = [number for number in range(threads) if results[number][turn]]
        assert open_store(url).get(f"{turn:08}.json") == b"%d" % winner


@pytest.mark.parametrize("fault", [truncated, halved])
def test_an_answer_that_was_cut_short_is_asked_for_again(s3: S3, store: Store, fault: Fault) -> None:
    store.put("large", bytes(range(256)) * 4000)
    s3.fail(fault, method="GET", key="/large")
    assert store.get("large") == bytes(range(256)) * 4000


def test_an_answer_that_is_always_cut_short_is_told(s3: S3, store: Store) -> None:
    store.put("large", bytes(100_000))
    s3.fail(truncated, method="GET", times=1000)
    with pytest.raises(StorageError, match=r"/large: cannot be read: the answer was cut short"):
        store.get("large")
    s3.heal()
    s3.fail(halved, method="GET", times=1000)
    with pytest.raises(DamagedError, match=r"/large: this is not what was written there"):
        store.get("large")
    s3.heal()
    assert store.get("large") == bytes(100_000)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        ("403 Forbidden", "AccessDenied", "access is denied (AccessDenied, HTTP 403)\n  let these credentials do s3:"),
        ("400 Bad Request", "ExpiredToken", "the credentials have expired (ExpiredToken, HTTP 400)\n  renew them"),
        ("403 Forbidden", "ExpiredToken", "the credentials have expired (ExpiredToken, HTTP 403)\n  renew them"),
        ("403 Forbidden", "InvalidAccessKeyId", "the access key is not known there"),
        ("403 Forbidden", "SignatureDoesNotMatch", "the secret access key is not the one of its access key"),
        ("403 Forbidden", "RequestTimeTooSkewed", "the clock of this host is wrong"),
        ("404 Not Found", "NoSuchBucket", "there is no such bucket (NoSuchBucket, HTTP 404)\n  create it"),
        ("301 Moved Permanently", "PermanentRedirect", "the bucket is in another region"),
    ],
)
def test_what_will_not_pass_is_told_at_once_and_shows_no_secret(
    s3: S3, store: Store, use: Callable[[Store], object], status: str, code: str, message: str
) -> None:
    s3.seen.clear()
    secrets = "<Token-0>canary-token</Token-0><StringToSign>canary-string</StringToSign>"
    s3.fail(answering(status, code, secrets), times=1000)
    with pytest.raises(StorageError) as raised:
        use(store)
    assert message in str(raised.value)
    assert "canary" not in str(raised.value)
    assert len(s3.seen) == 1
    s3.heal()
    assert store.get(KEY) == b"old"


def test_no_bucket_is_not_an_empty_one(s3: S3) -> None:
    store = open_store(s3.url("no-such-bucket"))
    for use in USES.values():
        with pytest.raises(StorageError, match="there is no such bucket"):
            use(store)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.usefixtures("s3")
def test_a_store_that_is_not_there_is_told(use: Callable[[Store], object]) -> None:
    url = "s3://bucket?region=x&endpoint=http://127.0.0.1:9&use_path_style=true&rate_limiter_capacity=5"
    with pytest.raises(StorageError, match="the store cannot be reached\n  check the connection and the URL"):
        use(open_store(url))


def test_a_store_that_does_not_know_the_condition_is_refused(s3: S3, url: str) -> None:
    store = open_store(url)
    store.put("a", b"theirs")
    s3.fail(unconditional, method="PUT", times=1000)
    with pytest.raises(
        StorageError, match="two runs cannot be kept apart\n  choose a store that honours If-None-Match"
    ):
        store.put_new("a", b"ours")
    assert store.get("a") == b"theirs"
    assert store.list("") == ("a",)


def test_a_lease_outlives_trouble(s3: S3, url: str) -> None:
    leases = Leases(open_store(url))
    s3.fail(dropped_after, times=2)
    with leases.acquire(DEV, Actor("ada", "workstation", 1), "kusion apply") as lease:
        s3.fail(PASSING["500"], times=2)
        lease.renew()
        s3.fail(dropped_after, method="PUT")
        lease.renew()
        assert not lease.lost
    assert leases.holder(DEV) is None


def test_a_workspace_whose_answer_was_lost_is_stored_once(s3: S3, url: str) -> None:
    workspaces = Workspaces(open_store(url))
    s3.fail(dropped_after, method="PUT", key=".yaml")
    assert workspaces.create("prod", "a: 1\n") == 1
    s3.fail(failed_after, method="PUT", key=".yaml")
    assert workspaces.update("prod", "a: 2\n") == 2
    assert workspaces.get("prod") == ("a: 2\n", 2)
