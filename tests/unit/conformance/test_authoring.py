"""What the ancestor's developers wrote, as objects of ours: every type and every field of its schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kusion_dsl.documents import load_yaml
from kusion_dsl.errors import AppError
from tests.conformance.authoring import Author
from tests.conformance.forms import FORMS
from tests.conformance.generation import generate, workspace_of
from tests.unit.conformance.vectors import case

WEB = """
web:
  workload:
    containers:
      main:
        image: web:1
        command: [run]
        args: [--all]
        env: {PLAIN: '1', KEY: secret://keys/a, BRACED: "${secret://keys/a}"}
        workingDir: /srv
        resources: {cpu: 0.5-1, memory: 1024Mi}
        files:
          /etc/a: {content: text, mode: '0600', _type: service.container.FileSpec}
          /etc/b/c: {contentFrom: "${secret://keys/a}", mode: '0400', _type: service.container.FileSpec}
        dirs: {/run/keys: secret://keys}
        livenessProbe:
          probeHandler: {command: [check], _type: service.container.probe.Exec}
          initialDelaySeconds: 0
          timeoutSeconds: 2
          periodSeconds: 3
          successThreshold: 1
          failureThreshold: 4
          terminationGracePeriod: 5
          _type: service.container.probe.Probe
        readinessProbe:
          probeHandler:
            url: https://example.com:8443/ready?x=1
            headers: {X-A: '1'}
            _type: service.container.probe.Http
          successThreshold: 2
          _type: service.container.probe.Probe
        startupProbe:
          probeHandler: {url: localhost:1234, _type: service.container.probe.Tcp}
          _type: service.container.probe.Probe
        lifecycle:
          preStop: {command: [stop], _type: service.container.probe.Exec}
          postStart: {url: "http://127.0.0.1:80/started", _type: service.container.probe.Http}
          _type: service.container.lifecycle.Lifecycle
        _type: service.container.Container
    secrets:
      keys: {type: opaque, data: {a: b}, params: {unused: x}, immutable: true, _type: service.secret.Secret}
    replicas: 2
    labels: {team: a}
    annotations: {note: b}
    topologySpreadConstraints:
      zones:
        maxSkew: 1
        topologyKey: zone
        whenUnsatisfiable: DoNotSchedule
        labelSelector:
          matchLabels: {a: b}
          matchExpressions:
          - {key: k, operator: In, values: [v], _type: service.topologyspreadconstraint.LabelSelectorRequirement}
          _type: service.topologyspreadconstraint.LabelSelector
        matchLabelKeys: [hash]
        minDomains: 2
        nodeAffinityPolicy: Honor
        nodeTaintsPolicy: Ignore
        _type: service.topologyspreadconstraint.TopologySpreadConstraint
    _type: service.Service
  labels: {app: all}
  accessories:
    network:
      ports:
      - {port: 80, targetPort: 8080, protocol: UDP, public: true, _type: network.Port}
      ingress:
        ingressClassName: nginx
        defaultBackend:
          resource: {kind: Bucket, name: b, apiGroup: k8s.example, _type: network.ingress.TypedLocalObjectReference}
          _type: network.ingress.IngressBackend
        rules:
        - host: a.example
          http:
            paths:
            - path: /
              pathType: Exact
              backend:
                service:
                  name: other
                  port: {name: http, _type: network.ingress.ServiceBackendPort}
                  _type: network.ingress.IngressServiceBackend
                _type: network.ingress.IngressBackend
              _type: network.ingress.HTTPIngressPath
            _type: network.ingress.HTTPIngressRuleValue
          _type: network.ingress.IngressRule
        tls: [{hosts: [a.example], secretName: crt, _type: network.ingress.IngressTLS}]
        labels: {l: m}
        annotations: {n: o}
        _type: network.ingress.Ingress
      ingressClass:
        controller: example.com/controller
        parameters:
          apiGroup: g
          kind: K
          name: n
          namespace: ns
          scope: Namespace
          _type: network.ingress.IngressClassParametersReference
        labels: {p: q}
        annotations: {r: s}
        _type: network.ingress.IngressClass
      _type: network.Network
  _type: kam.v1.app_configuration.AppConfiguration
"""


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The attributes of everything that is made of the application."""
    app = load_yaml(WEB, "app.yaml").value
    spec = generate(case(tmp_path_factory.mktemp("case"), app=app, workspace={})).spec
    return {resource.id: resource.attributes for resource in spec.resources}


def test_a_workload_and_its_container(objects: dict[str, Any]) -> None:
    deployment = objects["apps/v1:Deployment:demo:demo-dev-web"]
    assert deployment["spec"]["replicas"] == 2
    assert deployment["metadata"]["annotations"] == {"note": "b"}
    assert deployment["metadata"]["labels"] == {
        "app": "all",
        "app.kubernetes.io/name": "web",
        "app.kubernetes.io/part-of": "demo",
        "team": "a",
    }
    pod = deployment["spec"]["template"]["spec"]
    key = {"secretKeyRef": {"name": "keys", "key": "a"}}
    assert pod["containers"] == [
        {
            "name": "main",
            "image": "web:1",
            "command": ["run"],
            "args": ["--all"],
            "workingDir": "/srv",
            "env": [
                {"name": "BRACED", "value": "$${secret://keys/a}"},
                {"name": "KEY", "valueFrom": key},
                {"name": "PLAIN", "value": "1"},
            ],
            "resources": {"requests": {"cpu": "500m"}, "limits": {"cpu": "1", "memory": "1Gi"}},
            "volumeMounts": [
                {"name": "demo-dev-web-main-0", "mountPath": "/etc/a", "subPath": "a"},
                {"name": "keys", "mountPath": "/etc/b/c", "subPath": "a"},
                {"name": "keys-2", "mountPath": "/run/keys"},
            ],
            "livenessProbe": {
                "exec": {"command": ["check"]},
                "timeoutSeconds": 2,
                "periodSeconds": 3,
                "successThreshold": 1,
                "failureThreshold": 4,
            },
            "readinessProbe": {
                "httpGet": {
                    "path": "/ready",
                    "port": 8443,
                    "host": "example.com",
                    "scheme": "HTTPS",
                    "httpHeaders": [{"name": "X-A", "value": "1"}],
                },
                "successThreshold": 2,
            },
            "startupProbe": {"tcpSocket": {"host": "localhost", "port": 1234}},
            "lifecycle": {
                "preStop": {"exec": {"command": ["stop"]}},
                "postStart": {"httpGet": {"path": "/started", "port": 80, "scheme": "HTTP"}},
            },
        }
    ]
    assert pod["topologySpreadConstraints"] == [
        {
            "maxSkew": 1,
            "topologyKey": "zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {
                "matchLabels": {"a": "b"},
                "matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}],
            },
            "matchLabelKeys": ["hash"],
            "minDomains": 2,
            "nodeAffinityPolicy": "Honor",
            "nodeTaintsPolicy": "Ignore",
        }
    ]
    assert [volume.get("secret", {}).get("defaultMode") for volume in pod["volumes"]] == [None, 0o400, None]
    assert objects["v1:Secret:demo:keys"]["immutable"] is True
    assert objects["v1:Secret:demo:keys"]["data"] == {"a": "Yg=="}


def test_a_network(objects: dict[str, Any]) -> None:
    service = objects["v1:Service:demo:demo-dev-web-public"]["spec"]
    assert service["ports"] == [
        {"name": "demo-dev-web-public-80-udp", "port": 80, "targetPort": 8080, "protocol": "UDP"}
    ]
    ingress = objects["networking.k8s.io/v1:Ingress:demo:demo-dev-web-ingress"]
    assert ingress["metadata"]["annotations"] == {"n": "o"}
    assert ingress["metadata"]["labels"] == {"app": "all", "l": "m"}
    backend = {"service": {"name": "other", "port": {"name": "http"}}}
    assert ingress["spec"] == {
        "ingressClassName": "nginx",
        "defaultBackend": {"resource": {"apiGroup": "k8s.example", "kind": "Bucket", "name": "b"}},
        "rules": [{"host": "a.example", "http": {"paths": [{"path": "/", "pathType": "Exact", "backend": backend}]}}],
        "tls": [{"hosts": ["a.example"], "secretName": "crt"}],
    }
    ingress_class = objects["networking.k8s.io/v1:IngressClass:demo-dev-web-ingressclass"]
    assert ingress_class["metadata"] == {
        "name": "demo-dev-web-ingressclass",
        "labels": {"app": "all", "p": "q"},
        "annotations": {"r": "s"},
    }
    assert ingress_class["spec"] == {
        "controller": "example.com/controller",
        "parameters": {"apiGroup": "g", "kind": "K", "name": "n", "namespace": "ns", "scope": "Namespace"},
    }


def build(document: str) -> Any:
    return Author(FORMS).value(load_yaml(document, "app.yaml").value)


def test_jobs() -> None:
    container = "{image: x, env: {A: secret://s/k}, _type: job.container.Container}"
    job = build(f"{{containers: {{a: {container}}}, schedule: '', replicas: 3, _type: job.Job}}")
    assert type(job).__module__.startswith("kusion_job")
    assert (job.schedule, list(job.containers)) == ("", ["a"])
    probe = "{probeHandler: {command: [a], _type: job.container.probe.Exec}, _type: job.container.probe.Probe}"
    assert build(probe).command == ["a"]


@pytest.mark.parametrize(
    ("document", "name", "fields"),
    [
        ("{type: local, version: '8.0', _type: mysql.MySQL}", "MySQL", {"type": "local", "version": "8.0"}),
        ("{type: cloud, version: '14', _type: postgres.PostgreSQL}", "Postgres", {"type": "cloud", "version": "14"}),
        ("{path: /m, port: web, _type: monitoring.Prometheus}", "Prometheus", {"path": "/m", "port": "web"}),
        ("{maxUnavailable: 30%, _type: opsrule.OpsRule}", "OpsRule", {"max_unavailable": "30%"}),
        ("{paths: [a.yaml], _type: k8s_manifest.K8sManifest}", "K8sManifest", {"paths": ["a.yaml"]}),
        (
            "{domainName: logs, engineVersion: OpenSearch_2.13, _type: opensearch.OpenSearch}",
            "OpenSearch",
            {"domain_name": "logs", "engine_version": "OpenSearch_2.13"},
        ),
        (
            "{model: llama3, framework: Ollama, system: a, template: b, top_k: 1, top_p: 0.5, temperature: 0.1,"
            " num_predict: 2, num_ctx: 3, _type: inference.v1.inference.Inference}",
            "Inference",
            {
                "model": "llama3",
                "framework": "Ollama",
                "system": "a",
                "template": "b",
                "top_k": 1,
                "top_p": 0.5,
                "temperature": 0.1,
                "num_predict": 2,
                "num_ctx": 3,
            },
        ),
    ],
)
def test_accessories(document: str, name: str, fields: dict[str, Any]) -> None:
    built = build(document)
    assert type(built).__name__ == name
    assert {field: getattr(built, field) for field in built.model_fields_set} == fields


def test_every_type_that_can_be_built_is_one_of_ours() -> None:
    """The forms without a class are parts of others: of a probe, of a backend."""
    parts = {kind for kind, form in FORMS.items() if not form.component}
    assert all("probe.Probe" in kind or kind.startswith("network.ingress.") for kind in parts)


def test_what_no_model_of_ours_takes_is_an_error_of_ours() -> None:
    with pytest.raises(AppError, match="names a Kubernetes Secret by secret_ref"):
        build("{image: x, env: {A: secret://only-name}, _type: service.container.Container}")


def test_what_developers_do_not_decide_goes_to_the_platform(tmp_path: Path) -> None:
    author = Author(FORMS)
    document = (
        "{containers: {a: {image: x, _type: service.container.Container}}, type: CollaSet, _type: service.Service}"
    )
    author.value(load_yaml(document, "app.yaml").value)
    workspace = {"modules": {"service": {"version": "1", "path": "oci://x", "configs": {"default": {"replicas": 2}}}}}
    sample = case(tmp_path, {"env": {"AWS_REGION": "here"}})
    assert workspace_of(workspace, sample, author.decisions) == {
        "modules": {"service": {"configs": {"default": {"replicas": 2, "type": "CollaSet"}}}},
        "context": {"AWS_REGION": "here"},
    }
    assert workspace["modules"]["service"]["version"] == "1", "the case's own document stays as it is"
