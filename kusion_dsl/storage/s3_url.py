"""``s3://`` URLs, read as Pulumi reads them: every parameter is translated, or refused by its name.

Sources: gocloud.dev/blob/s3blob (``URLOpener``), gocloud.dev/aws (``V2ConfigFromURLParams``) and
pulumi/pkg/backend/diy (``translateLegacyS3Params``); which host each of them comes to was seen at the CLI 3.259
itself, and a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from kusion_dsl.errors import StorageError, did_you_mean
from kusion_dsl.storage.backend_url import BackendUrl
from kusion_dsl.storage.keys import segments

PARAMETERS = {
    "region": "the region of the bucket; else AWS_REGION, AWS_DEFAULT_REGION, or the profile's",
    "endpoint": "the address of a store that is not AWS's; without a scheme it is https",
    "profile": "the profile of the AWS configuration files that has the credentials",
    "role": "the ARN of a role to assume",
    "anonymous": "whether requests are not signed",
    "use_path_style": "whether the bucket stands in the path, and not in the host",
    "s3ForcePathStyle": "the same, by its older name",
    "hostname_immutable": "whether the endpoint's host is taken as it is; the bucket then stands in the path",
    "disable_https": "whether the connection is not encrypted",
    "disableSSL": "the same, by its older name",
    "dualstack": "whether AWS's endpoint for IPv4 and IPv6 is used",
    "fips": "whether AWS's FIPS 140 endpoint is used",
    "accelerate": "whether S3 Transfer Acceleration is used",
    "ssetype": "the encryption on the server: AES256, aws:kms or aws:kms:dsse",
    "kmskeyid": "the KMS key of that encryption",
    "request_checksum_calculation": "when_supported (the default without an endpoint) sends a SHA-256 with each object",
    "response_checksum_validation": "when_supported or when_required; what we wrote is validated in either case",
    "rate_limiter_capacity": "the tokens for retries, of which each costs 5",
    "awssdk": "v2, or v1; there is no choice any more",
}
"""Every parameter that Pulumi knows, and what it means here."""

_ALIASES = (("use_path_style", "s3ForcePathStyle"), ("disable_https", "disableSSL"))
_CHOICES = {
    "ssetype": ("AES256", "aws:kms", "aws:kms:dsse"),
    "request_checksum_calculation": ("when_supported", "when_required"),
    "response_checksum_validation": ("when_supported", "when_required"),
    "awssdk": ("v1", "v2"),
}
_TRUE, _FALSE = ("1", "t", "T", "true", "TRUE", "True"), ("0", "f", "F", "false", "FALSE", "False")  # strconv.ParseBool
_AMAZON = ("dualstack", "fips", "accelerate")
"""Parameters that choose between AWS's own endpoints."""
_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")
_REGION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_WORD = re.compile(r"[!-~]*")
_ADDRESS = re.compile(
    r"https?://([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?(/[A-Za-z0-9._~/-]*)?"
)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_DOTTED_HOST = re.compile(rf"{_HOST_LABEL.pattern}(\.{_HOST_LABEL.pattern})*")
_CHINA = "cn-"


