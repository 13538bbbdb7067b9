from kusion_dsl import AppConfiguration
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
from kusion_service import Container, Service


class Shop(AppConfiguration):
    """HTTP routes to the application's own Service, to one of another application, and to a bucket."""

    workload = Service(containers={"web": Container(image="shop:1")})
    network = Network(
        ports=[Port(port=8080, target_port=80), Port(port=53, protocol="UDP")],
        ingress=Ingress(
            ingress_class_name="nginx",
            default_backend=ServiceBackend(port=8080),
            rules=[
                IngressRule(
                    host="shop.acme.example",
                    paths=[
                        IngressPath(path="/", backend=ServiceBackend(port=8080)),
                        IngressPath(path="/pay", path_type="Exact", backend=ServiceBackend(name="pay", port="http")),
                        IngressPath(
                            path="/static",
                            backend=ResourceBackend(api_group="k8s.example.com", kind="StorageBucket", name="static"),
                        ),
                    ],
                ),
            ],
            tls=[IngressTLS(hosts=["shop.acme.example"], secret_name="shop-tls")],
            labels={"exposure": "public"},
            annotations={"nginx.ingress.kubernetes.io/ssl-redirect": "true"},
        ),
        ingress_class=IngressClass(
            controller="k8s.io/ingress-nginx",
            parameters=IngressClassParameters(
                api_group="k8s.example.com",
                kind="IngressParameters",
                name="external",
                namespace="ingress",
                scope="Namespace",
            ),
            labels={"owner": "platform"},
            annotations={"ingressclass.kubernetes.io/is-default-class": "false"},
        ),
    )
