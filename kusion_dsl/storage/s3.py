"""Buckets of S3 and of what speaks like it: opened from a location, with the credentials that AWS's tools would use."""

from __future__ import annotations

import os
import ssl
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from obstore.store import S3Store

from kusion_dsl.errors import StorageError
from kusion_dsl.storage.backend_url import BackendUrl
from kusion_dsl.storage.failure import Advice
from kusion_dsl.storage.object_store import PAUSES, ObjectStore
from kusion_dsl.storage.s3_access import Access
from kusion_dsl.storage.s3_url import S3Location

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

_CONNECT_SECONDS, _ANSWER_SECONDS, _REQUEST_SECONDS = 5, 30, 300

_RENEW = "renew them (for a profile of AWS's single sign-on: `aws sso login`), then run again"
_CORRECT = "correct them, then run again"
_REGION = "correct the parameter 'region'"
_BUSY = Advice("the store is overloaded", "run again later", passing=True)
_KMS = Advice("the KMS key cannot be used", "let these credentials use the key, or correct the parameter 'kmskeyid'")
_ADVICE = {  # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
    "AccessDenied": Advice(
        "access is denied",
        "let these credentials do s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket there",
    ),
    "AuthorizationHeaderMalformed": Advice("the bucket is in another region", _REGION),
    "ConditionalRequestConflict": Advice("somebody else writes it at the same moment", "run again", passing=True),
    "ExpiredToken": Advice("the credentials have expired", _RENEW),
    "ExpiredTokenException": Advice("the credentials have expired", _RENEW),
    "InvalidAccessKeyId": Advice("the access key is not known there", _CORRECT),
    "InvalidToken": Advice("the session token is not accepted", _RENEW),
    "KMS.DisabledException": _KMS,
    "KMS.InvalidStateException": _KMS,
    "KMS.NotFoundException": _KMS,
    "NoSuchBucket": Advice("there is no such bucket", "create it, or correct the URL"),
    "NotImplemented": Advice("the store cannot do this", "choose a store that honours If-None-Match"),
    "OperationAborted": Advice("somebody else changes the bucket", "run again later", passing=True),
    "PermanentRedirect": Advice("the bucket is in another region", _REGION),
    "RequestTimeTooSkewed": Advice("the clock of this host is wrong", "set it, then run again"),
    "RequestTimeout": Advice("the store waited too long for us", "check the connection, then run again", passing=True),
    "SignatureDoesNotMatch": Advice("the secret access key is not the one of its access key", _CORRECT),
    "SlowDown": _BUSY,
    "TokenRefreshRequired": Advice("the credentials have expired", _RENEW),
}


def open_s3(url: str, backend: BackendUrl) -> ObjectStore:
    """The store behind an ``s3://`` URL. Nothing is asked of it yet. Raises StorageError for a URL that is wrong."""
    location = S3Location.of(backend, os.environ)
    pauses = PAUSES if location.retries is None else PAUSES[: location.retries]
    return ObjectStore(lambda: _bucket(location, backend.shown), url, backend.shown, _ADVICE, pauses=pauses)


def _bucket(location: S3Location, shown: str) -> S3Store:
    """The bucket, or the folder in it. Raises StorageError if there are no credentials, or nobody knows the region."""
    access = Access.of(location, shown)
    address, in_host = location.address(access.region)
    config: S3Config = {
        "aws_endpoint_url_s3": address,
        "endpoint": address,
        "region": access.region,
        "virtual_hosted_style_request": in_host,
        "skip_signature": location.anonymous,
        "conditional_put": "etag",
        "disable_bulk_delete": True,  # not every store that speaks like S3 has it
    }
    if location.encryption:
        config["server_side_encryption"] = location.encryption
    if location.encryption_key:
        config["sse_kms_key_id"] = location.encryption_key
    if location.checksums:
        config["checksum_algorithm"] = "sha256"
    client: ClientConfig = {
        "allow_http": address.startswith("http://"),
        "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
        "read_timeout": timedelta(seconds=_ANSWER_SECONDS),
        "timeout": timedelta(seconds=_REQUEST_SECONDS),
    }
    bundle = os.environ.get("AWS_CA_BUNDLE", "")
    if bundle:
        client["root_certificate"] = _certificates(bundle)
    return S3Store(
        location.bucket,
        prefix=location.prefix or None,
        config=config,
        client_options=client,
        retry_config={"max_retries": 0},  # the store above repeats, and knows what it repeats
        credential_provider=access.credentials,
    )


def _certificates(bundle: str) -> bytes:
    """The authorities that AWS's tools trust besides those of the system. Raises StorageError."""
    hint = "correct AWS_CA_BUNDLE, or unset it"
    try:
        content = Path(bundle).read_bytes()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise StorageError(f"the certificates cannot be read: {reason.lower()}", where=bundle, hint=hint) from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content.decode("ascii"))
    except (ssl.SSLError, ValueError):
        raise StorageError("there is no certificate in this file", where=bundle, hint=hint) from None
    return content
