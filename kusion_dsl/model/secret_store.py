"""Which secret store a workspace uses, and the settings that each kind of store takes.

The forms are the ancestor's, and beside them ``env`` and ``file``. Its ``fake`` and ``onpremises``, which it knows but
refuses in a workspace, are not there: no value of theirs could ever be resolved.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from kusion_dsl.model.project import Document

Text = Annotated[str, StringConstraints(min_length=1)]
"""A setting that is not empty."""


class EnvironmentStore(Document):
    """Variables of the environment of the run."""

    prefix: str = ""
    """What the names of the variables begin with."""


class FileStore(Document):
    """A YAML or JSON file, or a directory."""

    path: Text
    """Where it is, relative to the project."""


class AwsStore(Document):
    """AWS Secrets Manager."""

    region: Text
    """The region of the secrets."""
    profile: str = ""
    """The profile of the shared AWS configuration; the default one where none is given."""


class AlicloudStore(Document):
    """Alicloud Secrets Manager."""

    region: Text
    """The region of the secrets."""


class VaultStore(Document):
    """The key-value engine of a HashiCorp Vault."""

    server: Text
    """The address of the server, with scheme and port."""
    path: str = ""
    """Where the engine is mounted."""
    version: Literal["v1", "v2"] = "v2"
    """The version of the engine."""


class AzureStore(Document):
    """An Azure Key Vault."""

    vault_url: Text
    """The address of the vault."""
    tenant_id: Text
    """The tenant of the vault."""
    environment_type: Literal["PublicCloud", "USGovernmentCloud", "ChinaCloud", "GermanCloud"] = "PublicCloud"
    """Which of Azure's clouds it is in."""


class ViettelCloudStore(Document):
    """Viettel Cloud Secrets Manager."""

    cmp_url: Text = Field(alias="cmpURL")
    """The address of the service."""
    project_id: UUID = Field(alias="projectID")
    """The project of the secrets."""


class SecretStoreProvider(Document):
    """The store, by its kind: exactly one."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    env: EnvironmentStore | None = None
    """Variables of the environment of the run."""
    file: FileStore | None = None
    """A YAML or JSON file, or a directory."""
    aws: AwsStore | None = None
    """AWS Secrets Manager."""
    alicloud: AlicloudStore | None = None
    """Alicloud Secrets Manager."""
    vault: VaultStore | None = None
    """HashiCorp Vault."""
    azure: AzureStore | None = None
    """Azure Key Vault."""
    viettelcloud: ViettelCloudStore | None = None
    """Viettel Cloud Secrets Manager."""

    @field_validator("*", mode="before")
    @classmethod
    def _without_settings(cls, settings: Any) -> Any:
        """``env:`` with nothing behind it is the store with its defaults."""
        return {} if settings is None else settings

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            known = ", ".join(sorted(type(self).model_fields))
            raise ValueError(f"name exactly one store: {known}")
        return self


class SecretStoreConfig(Document):
    """Where secrets come from."""

    provider: SecretStoreProvider
    """The store."""

    def to_json(self) -> Mapping[str, Any]:
        """What the workspace says, as it stands in a Spec."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)
