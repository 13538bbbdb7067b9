"""The namespace that a project or a stack chooses: every installed module honours it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.compiler.inputs import Compiled, Inputs
from kusion_dsl.compiler.pipeline import compile_spec
from kusion_dsl.discovery.modules import module_entries, modules_for, provider_versions
from kusion_dsl.discovery.workspaces import read_workspace
from kusion_dsl.model.app import application_of
from kusion_dsl.model.project import Project, Stack
from kusion_inference import Inference
from kusion_job import Job
from kusion_k8s_manifest import K8sManifest
from kusion_monitoring import Prometheus
from kusion_mysql import MySQL
from kusion_network import Ingress, Network, Port, ServiceBackend
from kusion_opensearch import OpenSearch
from kusion_opsrule import OpsRule
from kusion_postgres import Postgres
from kusion_service import Container, FileSpec, SecretSpec, Service

CONTAINERS = {"web": Container(image="x", files={"/etc/app/a": FileSpec(content="a")}, env={"A": "b"})}
SECRETS = {"tok": SecretSpec(type="token")}
SERVICE = Service(containers=CONTAINERS, secrets=SECRETS)
NETWORK = Network(ports=[Port(), Port(public=True)], ingress=Ingress(default_backend=ServiceBackend(port=80)))

SAMPLES: Mapping[str, Mapping[str, Any]] = {
    "service": {"workload": SERVICE},
    "job": {"workload": Job(containers=CONTAINERS, secrets=SECRETS, schedule="0 * * * *")},
    "network": {"workload": SERVICE, "network": NETWORK},
    "postgres": {"postgres": Postgres(version="16")},
    "mysql": {"mysql": MySQL(version="8.0"), "other": MySQL(version="8.0", type="cloud")},
    "monitoring": {"workload": SERVICE, "monitoring": Prometheus(path="/metrics", port="web"), "network": NETWORK},
    "opsrule": {"workload": SERVICE, "opsRule": OpsRule()},
    "inference": {"inference": Inference(model="llama3", framework="Ollama")},
    "opensearch": {"workload": SERVICE, "opensearch": OpenSearch(domain_name="logs")},
}
"""For each installed module an application that makes everything of it that is in a namespace."""

AS_WRITTEN = {"k8s_manifest": {"k8s_manifest": K8sManifest(paths=["a.yaml"])}}
"""Modules that take whole objects from the author, who says where they are."""

WORKSPACE = """
context: {AWS_REGION: eu-central-1}
modules:
  service: {configs: {default: {type: CollaSet}}}
  monitoring: {configs: {default: {operatorMode: true}}}
  mysql: {configs: {default: {cloud: aws, instanceType: db.t3.micro}}}
"""
MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: its-own}\n"
CLUSTER_WIDE = ("kubernetes:core/v1:Namespace", "kubernetes:networking.k8s.io/v1:IngressClass")


def namespaced(namespace: str) -> dict[str, Any]:
    return {"extensions": [{"kind": "kubernetesNamespace", "kubernetesNamespace": {"namespace": namespace}}]}


def compile_in(project: dict[str, Any], stack: dict[str, Any], sample: Mapping[str, Any]) -> Compiled:
    workload = sample.get("workload")
    accessories = {name: each for name, each in sample.items() if name != "workload"}
    application = application_of(AppConfiguration(name="shop", workload=workload, accessories=accessories))
    return compile_spec(
        Inputs(
            project=Project.model_validate({"name": "test", **project}),
            stack=Stack.model_validate({"name": "dev", **stack}),
            workspace=read_workspace("test", WORKSPACE, "workspace.yaml"),
            applications=(application,),
            modules=modules_for([application]),
            providers=provider_versions(),
            files=lambda path: {path: MANIFEST},
        )
    )


@pytest.mark.parametrize("module", [entry.name for entry in module_entries() if entry.name not in AS_WRITTEN])
@pytest.mark.parametrize(
    ("project", "stack", "namespace"),
    [
        ({}, {}, "test"),
        (namespaced("of-project"), {}, "of-project"),
        ({}, namespaced("of-stack"), "of-stack"),
        (namespaced("of-project"), namespaced("of-stack"), "of-stack"),
    ],
)
def test_everything_is_in_the_namespace_of_the_extension(
    module: str, project: dict[str, Any], stack: dict[str, Any], namespace: str
) -> None:
    spec = compile_in(project, stack, SAMPLES[module]).spec
    objects = [each for each in spec.resources if each.package == "kubernetes" and each.type not in CLUSTER_WIDE]
    assert {each.attributes["metadata"].get("namespace") for each in objects} == {namespace}
    assert [each.id for each in spec.resources if each.type == CLUSTER_WIDE[0]] == [f"v1:Namespace:{namespace}"]
    assert all(f"v1:Namespace:{namespace}" in each.depends_on for each in objects)


@pytest.mark.parametrize("module", AS_WRITTEN)
def test_an_object_that_the_author_wrote_is_where_the_author_says(module: str) -> None:
    spec = compile_in({}, namespaced("elsewhere"), AS_WRITTEN[module]).spec
    assert [each.id for each in spec.resources] == ["v1:ConfigMap:its-own:a", "v1:Namespace:elsewhere"]


def test_nothing_but_namespaces_differs() -> None:
    """Names, labels and selectors are the project's, wherever it lives."""
    for sample in SAMPLES.values():
        one = [each.to_json() for each in compile_in({}, {}, sample).spec.resources]
        other = [each.to_json() for each in compile_in({}, namespaced("elsewhere"), sample).spec.resources]
        assert _everywhere(one, "test") == _everywhere(other, "elsewhere")


def _everywhere(resources: Any, namespace: str) -> set[str]:
    return {
        str(each)
        .replace(f":{namespace}:", ":NS:")
        .replace(f"Namespace:{namespace}'", "Namespace:NS'")
        .replace(f"'namespace': '{namespace}'", "'namespace': 'NS'")
        for each in resources
        if each["type"] != CLUSTER_WIDE[0]
    }
