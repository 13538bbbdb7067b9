"""A domain of Amazon OpenSearch Service."""

from __future__ import annotations

from typing import Any

from kusion_dsl.module import CompileError, Context, Generated, Outputs, Patch, Provider, Resource, kebab, module
from kusion_opensearch.policy import policy_document
from kusion_opensearch.schema import OpenSearch, OpenSearchPlatform

_REGION = "AWS_REGION"


@module
def opensearch(search: OpenSearch, platform: OpenSearchPlatform, ctx: Context) -> Generated:
    """A search engine, and two variables that say where it is."""
    region = platform.region or str(ctx.settings.get(_REGION) or "")
    if not region:
        raise CompileError(
            "the workspace does not say in which region an OpenSearch domain is made",
            hint=f"set modules.opensearch.configs.default.region, or context.{_REGION}, like eu-central-1",
        )
    domain = _domain(search, platform, ctx, region)
    yield domain
    if ctx.workload is not None:
        own = "" if ctx.accessory == kebab(ctx.default_name) else f"_{ctx.accessory.upper().replace('-', '_')}"
        yield Patch(environment={f"OPEN_SEARCH_ENDPOINT{own}": domain["endpoint"], f"OPEN_SEARCH_REGION{own}": region})
    yield Outputs(endpoint=domain["endpoint"], region=region)


def _domain(search: OpenSearch, platform: OpenSearchPlatform, ctx: Context, region: str) -> Resource:
    machines, disks, statements = platform.cluster_config, platform.ebs_options, platform.statement
    default_region = str(ctx.settings.get(_REGION) or region)
    attributes: dict[str, Any] = {
        "domainName": search.domain_name,
        "engineVersion": search.engine_version,
        "clusterConfig": {"instanceType": machines.instance_type} if machines else None,
        "ebsOptions": {"ebsEnabled": disks.ebs_enabled, "volumeSize": disks.volume_size} if disks else None,
        "accessPolicies": policy_document(statements, search.domain_name, region) if statements else None,
        "region": region if region != default_region else None,
    }
    provider = Provider(config={"region": default_region})
    return Resource("aws:opensearch/domain:Domain", ctx.name(), attributes, provider=provider)
