"""How a workload is reached."""

from collections.abc import Callable
from typing import Any

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.errors import AppError, CompileError, WorkspaceError
from kusion_dsl.model.load_session import LoadSession, load_session
from kusion_dsl.testing import SampleService, compile_app
from kusion_network import (
    Ingress,
    IngressClass,
    IngressClassParameters,
    IngressPath,
    IngressRule,
    IngressTLS,
    Network,
    Port,
    ResourceBackend,
    ServiceBackend,
)
from kusion_service import Container, ContainerPort, HttpProbe, Service, Sidecar

Manifests = Callable[..., dict[str, Any]]
APP_LABELS = {"app.kubernetes.io/name": "shop", "app.kubernetes.io/part-of": "shop"}
WORKLOAD = Service(containers={"web": Container(image="x")})
PRIVATE = "v1:Service:shop:shop-dev-shop-private"
PUBLIC = "v1:Service:shop:shop-dev-shop-public"
INGRESS = "networking.k8s.io/v1:Ingress:shop:shop-dev-shop-ingress"


def test_private_ports_are_in_a_service_of_the_cluster(manifests: Manifests) -> None:
    found = manifests(WORKLOAD, network=Network(ports=[Port(port=8080, target_port=80), Port(port=53, protocol="UDP")]))
    assert PUBLIC not in found
    assert found[PRIVATE] == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "shop-dev-shop-private", "namespace": "shop", "labels": APP_LABELS},
        "spec": {
            "type": "ClusterIP",
            "selector": APP_LABELS,
            "ports": [
                {"name": "shop-dev-shop-private-8080-tcp", "port": 8080, "targetPort": 80, "protocol": "TCP"},
                {"name": "shop-dev-shop-private-53-udp", "port": 53, "targetPort": 53, "protocol": "UDP"},
            ],
        },
    }


def test_a_port_of_a_container_may_be_meant_by_its_name(manifests: Manifests) -> None:
    web = Container(image="x", ports={"http": 8080})
    proxy = Sidecar(image="y", ports={"admin": ContainerPort(port=9901)})
    workload = Service(containers={"web": web}, init_containers={"proxy": proxy})
    ports = [Port(target_port="http"), Port(port=81, target_port="admin"), Port(port=82, target_port="8082")]
    found = manifests(workload, network=Network(ports=ports))[PRIVATE]["spec"]["ports"]
    assert [port["targetPort"] for port in found] == ["http", "admin", 8082]


def test_a_name_that_no_port_has_is_refused(manifests: Manifests) -> None:
    network = Network(ports=[Port(target_port="htpp")])
    with pytest.raises(CompileError, match="no container of the workload has a port named 'htpp'\n  name it in"):
        manifests(WORKLOAD, network=network)
    named = Service(containers={"web": Container(image="x", ports={"http": 80})})
    with pytest.raises(CompileError, match="a port named 'htpp'\n  their ports are http"):
        manifests(named, network=network)


def test_a_workload_of_another_kind_knows_its_ports_itself() -> None:
    app = AppConfiguration(
        name="shop", workload=SampleService(), accessories={"network": Network(ports=[Port(target_port="http")])}
    )
    service = compile_app(app).spec["v1:Service:test:test-dev-shop-private"]
    assert service.attributes["spec"]["ports"][0]["targetPort"] == "http"


def test_public_ports_work_without_a_cloud(manifests: Manifests) -> None:
    found = manifests(WORKLOAD, network=Network(ports=[Port(port=80, public=True), Port(port=81)]))
    assert found[PUBLIC]["spec"]["type"] == "LoadBalancer"
    assert "annotations" not in found[PUBLIC]["metadata"]
    assert [port["port"] for port in found[PUBLIC]["spec"]["ports"]] == [80]
    assert [port["port"] for port in found[PRIVATE]["spec"]["ports"]] == [81]


def test_the_platform_says_how_ports_become_public(manifests: Manifests) -> None:
    port = {"type": "alicloud", "labels": {"control": "true"}, "annotations": {"lb-spec": "small"}}
    found = manifests(
        WORKLOAD, policies={"network": {"port": port}}, network=Network(ports=[Port(public=True), Port(port=81)])
    )
    assert found[PUBLIC]["metadata"]["labels"] == {**APP_LABELS, "control": "true"}
    assert found[PUBLIC]["metadata"]["annotations"] == {"lb-spec": "small"}
    assert found[PRIVATE]["metadata"]["labels"] == APP_LABELS
    assert "annotations" not in found[PRIVATE]["metadata"]


def test_a_cloud_that_is_not_known_is_refused(manifests: Manifests) -> None:
    with pytest.raises(WorkspaceError, match=r"port.type: Input should be 'aws' or 'alicloud'"):
        manifests(WORKLOAD, policies={"network": {"port": {"type": "gcp"}}}, network=Network())


