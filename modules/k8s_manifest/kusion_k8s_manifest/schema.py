"""What developers and the platform say about manifest files."""

from typing import Annotated

from pydantic import Field

from kusion_dsl.module import Accessory, PlatformConfig, union


class K8sManifest(Accessory):
    """Kubernetes objects that are written down as they are."""

    paths: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1), union]
    """Files, and directories whose ``.yaml``, ``.yml`` and ``.json`` files at any depth are taken: relative to the
    stack's directory, within the project."""


class K8sManifestPlatform(PlatformConfig):
    """The platform decides nothing about manifests but further ``paths``."""
