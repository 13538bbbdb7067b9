"""``s3://`` URLs: every parameter of Pulumi's is translated, or refused by its name; nothing is dropped.

That the places are Pulumi's is compared with the real one in tests/integration/storage.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.errors import StorageError
from kusion_dsl.storage.backend_url import BackendUrl
from kusion_dsl.storage.s3_url import PARAMETERS, S3Location
from kusion_dsl.storage.store import open_store

PLAIN = S3Location(
    bucket="bucket",
    prefix="",
    region="x",
    endpoint="",
    path_style=False,
    https=True,
    dualstack=False,
    fips=False,
    accelerate=False,
    profile="",
    role="",
    anonymous=False,
    encryption="",
    encryption_key="",
    checksums=True,
    retries=None,
)


def location(url: str, **environment: str) -> S3Location:
    return S3Location.of(BackendUrl.parse(url), environment)


MEANINGS = {
    "region": ("region=eu-central-1", replace(PLAIN, region="eu-central-1")),
    "endpoint": ("endpoint=store:9000", replace(PLAIN, endpoint="https://store:9000", checksums=False)),
    "profile": ("profile=team", replace(PLAIN, profile="team")),
    "role": ("role=arn:aws:iam::1:role/r", replace(PLAIN, role="arn:aws:iam::1:role/r")),
    "anonymous": ("anonymous=true", replace(PLAIN, anonymous=True)),
    "use_path_style": ("use_path_style=1", replace(PLAIN, path_style=True)),
    "s3ForcePathStyle": ("s3ForcePathStyle=T", replace(PLAIN, path_style=True)),
    "hostname_immutable": (
        "hostname_immutable=true&endpoint=http://a",
        replace(PLAIN, path_style=True, endpoint="http://a", checksums=False),
    ),
    "disable_https": ("disable_https=true", replace(PLAIN, https=False)),
    "disableSSL": (
        "disableSSL=true&endpoint=store",
        replace(PLAIN, https=False, endpoint="http://store", checksums=False),
    ),
    "dualstack": ("dualstack=true", replace(PLAIN, dualstack=True)),
    "fips": ("fips=true", replace(PLAIN, fips=True)),
    "accelerate": ("accelerate=true", replace(PLAIN, accelerate=True)),
    "ssetype": ("ssetype=aes256", replace(PLAIN, encryption="AES256")),
    "kmskeyid": ("kmskeyid=k&ssetype=aws:kms", replace(PLAIN, encryption="aws:kms", encryption_key="k")),
    "request_checksum_calculation": (
        "request_checksum_calculation=WHEN_REQUIRED",
        replace(PLAIN, checksums=False),
    ),
    "response_checksum_validation": ("response_checksum_validation=when_supported", PLAIN),
    "rate_limiter_capacity": ("rate_limiter_capacity=12", replace(PLAIN, retries=2)),
    "awssdk": ("awssdk=v2", PLAIN),
}


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_each_parameter_means_something(parameter: str) -> None:
    query, meaning = MEANINGS[parameter]
    assert location(f"s3://bucket?{query}", AWS_REGION="x") == meaning


@pytest.mark.parametrize(
    ("place", "bucket", "prefix"),
    [
        ("bucket", "bucket", ""),
        ("bucket/", "bucket", ""),
        ("bucket/a", "bucket", "a"),
        ("bucket//a/b/", "bucket", "a/b"),
        ("my.bucket-1/a%20b%2Fc", "my.bucket-1", "a b/c"),
    ],
)
def test_the_path_is_a_folder(place: str, bucket: str, prefix: str) -> None:
    found = location(f"s3://{place}?region=x")
    assert (found.bucket, found.prefix) == (bucket, prefix)


def test_checksums_may_be_chosen_for_an_endpoint_too() -> None:
    chosen = "s3://bucket?endpoint=a&request_checksum_calculation=when_supported"
    assert location(chosen).checksums
    assert location("s3://bucket?endpoint=a", AWS_REQUEST_CHECKSUM_CALCULATION="WHEN_SUPPORTED").checksums
    assert not location("s3://bucket", AWS_REQUEST_CHECKSUM_CALCULATION="when_required").checksums


def test_no_limit_of_retries_is_none() -> None:
    assert location("s3://bucket?rate_limiter_capacity=0").retries is None
    assert location("s3://bucket?rate_limiter_capacity=4").retries == 0


REFUSED = [
    ("s3://", "'' is no name of a bucket\n  write s3://bucket/prefix"),
    ("s3://a", "'a' is no name of a bucket"),
    ("s3://bucket:80", "'bucket:80' is no name of a bucket"),
    ("s3://key:canary@bucket", "the URL holds credentials\n  remove them: credentials come from the environment"),
    ("s3://bucket/a//b", "'a//b' cannot be stored there"),
    ("s3://bucket/../b", "'../b' cannot be stored there"),
    ("s3://bucket/100%", "a '%' begins an escape\n  write %25"),
    ("s3://bucket#a", "a '#' ends a URL"),
    ("s3://bucket?secret_key=canary", "unknown parameter 'secret_key'\n"),
    ("s3://bucket?regoin=x", "unknown parameter 'regoin'\n  did you mean 'region'?"),
    ("s3://bucket?x=", "unknown parameter 'x'\n  known are region, endpoint,"),
    ("s3://bucket?region=", "the parameter 'region' has no value\n  give it one, or remove it"),
    ("s3://bucket?region=x&region=y", "the parameter 'region' occurs twice\n  keep one of them"),
    ("s3://bucket?anonymous=yes", "the parameter 'anonymous' is neither true nor false\n  write true or false"),
    (
        "s3://bucket?use_path_style=1&s3ForcePathStyle=0",
        "'use_path_style' and 's3ForcePathStyle' mean the same and differ",
    ),
    ("s3://bucket?disable_https=1&disableSSL=0", "'disable_https' and 'disableSSL' mean the same and differ"),
    ("s3://bucket?endpoint=ftp://a", "the endpoint is no address\n  write one such as https://"),
    ("s3://bucket?endpoint=https://", "the endpoint is no address"),
    ("s3://bucket?endpoint=https://a?b=c", "the endpoint is no address"),
    ("s3://bucket?endpoint=https://a:canary@b", "the endpoint holds credentials"),
    ("s3://bucket?endpoint=http://a:99999", "the endpoint is no address"),
    ("s3://bucket?endpoint=http://a:x", "the endpoint is no address"),
    ("s3://bucket?endpoint=http://[::1", "the endpoint is no address"),
    ("s3://bucket?endpoint=http://a%20b", "the endpoint is no address"),
    ("s3://bucket?endpoint=http://a/b%0Ac", "the endpoint is no address"),
    ("s3://bucket?region=..", "'..' is no name of a region\n  write one such as eu-central-1"),
    ("s3://bucket?region=a%0Ab", "is no name of a region"),
    ("s3://bucket?kmskeyid=a%0Ab&ssetype=aws:kms", "'kmskeyid' is no name of a key"),
    ("s3://bucket?role=arn:a%20b", "'role' is no ARN"),
    ("s3://bucket?endpoint=a&dualstack=true", "'dualstack' is for AWS's own endpoints\n  remove it"),
    ("s3://bucket?endpoint=a&fips=true", "'fips' is for AWS's own endpoints"),
    ("s3://bucket?endpoint=a&accelerate=true", "'accelerate' is for AWS's own endpoints"),
    ("s3://bucket?hostname_immutable=true", "'hostname_immutable' is for an endpoint"),
    ("s3://bucket?accelerate=true&use_path_style=true", "'accelerate' needs the bucket in the host"),
    ("s3://bucket?accelerate=true&fips=true", "'accelerate' and 'fips' exclude each other"),
    ("s3://bucket?kmskeyid=k", "'kmskeyid' is for an encryption by KMS\n  add ssetype=aws:kms"),
    ("s3://bucket?kmskeyid=k&ssetype=AES256", "'kmskeyid' is for an encryption by KMS"),
    ("s3://bucket?ssetype=aws:fsx", "the parameter 'ssetype' cannot be 'aws:fsx'\n  choose from AES256, aws:kms"),
    (
        "s3://bucket?request_checksum_calculation=never",
        "cannot be 'never'\n  choose from when_supported, when_required",
    ),
    ("s3://bucket?response_checksum_validation=never", "cannot be 'never'"),
    ("s3://bucket?awssdk=v3", "the parameter 'awssdk' cannot be 'v3'"),
    ("s3://bucket?rate_limiter_capacity=many", "the parameter 'rate_limiter_capacity' is no number"),
    ("s3://bucket?role=deploy", "'role' is no ARN"),
    ("s3://bucket?anonymous=1&profile=team", "'anonymous' excludes 'profile' and 'role'"),
]


@pytest.mark.parametrize(("url", "message"), REFUSED, ids=[url for url, _ in REFUSED])
def test_what_will_not_do_is_refused_by_its_name(url: str, message: str) -> None:
    with pytest.raises(StorageError) as raised:
        open_store(url)
    assert message in str(raised.value)
    assert "canary" not in str(raised.value)
    assert str(raised.value).startswith(f"s3://{'bucket' if 'bucket' in url else ''}")


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"])
def test_what_will_not_do_in_the_environment_is_refused_too(variable: str) -> None:
    with pytest.raises(StorageError, match=rf"{variable} is no address|'a b\?' is no name of a region") as raised:
        location("s3://bucket", **{variable: "a b?"})
    assert raised.value.problems[0].hint


@given(st.text(max_size=30))
def test_a_parameter_is_understood_or_refused(text: str) -> None:
    try:
        open_store(f"s3://bucket?region=x&{text}")
    except StorageError as error:
        assert error.problems[0].hint


def test_opening_asks_nobody_and_a_directory_imports_nothing_of_it(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from kusion_dsl.storage.store import open_store\n"
        "open_store('file:///a')\n"
        "print([name for name in ('obstore', 'boto3', 'kusion_dsl.storage.s3') if name in sys.modules])\n"
        "open_store('s3://bucket')\n"
        "print([name for name in ('obstore', 'boto3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n['obstore']\n"
