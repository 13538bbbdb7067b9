"""What an S3 is asked for: the parameters of a URL that are headers, and how many requests a thing takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from kusion_dsl.errors import StorageError
from kusion_dsl.storage.store import open_store
from tests.stores.certificates import private_authority
from tests.stores.s3 import S3, running_s3

BEGIN = "-----BEGIN CERTIFICATE-----"


@pytest.fixture
def url(s3: S3) -> str:
    return s3.url(s3.bucket())


@pytest.mark.parametrize("new", [False, True], ids=["put", "put_new"])
@pytest.mark.parametrize(
    ("parameters", "headers"),
    [
        ("", {"x-amz-server-side-encryption": None, "x-amz-checksum-sha256": None}),
        ("&ssetype=AES256", {"x-amz-server-side-encryption": "AES256"}),
        (
            "&ssetype=aws:kms&kmskeyid=a-key",
            {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "a-key"},
        ),
        ("&ssetype=aws:kms:dsse", {"x-amz-server-side-encryption": "aws:kms:dsse"}),
        (
            "&request_checksum_calculation=when_supported",
            {"x-amz-checksum-sha256": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="},
        ),
        ("&request_checksum_calculation=when_required", {"x-amz-checksum-sha256": None}),
    ],
)
def test_parameters_that_are_headers(
    s3: S3, url: str, parameters: str, headers: dict[str, str | None], new: bool
) -> None:
    store = open_store(url + parameters)
    if new:
        store.put_new("a", b"hello")
    else:
        store.put("a", b"hello")
    [asked] = [each for each in s3.seen if each.key.endswith("/a")]
    assert {name: asked.headers.get(name) for name in headers} == headers
    assert store.get("a") == b"hello"


def test_each_operation_takes_one_request(s3: S3, url: str) -> None:
    open_store(url).put_new("first", b"")
    store = open_store(url)
    store.put_new("second", b"")  # the first creation of a process looks whether creation is exclusive
    s3.seen.clear()
    for number in range(3):
        store.put_new(f"k/{number}", b"")
    store.put("k/0", b"")
    store.get("k/0")
    store.list("k/")
    store.delete("k/0")
    asked = [(each.method, each.key.partition("/")[2]) for each in s3.seen]
    puts = [("PUT", "k/0"), ("PUT", "k/1"), ("PUT", "k/2"), ("PUT", "k/0")]
    assert asked == [*puts, ("GET", "k/0"), ("GET", ""), ("DELETE", "k/0")]


def test_looking_whether_creation_is_exclusive_takes_two_requests_of_a_process(s3: S3, url: str) -> None:
    counts = []
    for process in range(3):
        s3.seen.clear()
        store = open_store(url)
        store.get("a")
        store.put_new(f"{process}", b"")
        counts.append(len(s3.seen))
    assert counts == [5, 4, 4]  # refused, and seen to be another's; created before that at the very first one


def test_a_thousand_keys_are_listed_by_one_request(s3: S3, url: str) -> None:
    store = open_store(url)
    for number in range(1001):
        store.put(f"k/{number:04}", b"")
    s3.seen.clear()
    assert len(store.list("k/")) == 1001
    assert len(s3.seen) == 2


def test_a_store_with_a_private_authority_is_trusted_where_it_is_named(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, tls = private_authority(tmp_path)
    with running_s3(tls) as private:
        place = f"s3://bucket?region=x&endpoint=https://127.0.0.1:{private.port}&use_path_style=true"
        url = f"{place}&rate_limiter_capacity=5"
        with pytest.raises(StorageError, match="the store cannot be reached"):
            open_store(url).get("a")
        monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
        with pytest.raises(StorageError, match="there is no such bucket"):
            open_store(url).get("a")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "the certificates cannot be read: no such file"),
        ("", "there is no certificate in this file"),
        (f"{BEGIN}\nAAAA\n-----END CERTIFICATE-----\n", "there is no certificate in this file"),
    ],
)
def test_an_authority_that_is_none_is_told(
    s3: S3, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, message: str
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    with pytest.raises(StorageError, match=message) as raised:
        open_store(url).get("a")
    assert raised.value.problems[0].where == str(bundle)