@dataclass(frozen=True)
class S3Location:
    """Where a bucket is, and how it is spoken to. ``region`` is empty where only the profile can tell it.

    - ``prefix``: the folder in the bucket, without a slash at either end; empty for the bucket itself
    - ``endpoint``: a URL that takes the place of AWS's; ``immutable`` if its host must stay as it is
    - ``path_style``: whether the bucket must stand in the path
    - ``retries``: at most how often a request is repeated; None for as often as we think good
    """

    bucket: str
    prefix: str
    region: str
    endpoint: str
    path_style: bool
    https: bool
    dualstack: bool
    fips: bool
    accelerate: bool
    profile: str
    role: str
    anonymous: bool
    encryption: str
    encryption_key: str
    checksums: bool
    retries: int | None

    @classmethod
    def of(cls, url: BackendUrl, environment: Mapping[str, str]) -> S3Location:
        """Read a URL, with the defaults that the environment has for it. Raises StorageError."""
        bucket, prefix = _place(url)
        given = _Given(url)
        named = given.endpoint()
        endpoint = named or _environment_endpoint(environment)
        default_checksums = environment.get("AWS_REQUEST_CHECKSUM_CALCULATION", "").lower() or (
            "when_required" if named else "when_supported"
        )
        location = cls(
            bucket=bucket,
            prefix=prefix,
            region=given.region(environment),
            endpoint=endpoint,
            path_style=given.flag("use_path_style") or given.flag("hostname_immutable"),
            https=not given.flag("disable_https"),
            dualstack=given.flag("dualstack", environment.get("AWS_USE_DUALSTACK_ENDPOINT", "")),
            fips=given.flag("fips", environment.get("AWS_USE_FIPS_ENDPOINT", "")),
            accelerate=given.flag("accelerate"),
            profile=given.text("profile"),
            role=given.text("role"),
            anonymous=given.flag("anonymous"),
            encryption=given.text("ssetype"),
            encryption_key=given.text("kmskeyid"),
            checksums=(given.text("request_checksum_calculation") or default_checksums) == "when_supported",
            retries=given.retries(),
        )
        given.check(location)
        return location

    def address(self, region: str) -> tuple[str, bool]:
        """The URL that the bucket is spoken to at, and whether its name stands in the host there, or else follows."""
        if self.endpoint:
            scheme, _, host = self.endpoint.rstrip("/").partition("://")
            scheme = scheme if self.https else "http"
            in_host = not self.path_style and self._can_be_host(dots=scheme == "http")
        else:
            scheme, host = "https" if self.https else "http", self._amazon(region)
            in_host = not self.path_style and self._can_be_host(dots=False)
        return f"{scheme}://{self.bucket}.{host}" if in_host else f"{scheme}://{host}", in_host

    def _amazon(self, region: str) -> str:
        stack = ".dualstack" if self.dualstack else ""
        if self.accelerate:
            return f"s3-accelerate{stack}.amazonaws.com"
        domain = "amazonaws.com.cn" if region.startswith(_CHINA) else "amazonaws.com"
        return f"s3{'-fips' if self.fips else ''}{stack}.{region}.{domain}"

    def _can_be_host(self, *, dots: bool) -> bool:
        """Whether the bucket's name can stand before a host: with dots no certificate would fit."""
        return len(self.bucket) <= 63 and bool((_DOTTED_HOST if dots else _HOST_LABEL).fullmatch(self.bucket))


def _place(url: BackendUrl) -> tuple[str, str]:
    bucket, _, path = url.location.partition("/")
    if "@" in bucket:
        raise StorageError("the URL holds credentials", where=url.shown, hint=_CREDENTIALS)
    if _BROKEN_ESCAPE.search(path):
        raise StorageError("a '%' begins an escape", where=url.shown, hint="write %25 for one in a path")
    if not _BUCKET.fullmatch(bucket):
        raise StorageError(f"'{bucket}' is no name of a bucket", where=url.shown, hint="write s3://bucket/prefix")
    prefix = unquote(path.lstrip("/")).removesuffix("/")
    return bucket, "/".join(segments(prefix, url.shown)) if prefix else ""


