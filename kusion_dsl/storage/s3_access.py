"""Who we are at AWS, found where AWS's own tools look for it, and in their order.

A profile that the URL names goes before the keys of the environment, and these before everything else: the profile of
AWS_PROFILE, single sign-on, web identity, the role of a container or machine. Keys of the environment are read by
obstore itself; all others by boto3, which is imported for them alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from kusion_dsl.errors import StorageError
from kusion_dsl.storage.s3_url import S3Location, checked_region

if TYPE_CHECKING:
    from boto3 import Session
    from obstore.store import S3Credential

_HINT = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or add profile=NAME to the URL"


@dataclass(frozen=True)
class Access:
    """The region to speak to, and what gives credentials; None for those of the environment, or for none at all."""

    region: str
    credentials: Callable[[], S3Credential] | None

    @classmethod
    def of(cls, location: S3Location, shown: str) -> Access:
        """Find out. Raises StorageError for the backend ``shown`` if there are no credentials, or no region."""
        chosen = bool(location.profile or location.role)
        keyed = not chosen and bool(os.environ.get("AWS_ACCESS_KEY_ID") and os.environ.get("AWS_SECRET_ACCESS_KEY"))
        if location.region and (location.anonymous or keyed):
            return cls(location.region, None)
        return _found(location, shown, needed=not (location.anonymous or keyed))


def _found(location: S3Location, shown: str, *, needed: bool) -> Access:
    from boto3 import Session
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        session = Session(profile_name=location.profile or None, region_name=location.region or None)
        region = session.region_name
        if not region:
            hint = "add region=NAME to the URL, or set AWS_REGION; stores that have no regions take any name"
            raise StorageError("the region of the bucket is not known", where=shown, hint=hint)
        return Access(checked_region(region, shown), _provider(session, location, shown) if needed else None)
    except ClientError as error:
        what = f"the role cannot be assumed ({error.response.get('Error', {}).get('Code', 'no reason given')})"
        raise StorageError(what, where=shown, hint="let these credentials assume it, or correct 'role'") from None
    except BotoCoreError as error:
        raise StorageError(f"there are no AWS credentials: {_reason(error)}", where=shown, hint=_HINT) from None


def _provider(session: Session, location: S3Location, shown: str) -> Callable[[], S3Credential]:
    """What gives credentials as long as they are needed; it has given some."""
    from obstore.auth.boto3 import Boto3CredentialProvider, StsCredentialProvider

    if session.get_credentials() is None:
        raise StorageError("there are no AWS credentials", where=shown, hint=_HINT)
    provider = (
        StsCredentialProvider(session, RoleArn=location.role, RoleSessionName="kusion")
        if location.role
        else Boto3CredentialProvider(session)
    )

    def renewed() -> S3Credential:
        credential = provider()
        expiry = credential["expires_at"]
        return {**credential, "expires_at": expiry and expiry.astimezone(UTC)}  # obstore takes this zone's object alone

    first = [renewed()]
    return lambda: first.pop() if first else renewed()


def _reason(error: Exception) -> str:
    """What boto3 says, but not what a program of the user's that it started says."""
    text = str(error).rstrip(".")
    return text.partition(":")[0] if type(error).__name__ == "CredentialRetrievalError" else text