def test_services_have_the_labels_and_annotations_of_the_workload(manifests: Manifests) -> None:
    workload = WORKLOAD.override(labels={"team": "shop"}, annotations={"note": "a"})
    policies = {"service": {"labels": {"tier": "gold"}}}
    found = manifests(workload, policies=policies, network=Network(ports=[Port()]))
    assert found[PRIVATE]["metadata"]["labels"] == {**APP_LABELS, "team": "shop", "tier": "gold"}
    assert found[PRIVATE]["metadata"]["annotations"] == {"note": "a"}
    assert found[PRIVATE]["spec"]["selector"] == APP_LABELS


def test_ports_need_a_workload(manifests: Manifests) -> None:
    with pytest.raises(CompileError, match="ports need a workload"):
        manifests(network=Network(ports=[Port()]))


def test_another_name_is_in_the_names(manifests: Manifests) -> None:
    found = manifests(WORKLOAD, front=Network(ports=[Port()]), back=Network(ports=[Port(port=81)]))
    assert {"v1:Service:shop:shop-dev-shop-front-private", "v1:Service:shop:shop-dev-shop-back-private"} <= set(found)


def test_names_of_ports_fit_however_long_the_others_are(compile_apps: Callable[..., Compiled]) -> None:
    app = AppConfiguration(name="a" * 60, workload=WORKLOAD, accessories={"network": Network(ports=[Port(port=65535)])})
    spec = compile_apps(app).spec
    services = [resource for resource in spec.resources if resource.type == "kubernetes:core/v1:Service"]
    assert [len(each.attributes["metadata"]["name"]) for each in services] == [63]
    assert [len(each.attributes["spec"]["ports"][0]["name"]) for each in services] == [63]


def test_an_ingress_leads_to_the_service_with_the_port(manifests: Manifests) -> None:
    ingress = Ingress(
        default_backend=ServiceBackend(port=80),
        ingress_class_name="nginx",
        rules=[
            IngressRule(
                host="shop.example",
                paths=[
                    IngressPath(path="/", backend=ServiceBackend(port=8080)),
                    IngressPath(path="/old", path_type="Exact", backend=ServiceBackend(name="legacy", port="http")),
                    IngressPath(
                        path_type="ImplementationSpecific",
                        backend=ResourceBackend(kind="Bucket", name="static", api_group="k8s.example"),
                    ),
                ],
            ),
            IngressRule(host="*.shop.example"),
        ],
        tls=[IngressTLS(hosts=["shop.example"], secret_name="shop-tls")],
        labels={"a": "b"},
        annotations={"c": "d"},
    )
    network = Network(ports=[Port(port=80, public=True), Port(port=8080)], ingress=ingress)
    found = manifests(WORKLOAD, network=network)[INGRESS]
    private = {"name": "shop-dev-shop-private", "port": {"number": 8080}}
    resource = {"apiGroup": "k8s.example", "kind": "Bucket", "name": "static"}
    assert found == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "shop-dev-shop-ingress",
            "namespace": "shop",
            "labels": {"a": "b"},
            "annotations": {"c": "d"},
        },
        "spec": {
            "ingressClassName": "nginx",
            "defaultBackend": {"service": {"name": "shop-dev-shop-public", "port": {"number": 80}}},
            "rules": [
                {
                    "host": "shop.example",
                    "http": {
                        "paths": [
                            {"path": "/", "pathType": "Prefix", "backend": {"service": private}},
                            {
                                "path": "/old",
                                "pathType": "Exact",
                                "backend": {"service": {"name": "legacy", "port": {"name": "http"}}},
                            },
                            {"pathType": "ImplementationSpecific", "backend": {"resource": resource}},
                        ]
                    },
                },
                {"host": "*.shop.example"},
            ],
            "tls": [{"hosts": ["shop.example"], "secretName": "shop-tls"}],
        },
    }


def test_an_ingress_depends_on_the_service_it_leads_to(compile_apps: Callable[..., Compiled]) -> None:
    network = Network(ports=[Port()], ingress=Ingress(default_backend=ServiceBackend(port=80)))
    app = AppConfiguration(name="shop", workload=WORKLOAD, accessories={"network": network})
    assert PRIVATE in compile_apps(app).spec[INGRESS].depends_on


def test_an_ingress_to_a_port_that_is_not_there_is_refused(manifests: Manifests) -> None:
    network = Network(ports=[Port(port=80)], ingress=Ingress(default_backend=ServiceBackend(port=8080)))
    with pytest.raises(CompileError, match="leads to port 8080, but the ports are 80"):
        manifests(WORKLOAD, network=network)