class _Given:
    """The parameters of a URL. What is wrong with one raises StorageError, which shows no value but that of a choice."""

    def __init__(self, url: BackendUrl) -> None:
        self._where = url.shown
        self._values: dict[str, str] = {}
        for name, value in url.parameters:
            if name not in PARAMETERS:
                raise self._wrong(f"unknown parameter '{name}'", did_you_mean(name, PARAMETERS) or _known())
            if not value:
                raise self._wrong(f"the parameter '{name}' has no value", "give it one, or remove it")
            if name in self._values:
                raise self._wrong(f"the parameter '{name}' occurs twice", "keep one of them")
            self._values[name] = value
        for name, older in _ALIASES:
            if older in self._values and self._values.setdefault(name, self._values[older]) != self._values[older]:
                raise self._wrong(f"'{name}' and '{older}' mean the same and differ", "keep one of them")

    def text(self, name: str) -> str:
        """A value, empty if there is none; in the spelling that the service has for it if there is a choice."""
        value, choices = self._values.get(name, ""), _CHOICES.get(name)
        if not value or choices is None:
            return value
        for choice in choices:
            if choice.lower() == value.lower():
                return choice
        raise self._wrong(f"the parameter '{name}' cannot be '{value}'", f"choose from {', '.join(choices)}")

    def flag(self, name: str, default: str = "") -> bool:
        """A value as Go's strconv.ParseBool reads it."""
        value = self._values.get(name)
        if value is None:
            return default.lower() == "true"
        if value not in _TRUE + _FALSE:
            raise self._wrong(f"the parameter '{name}' is neither true nor false", "write true or false")
        return value in _TRUE

    def endpoint(self) -> str:
        """The endpoint with its scheme, empty if there is none."""
        value = self._values.get("endpoint", "")
        if not value:
            return ""
        value = value if "://" in value else f"{'http' if self.flag('disable_https') else 'https'}://{value}"
        return _address(value, "the endpoint", self._where)

    def region(self, environment: Mapping[str, str]) -> str:
        """The region of the URL, else of the environment; empty if neither has one."""
        found = self.text("region") or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or ""
        return checked_region(found, self._where) if found else ""

    def retries(self) -> int | None:
        """How many retries the tokens of a bucket that large pay for (aws-sdk-go-v2/aws/ratelimit: 5 for each)."""
        value = self._values.get("rate_limiter_capacity", "0")
        if not value.isdecimal() or not value.isascii():
            raise self._wrong("the parameter 'rate_limiter_capacity' is no number", "write a whole number")
        return int(value) // 5 if int(value) else None

    def check(self, location: S3Location) -> None:
        """Refuse what contradicts itself, or would mean nothing."""
        for name in _CHOICES:
            self.text(name)
        named = "endpoint" in self._values
        rules: list[tuple[bool, str, str]] = [
            *((named and self.flag(name), f"'{name}' is for AWS's own endpoints", "remove it") for name in _AMAZON),
            (location.accelerate and bool(location.endpoint), "'accelerate' is for AWS's own endpoints", "choose one"),
            (self.flag("hostname_immutable") and not named, "'hostname_immutable' is for an endpoint", "remove it"),
            (location.accelerate and location.path_style, "'accelerate' needs the bucket in the host", "choose one"),
            (location.accelerate and location.fips, "'accelerate' and 'fips' exclude each other", "choose one"),
            (
                bool(location.encryption_key) and not location.encryption.startswith("aws:kms"),
                "'kmskeyid' is for an encryption by KMS",
                "add ssetype=aws:kms, or remove it",
            ),
            (
                not _WORD.fullmatch(location.encryption_key),
                "'kmskeyid' is no name of a key",
                "write its id, its alias or its ARN",
            ),
            (
                bool(location.role) and not (location.role.startswith("arn:") and _WORD.fullmatch(location.role)),
                "'role' is no ARN",
                "write one such as arn:aws:iam::123456789012:role/deploy",
            ),
            (
                location.anonymous and bool(location.profile or location.role),
                "'anonymous' excludes 'profile' and 'role'",
                "choose one",
            ),
        ]
        for wrong, what, hint in rules:
            if wrong:
                raise self._wrong(what, hint)

    def _wrong(self, what: str, hint: str) -> StorageError:
        return StorageError(what, where=self._where, hint=hint)


def checked_region(region: str, where: str) -> str:
    """``region``, if it can be one. Raises StorageError for the backend ``where``."""
    if not _REGION.fullmatch(region):
        raise StorageError(f"'{region}' is no name of a region", where=where, hint="write one such as eu-central-1")
    return region


def _environment_endpoint(environment: Mapping[str, str]) -> str:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        if environment.get(name):
            return _address(environment[name], name, "the environment")
    return ""


def _address(url: str, what: str, where: str) -> str:
    """A URL that has a host, and what may follow one; anything else the client could not go on with."""
    match = _ADDRESS.fullmatch(url)
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise StorageError(f"{what} holds credentials", where=where, hint=_CREDENTIALS)
    if match is None or int(match["port"] or 0) > 65535:
        raise StorageError(f"{what} is no address", where=where, hint="write one such as https://s3.example.com:9000")
    return url


_CREDENTIALS = "remove them: credentials come from the environment, or from a profile"


def _known() -> str:
    return f"known are {', '.join(PARAMETERS)}"
