"""What developers write about an OpenSearch domain, and what the platform decides about it."""

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints

from kusion_dsl.module import Accessory, PlatformConfig, output, platform_overrides

# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/createupdatedomains.html
_DOMAIN = re.compile(r"[a-z][a-z0-9-]{0,27}")
_VERSION = re.compile(r"(OpenSearch|Elasticsearch)_[0-9]+\.[0-9]+")

Text = Annotated[str, StringConstraints(min_length=1)]
"""A text that is not empty."""


def _domain(text: str) -> str:
    if not _DOMAIN.fullmatch(text):
        raise ValueError(
            f"'{text}' is no name of a domain: use at most 28 lower-case letters, digits and '-', "
            "with a letter at the beginning"
        )
    return text


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise ValueError(f"'{text}' is no version: write it like OpenSearch_2.13 or Elasticsearch_7.10")
    return text


class OpenSearch(Accessory):
    """A search engine: a domain of Amazon OpenSearch Service."""

    domain_name: Annotated[str, AfterValidator(_domain), platform_overrides]
    """The domain's name, unique in its account and region."""
    engine_version: Annotated[Annotated[str, AfterValidator(_version)] | None, platform_overrides] = None
    """The engine and its version, like ``OpenSearch_2.13``; AWS's newest where none is given."""

    endpoint: ClassVar[output] = output("Host name, to be used with https.")
    region: ClassVar[output] = output("The region that it is in.")


class ClusterConfig(PlatformConfig):
    """The machines of a domain."""

    instance_type: Text
    """Their type, like ``r6g.large.search``."""


class EbsOptions(PlatformConfig):
    """The disks of a domain's machines."""

    ebs_enabled: bool
    """Whether they have any of EBS; which types of machines need them is AWS's to say."""
    volume_size: Annotated[int, Field(ge=1)] | None = None
    """The size of each in GiB."""


class Principals(PlatformConfig):
    """To whom a statement applies."""

    type: Literal["AWS", "Service", "Federated", "CanonicalUser", "*"]
    """What the identifiers are of; ``*`` is the same as ``AWS``."""
    identifiers: Annotated[list[Text], Field(min_length=1)]
    """Names of accounts, roles, users or services; ``*`` is everybody."""


class Statement(PlatformConfig):
    """A statement of a domain's access policy
    (https://docs.aws.amazon.com/opensearch-service/latest/developerguide/ac.html)."""

    effect: Literal["Allow", "Deny"]
    """Whether it allows or denies."""
    principals: Annotated[list[Principals], Field(min_length=1)]
    """To whom."""
    action: Annotated[list[Text], Field(min_length=1)]
    """What, like ``es:ESHttpGet`` or ``es:*``."""


class OpenSearchPlatform(PlatformConfig):
    """What the platform decides about OpenSearch domains."""

    region: Text | None = None
    """The region that domains are made in; that of the workspace's context, ``AWS_REGION``, where none is given."""
    cluster_config: ClusterConfig | None = None
    """The machines; of AWS's default type where nothing is said."""
    ebs_options: EbsOptions | None = None
    """Their disks; AWS's default where nothing is said."""
    statement: list[Statement] = Field(default_factory=list[Statement])
    """Who may do what with a domain; nobody but its account where there is none."""
