from kusion_dsl import AppConfiguration
from kusion_opensearch import OpenSearch
from kusion_service import Container, Service


class Agent(AppConfiguration):
    search = OpenSearch(domain_name="agent", engine_version="OpenSearch_2.13")
    workload = Service(
        containers={"agent": Container(image="agent:1", env={"SEARCH_URL": f"https://{search.endpoint}"})}
    )


class Archive(AppConfiguration):
    """Its domain is what the platform has in mind, not the developer."""

    search = OpenSearch(domain_name="anything")
    workload = Service(containers={"archive": Container(image="archive:1")})
