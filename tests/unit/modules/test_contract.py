"""Every installed module keeps the contract of modules; each has examples here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pytest

from kusion_dsl import secret_ref
from kusion_dsl.discovery.modules import module_entries
from kusion_dsl.module import Component
from kusion_dsl.testing import check_module
from kusion_inference import Inference
from kusion_job import Claim, ConfigMapVolume, Job, Toleration
from kusion_job import Container as JobContainer
from kusion_k8s_manifest import K8sManifest
from kusion_monitoring import Prometheus
from kusion_mysql import MySQL
from kusion_network import Ingress, IngressClass, IngressPath, IngressRule, Network, Port, ServiceBackend
from kusion_opensearch import OpenSearch
from kusion_opsrule import OpsRule
from kusion_postgres import Postgres
from kusion_service import (
    Autoscale,
    Container,
    DisruptionBudget,
    ExecProbe,
    FileSpec,
    HttpProbe,
    InitContainer,
    SecretSpec,
    Service,
    ServiceAccount,
    Sidecar,
    UpdateStrategy,
)

OPERATOR = "modules: {monitoring: {configs: {default: {operatorMode: true, monitorType: Pod}}}}"
CLOUD = """
modules:
  opensearch: {configs: {default: {ebsOptions: {ebsEnabled: true, volumeSize: 10}}}}
  postgres: {configs: {default: {cloud: aws, instanceType: db.t3.micro}}}
  mysql: {configs: {default: {cloud: alicloud, instanceType: mysql.n2.medium.2c, subnetID: vsw-1}}}
context: {AWS_REGION: eu-central-1, ALICLOUD_REGION: cn-hangzhou}
"""
MANIFESTS = {
    name: f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, namespace: test}}, data: {{a: '1'}}}}\n"
    for name in ("one.yaml", "other.yaml", "third.yaml")
}


def services() -> Sequence[Component]:
    return [
        Service(containers={"web": Container(image="shop:1")}),
        Service(
            containers={
                "web": Container(
                    image="shop:1",
                    env={"B": "2", "A": "1", "TOKEN": secret_ref("git", key="token")},
                    resources={"cpu": "500m-1", "memory": "512Mi"},
                    files={"/etc/shop/config.yaml": FileSpec(content="currency: EUR\n")},
                    readiness_probe=HttpProbe(path="/healthz", port=8080),
                ),
                "log": Container(image="log:1", liveness_probe=ExecProbe(command=["true"])),
            },
            secrets={"git": SecretSpec(type="token")},
            labels={"team": "shop", "tier": "web"},
            annotations={"note": "a"},
            replicas=3,
        ),
        Service(
            kind="StatefulSet",
            containers={"db": Container(image="db:1", mounts={"/data": "data"})},
            volumes={"data": Claim(size="1Gi")},
            service_account=ServiceAccount(),
            disruption_budget=DisruptionBudget(max_unavailable=1),
            update_strategy=UpdateStrategy(partition=1),
        ),
        Service(
            containers={"web": Container(image="shop:1", requests={"cpu": "100m"})},
            autoscale=Autoscale(min=2, max=4, cpu=70),
            init_containers={"first": InitContainer(image="first:1"), "log": Sidecar(image="log:1")},
            security="restricted",
        ),
    ]


def jobs() -> Sequence[Component]:
    return [
        Job(containers={"main": JobContainer(image="cleanup:1")}),
        Job(containers={"main": JobContainer(image="cleanup:1", env={"A": "1"})}, schedule="0 3 * * *"),
        Job(
            containers={"main": JobContainer(image="cleanup:1", mounts={"/work": "work", "/etc/cleanup": "rules"})},
            init_containers={"first": InitContainer(image="first:1"), "beside": Sidecar(image="beside:1")},
            volumes={"work": Claim(size="1Gi"), "rules": ConfigMapVolume(data={"a": "1", "b": "2"})},
            security="restricted",
            service_account=ServiceAccount(annotations={"role": "cleanup"}),
            tolerations=[Toleration(key="spot")],
        ),
    ]


def networks() -> Sequence[Component]:
    backend = ServiceBackend(port=80)
    return [
        Network(ports=[Port(port=80, target_port=8080, public=True), Port(port=9090)]),
        Network(
            ports=[Port(port=80)],
            ingress=Ingress(rules=[IngressRule(host="a.example", paths=[IngressPath(path="/", backend=backend)])]),
            ingress_class=IngressClass(controller="k8s.io/ingress-nginx"),
        ),
    ]


def postgreses() -> Sequence[Component]:
    return [Postgres(version="16"), Postgres(version="17", type="cloud", initial_database="shop")]


def mysqls() -> Sequence[Component]:
    return [MySQL(version="8.4"), MySQL(version="8.0", type="cloud", initial_database="shop")]


def monitorings() -> Sequence[Component]:
    return [Prometheus(path="/metrics", port="9090")]


def ops_rules() -> Sequence[Component]:
    return [OpsRule(), OpsRule(max_unavailable=2)]


def opensearches() -> Sequence[Component]:
    return [OpenSearch(domain_name="one"), OpenSearch(domain_name="other", engine_version="OpenSearch_2.13")]


def inferences() -> Sequence[Component]:
    return [Inference(model="llama3"), Inference(model="qwen2.5:7b", system="Be brief.", temperature=0.2)]


def manifests() -> Sequence[Component]:
    return [K8sManifest(paths=[name]) for name in MANIFESTS]


class Examples(NamedTuple):
    """Examples for a module, and what they need."""

    components: Callable[[], Sequence[Component]]
    workspaces: Sequence[str] = ("",)
    files: Mapping[str, str] = {}


EXAMPLES: Mapping[str, Examples] = {
    "inference": Examples(inferences),
    "job": Examples(jobs),
    "k8s_manifest": Examples(manifests, files=MANIFESTS),
    "monitoring": Examples(monitorings, ("", OPERATOR)),
    "mysql": Examples(mysqls, (CLOUD,)),
    "network": Examples(networks),
    "opensearch": Examples(opensearches, (CLOUD,)),
    "opsrule": Examples(ops_rules),
    "postgres": Examples(postgreses, (CLOUD,)),
    "service": Examples(services),
}


def test_every_installed_module_has_examples() -> None:
    assert sorted(EXAMPLES) == [entry.name for entry in module_entries()]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_module_keeps_the_contract(name: str) -> None:
    [entry] = [entry for entry in module_entries() if entry.name == name]
    examples = EXAMPLES[name]
    for workspace in examples.workspaces:
        check_module(entry.load().module, examples.components, workspace=workspace, files=examples.files)
