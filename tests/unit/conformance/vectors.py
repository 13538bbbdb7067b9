"""A directory of vectors of the tests' own: written by hand, in the form of those that the ancestor made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kusion_dsl.documents import dump_yaml, load_yaml
from tests.conformance.cases import Case, read_cases

Files = Mapping[str, Any]

APP = load_yaml(
    """
web:
  workload:
    containers:
      main:
        image: web:1
        env: {B: $(A), A: secret://keys/a}
        resources: {cpu: 500m-1}
        files:
          /etc/app/config.yaml: {content: "user: ${USER}", mode: '0600', _type: service.container.FileSpec}
        _type: service.container.Container
    secrets:
      keys:
        type: external
        data: {a: ref://team/keys/a?version=1}
        _type: service.secret.Secret
    replicas: 2
    _type: service.Service
  accessories:
    network:
      ports:
      - {port: 80, targetPort: 8080, protocol: TCP, public: false, _type: network.Port}
      _type: network.Network
    mysql: {type: cloud, version: '8.0', _type: mysql.MySQL}
  _type: kam.v1.app_configuration.AppConfiguration
""",
    "app.yaml",
).value

WORKSPACE = load_yaml(
    """
modules:
  service:
    path: oci://example/service
    version: 9.9.9
    configs:
      default: {healthPolicy: {health.kcl: assert res.a}}
  mysql:
    path: oci://example/mysql
    version: 9.9.9
    configs:
      default: {cloud: aws, instanceType: db.t3.micro, securityIPs: [10.0.0.0/8], subnetID: inner}
context: {KUBECONFIG_PATH: ~/.kube/config}
secretStore: {provider: {aws: {region: us-east-1}}}
""",
    "workspace.yaml",
).value

SPEC = load_yaml(
    """
resources:
- id: v1:Namespace:demo
  type: Kubernetes
  attributes:
    apiVersion: v1
    kind: Namespace
    metadata: {creationTimestamp: null, name: demo}
    spec: {}
    status: {}
- id: v1:ConfigMap:demo:demo-dev-web-main-0
  type: Kubernetes
  attributes:
    apiVersion: v1
    kind: ConfigMap
    metadata: {creationTimestamp: null, name: demo-dev-web-main-0, namespace: demo}
    data: {config.yaml: "user: ${USER}"}
  dependsOn: [v1:Namespace:demo]
- id: v1:Secret:demo:keys
  type: Kubernetes
  attributes:
    apiVersion: v1
    kind: Secret
    metadata: {creationTimestamp: null, name: keys, namespace: demo}
    type: Opaque
    immutable: false
    data: {a: cmVmOi8vdGVhbS9rZXlzL2E/dmVyc2lvbj0x}
  dependsOn: [v1:Namespace:demo]
- id: apps/v1:Deployment:demo:demo-dev-web
  type: Kubernetes
  attributes:
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      creationTimestamp: null
      name: demo-dev-web
      namespace: demo
      labels: {app.kubernetes.io/name: web, app.kubernetes.io/part-of: demo}
    spec:
      replicas: 2
      selector: {matchLabels: {app.kubernetes.io/name: web, app.kubernetes.io/part-of: demo}}
      strategy: {}
      template:
        metadata:
          creationTimestamp: null
          labels: {app.kubernetes.io/name: web, app.kubernetes.io/part-of: demo}
        spec:
          containers:
          - name: main
            image: web:1
            env:
            - {name: KUSION_DB_PASSWORD_DEMO_DEV_WEB_MYSQL, valueFrom: {secretKeyRef: {key: password, name: demo-dev-web-mysql-mysql}}}
            - {name: KUSION_DB_USERNAME_DEMO_DEV_WEB_MYSQL, valueFrom: {secretKeyRef: {key: username, name: demo-dev-web-mysql-mysql}}}
            - {name: KUSION_DB_HOST_DEMO_DEV_WEB_MYSQL, valueFrom: {secretKeyRef: {key: hostAddress, name: demo-dev-web-mysql-mysql}}}
            - {name: A, valueFrom: {secretKeyRef: {key: a, name: keys}}}
            - {name: B, value: $(A)}
            resources: {limits: {cpu: '1'}, requests: {cpu: 500m}}
            volumeMounts: [{mountPath: /etc/app, name: demo-dev-web-main-0}]
          volumes:
          - {name: demo-dev-web-main-0, configMap: {name: demo-dev-web-main-0, defaultMode: 384}}
    status: {}
  dependsOn:
  - v1:Namespace:demo
  - v1:ConfigMap:demo:demo-dev-web-main-0
  - v1:Secret:demo:keys
  - v1:Secret:demo:demo-dev-web-mysql-mysql
  - v1:Service:demo:demo-dev-web-private
  extensions:
    kusion.io/is-workload: true
    healthPolicy: {health.kcl: assert res.a}
- id: v1:Service:demo:demo-dev-web-private
  type: Kubernetes
  attributes:
    apiVersion: v1
    kind: Service
    metadata:
      creationTimestamp: null
      name: demo-dev-web-private
      namespace: demo
      labels: {app.kubernetes.io/name: web, app.kubernetes.io/part-of: demo}
    spec:
      type: ClusterIP
      selector: {app.kubernetes.io/name: web, app.kubernetes.io/part-of: demo}
      ports: [{name: demo-dev-web-private-80-tcp, port: 80, targetPort: 8080, protocol: TCP}]
    status: {loadBalancer: {}}
  dependsOn: [v1:Namespace:demo]
- id: hashicorp:random:random_password:demo-dev-web-mysql-mysql
  type: Terraform
  attributes: {length: 16, override_special: _, special: true}
  extensions: {provider: registry.terraform.io/hashicorp/random/3.6.0}
- id: hashicorp:aws:aws_security_group:demo-dev-web-mysql-mysql
  type: Terraform
  attributes:
    egress:
    - {cidr_blocks: [0.0.0.0/0], description: '', from_port: 0, ipv6_cidr_blocks: [], prefix_list_ids: [], protocol: '-1', security_groups: [], self: false, to_port: 0}
    ingress:
    - {cidr_blocks: [10.0.0.0/8], description: '', from_port: 3306, ipv6_cidr_blocks: [], prefix_list_ids: [], protocol: tcp, security_groups: [], self: false, to_port: 3306}
- id: hashicorp:aws:aws_db_instance:demo-dev-web-mysql
  type: Terraform
  attributes:
    allocated_storage: 10
    db_subnet_group_name: inner
    engine: mysql
    engine_version: '8.0'
    identifier: demo-dev-web-mysql
    instance_class: db.t3.micro
    password: $kusion_path.hashicorp:random:random_password:demo-dev-web-mysql-mysql.result
    publicly_accessible: false
    skip_final_snapshot: true
    username: root
    vpc_security_group_ids: [$kusion_path.hashicorp:aws:aws_security_group:demo-dev-web-mysql-mysql.id]
- id: v1:Secret:demo:demo-dev-web-mysql-mysql
  type: Kubernetes
  attributes:
    apiVersion: v1
    kind: Secret
    metadata: {creationTimestamp: null, name: demo-dev-web-mysql-mysql, namespace: demo}
    stringData:
      hostAddress: $kusion_path.hashicorp:aws:aws_db_instance:demo-dev-web-mysql.address
      password: $kusion_path.hashicorp:random:random_password:demo-dev-web-mysql-mysql.result
      username: root
  dependsOn: [v1:Namespace:demo]
secretStore: {provider: {aws: {region: us-east-1}}}
context: {KUBECONFIG_PATH: ~/.kube/config}
""",
    "spec.yaml",
).value


def write(directory: Path, *cases: tuple[Mapping[str, Any], Files]) -> Path:
    """Write a directory of vectors: for each case its entry in the index, and its files by name without ``.yaml``.

    A file that is not given is that of the sample; ``None`` stands for one that is not there.
    """
    for entry, files in cases:
        place = directory / entry["name"]
        place.mkdir(parents=True)
        sample = {
            "project": {"name": "demo"},
            "stack": {"name": "dev"},
            "workspace": WORKSPACE,
            "app": APP,
            "spec": SPEC,
            "error": None,
        }
        for name, content in {**sample, **files}.items():
            if name == "error" and content is not None:
                (place / "error.txt").write_text(content)
            elif content is not None:
                (place / f"{name}.yaml").write_text(dump_yaml(content))
    index = [{"kind": "spec", "env": {"AWS_REGION": "us-east-1"}, **entry} for entry, _ in cases]
    (directory / "index.json").write_text(json.dumps(index))
    return directory


def case(directory: Path, entry: Mapping[str, Any] | None = None, **files: Any) -> Case:
    """One case in a directory of its own."""
    [only] = read_cases(write(directory / "vectors", ({"name": "sample", **(entry or {})}, files)))
    return only
