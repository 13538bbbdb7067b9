"""The object store, on a bucket in memory: the contract, and what it makes of failures and of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from obstore.exceptions import GenericError
from obstore.store import MemoryStore

from kusion_dsl.errors import DamagedError, StorageError
from kusion_dsl.storage.failure import Advice
from kusion_dsl.storage.leases import TIME_TO_LIVE
from kusion_dsl.storage.object_store import PATIENCE, PAUSES, ObjectStore
from kusion_dsl.storage.store import Store
from tests.stores.contract import KEY, StoreContract

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Bucket

ADVICE = {
    "NoBucket": Advice("there is no bucket", "make one"),
    "Wait": Advice("it is busy", "run again", passing=True),
}


class Clock:
    """Time that passes only while something sleeps, and ``request`` seconds before each look at it."""

    def __init__(self, request: float = 0.0) -> None:
        self.slept: list[float] = []
        self.time = 0.0
        self._request = request

    def monotonic(self) -> float:
        self.time += self._request
        return self.time

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


def store_in(open_bucket: Callable[[], Bucket], clock: Clock | None = None) -> ObjectStore:
    return ObjectStore(open_bucket, "s3://bucket/x?region=y", "s3://bucket/x", ADVICE, clock or Clock())


def failing(*texts: str) -> Callable[[], Bucket]:
    """A bucket that can be used once all these errors were raised."""
    left = list(texts)
    bucket = MemoryStore()

    def open_bucket() -> Bucket:
        if left:
            raise GenericError(left.pop(0))
        return bucket

    return open_bucket


def status(code: int, name: str = "Whatever") -> str:
    """What obstore says of an answer."""
    body = f"<Error><Code>{name}</Code><Message>no</Message><Token-0>canary-token</Token-0></Error>"
    return f"Error performing GET http://h/b in 2ms - Server returned non-2xx status code: {code} Reason: {body}"


def transport(kind: str) -> str:
    """What obstore says of a connection."""
    return f"Error performing GET http://h/b in 2ms - HTTP error: no\n inner: Http(\n HttpError {{\n  kind: {kind},\n"


class TestMemory(StoreContract):
    @pytest.fixture
    def opened(self) -> Callable[[], Store]:
        bucket = MemoryStore()
        return lambda: store_in(lambda: bucket)


USES: list[Callable[[Store], object]] = [
    lambda store: store.get(KEY),
    lambda store: store.put(KEY, b""),
    lambda store: store.put_new(KEY, b""),
    lambda store: store.list(".kusion/"),
    lambda store: store.delete(KEY),
]

PASSING = [
    *(status(code) for code in (408, 409, 429, 500, 502, 503, 504)),
    status(400, "Wait"),
    *(transport(kind) for kind in ("Connect", "Request", "Timeout", "Decode", "Interrupted")),
    transport("Interrupted") + "  source: hyper::Error(Body, Custom { error: IncompleteBody })",
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("text", PASSING)
def test_what_passes_is_waited_for(use: Callable[[Store], object], text: str) -> None:
    clock = Clock()
    use(store_in(failing(text, text, text), clock))
    assert len(clock.slept) == 3


@pytest.mark.parametrize("use", USES)
def test_waiting_grows_and_has_an_end(use: Callable[[Store], object]) -> None:
    clock = Clock()
    with pytest.raises(StorageError, match="overloaded"):
        use(store_in(failing(*[status(503)] * 100), clock))
    assert len(clock.slept) == len(PAUSES)
    assert all(pause / 2 <= slept <= pause for pause, slept in zip(PAUSES, clock.slept, strict=True))
    assert sum(PAUSES) < 10


def test_slow_failures_are_not_repeated_for_long() -> None:
    clock = Clock(request=4.0)
    with pytest.raises(StorageError, match="did not answer in time"):
        store_in(failing(*[transport("Timeout")] * 100), clock).get(KEY)
    assert PATIENCE < clock.time < PATIENCE + 10
    assert PATIENCE == TIME_TO_LIVE / 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (status(401), "the credentials are not accepted (Whatever, HTTP 401)\n  correct or renew them, then run again"),
        (
            status(403),
            "access is denied (Whatever, HTTP 403)\n  let these credentials read, write, delete and list there",
        ),
        (status(404, "NoBucket"), "there is no bucket (NoBucket, HTTP 404)\n  make one"),
        (status(501), "the store cannot do this (Whatever, HTTP 501)\n  choose another backend"),
        (
            status(400),
            "the store cannot be used (Whatever, HTTP 400)\n  check the URL and the credentials, then run again",
        ),
        ("something unheard of: canary-token", "the store cannot be used\n  check the URL and the credentials"),
    ],
)
@pytest.mark.parametrize("use", USES)
def test_what_does_not_pass_is_told_at_once(use: Callable[[Store], object], text: str, message: str) -> None:
    clock = Clock()
    with pytest.raises(StorageError) as raised:
        use(store_in(failing(text), clock))
    assert clock.slept == []
    assert message in str(raised.value)
    assert str(raised.value).startswith("s3://bucket/x/.kusion/")
    assert "canary" not in str(raised.value)


def test_a_bucket_is_opened_when_it_is_used_and_then_once() -> None:
    opened: list[Bucket] = []

    def open_bucket() -> Bucket:
        opened.append(MemoryStore())
        return opened[-1]

    store = store_in(open_bucket)
    assert (store.url, store.place("a")) == ("s3://bucket/x?region=y", "s3://bucket/x/a")
    assert opened == []
    store.put("a", b"x")
    assert store.get("a") == b"x"
    assert len(opened) == 1


def written(bucket: MemoryStore) -> Iterable[str]:
    return [meta["path"] for page in bucket.list() for meta in page]


def test_whether_creation_is_exclusive_is_seen_once() -> None:
    bucket = MemoryStore()
    store = store_in(lambda: bucket)
    store.put("a", b"")
    assert written(bucket) == ["a"]
    store.put_new("b", b"")
    [probe] = set(written(bucket)) - {"a", "b"}
    assert probe.startswith(".kusion/")
    assert store.list("") == ("a", "b")
    assert store.list(".kusion/") == ()


def test_content_that_was_altered_is_told() -> None:
    bucket = MemoryStore()
    clock = Clock()
    store = store_in(lambda: bucket, clock)
    store.put(KEY, b"what was written")
    kept = bucket.get(KEY).attributes
    bucket.put(KEY, b"something else", attributes=kept)
    with pytest.raises(DamagedError, match="this is not what was written there") as raised:
        store.get(KEY)
    assert raised.value.problems[0].where == f"s3://bucket/x/{KEY}"
    assert len(clock.slept) == 1


def test_what_others_wrote_is_read_as_it_is() -> None:
    bucket = MemoryStore()
    bucket.put(".pulumi/meta.yaml", b"version: 1\n")
    assert store_in(lambda: bucket).get(".pulumi/meta.yaml") == b"version: 1\n"
