"""OpenSearch domains: the accessory module ``opensearch``."""

from kusion_opensearch.schema import (
    ClusterConfig,
    EbsOptions,
    OpenSearch,
    OpenSearchPlatform,
    Principals,
    Statement,
)

__all__ = ["ClusterConfig", "EbsOptions", "OpenSearch", "OpenSearchPlatform", "Principals", "Statement"]