def test_an_ingress_class_is_one_of_the_cluster(manifests: Manifests) -> None:
    parameters = IngressClassParameters(
        kind="P", name="p", scope="Namespace", namespace="infra", api_group="k8s.example"
    )
    network = Network(ingress_class=IngressClass(controller="k8s.io/nginx", parameters=parameters, labels={"a": "b"}))
    assert manifests(network=network)["networking.k8s.io/v1:IngressClass:shop-dev-shop-ingressclass"] == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "shop-dev-shop-ingressclass", "labels": {"a": "b"}},
        "spec": {
            "controller": "k8s.io/nginx",
            "parameters": {
                "apiGroup": "k8s.example",
                "kind": "P",
                "name": "p",
                "namespace": "infra",
                "scope": "Namespace",
            },
        },
    }


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Port(port=0), "port: Input should be greater than or equal to 1"),
        (lambda: Port(target_port=65536), "target_port: a port has a number from 1 to 65535"),
        (lambda: Port(protocol="SCTP"), "protocol: Input should be 'TCP' or 'UDP'"),  # type: ignore[arg-type]
        (lambda: Network(ports=[Port(), Port()]), "the private port 80/TCP is there twice"),
        (lambda: ServiceBackend(port="http"), "needs the name of its Service"),
        (lambda: IngressTLS(hosts=["https://a.example"]), "hosts[0]: 'https://a.example' is no name of a host"),
        (lambda: IngressRule(host="Shop.example"), "host: 'Shop.example' is no name of a host"),
        (lambda: IngressRule(host="*"), "host: '*' is no name of a host"),
        (lambda: IngressRule(host="10.0.0.1"), "host: '10.0.0.1' is no name of a host"),
        (lambda: IngressRule(host=f"{'a' * 63}." * 4), "is no name of a host"),
        (lambda: ServiceBackend(port=0), "port: a port has a number from 1 to 65535"),
        (lambda: ServiceBackend(name="x", port="No_Name"), "the name of a port is not a DNS label"),
        (lambda: Ingress(), "needs a default_backend or rules"),
        (lambda: IngressPath(backend=ServiceBackend(port=80)), "a path is needed"),
        (lambda: IngressPath(path="x", backend=ServiceBackend(port=80)), "must begin with '/'"),
        (lambda: IngressClassParameters(kind="a", name="b", namespace="c"), "goes with the scope Namespace"),
        (lambda: IngressClassParameters(kind="a", name="b", scope="Namespace"), "goes with the scope Namespace"),
    ],
)
def test_what_is_not_valid_is_refused_where_it_is_written(build: Callable[[], object], message: str) -> None:
    with pytest.raises(AppError) as caught:
        build()
    assert message in str(caught.value)


@pytest.mark.parametrize("host", ["shop.acme.example", "*.acme.example", "localhost", "1.acme.example", "a--b.example"])
def test_hosts(host: str) -> None:
    assert IngressRule(host=host).host == host


def test_a_port_may_be_public_and_private_and_of_both_protocols() -> None:
    ports = [Port(), Port(public=True), Port(protocol="UDP")]
    assert Network(ports=ports).ports == ports


def test_parts_that_are_not_valid_are_all_told_while_a_file_is_loaded() -> None:
    with load_session(LoadSession()) as session:
        Network(ports=[Port(port=0), Port(), Port(port=70000)])
        Container(image="x", liveness_probe=HttpProbe(port=0), readiness_probe=HttpProbe(port=-1))
    assert [found.component for found in session.invalid] == ["Port", "Port", "HttpProbe", "HttpProbe"]


def _host_seen_by_another(compile_apps: Callable[..., Compiled], *ports: Port) -> str:
    reached = Network(ports=list(ports))
    shop = AppConfiguration(name="shop", workload=WORKLOAD, accessories={"network": reached})
    caller = Service(containers={"web": Container(image="x", env={"SHOP": reached.host})})
    spec = compile_apps(shop, AppConfiguration(name="caller", workload=caller)).spec
    [container] = spec["apps/v1:Deployment:shop:shop-dev-caller"].attributes["spec"]["template"]["spec"]["containers"]
    return str(container["env"][0]["value"])


def test_its_host_is_the_private_service_where_there_is_one(compile_apps: Callable[..., Compiled]) -> None:
    assert _host_seen_by_another(compile_apps, Port(port=80), Port(port=443, public=True)) == "shop-dev-shop-private"
    assert _host_seen_by_another(compile_apps, Port(port=443, public=True)) == "shop-dev-shop-public"


def test_without_ports_it_has_no_host(compile_apps: Callable[..., Compiled]) -> None:
    with pytest.raises(CompileError, match="it has no ports, so there is no Service"):
        _host_seen_by_another(compile_apps)
