"""The ancestor's types and ours: the table that :mod:`authoring` goes by.

Sources: the ancestor's schemas, as its vectors name them in ``_type``; ours, the modules in this repository.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from kusion_dsl import secret_ref
from tests.conformance.authoring import TYPE, Arguments, Author, Document, Form, Translate

_SECRET_KEY = re.compile(r"secret://([^/]+)/([^/]+)")
_SECRET_NAME = re.compile(r"secret://([^/]+)")
_BRACED = re.compile(r"\$\{(.*)\}", re.DOTALL)
_LOCAL = ("localhost", "127.0.0.1")


def to(name: str, convert: Callable[[Any], Any] = lambda value: value) -> Translate:
    """The field ``name`` of ours, with the value as it is, or ``convert``\\ ed; objects in it are built."""
    return lambda value, author: {name: convert(author.value(value))}


def leave_out(value: Any, author: Author) -> Arguments:
    """A field that the ancestor never reads, so that no case can say what comes of it."""
    return {}


def unless_zero(name: str) -> Translate:
    """A number of which 0 means to the ancestor that it is not set."""
    return lambda value, author: {name: value} if value else {}


def parts(value: Any, author: Author) -> Arguments:
    """An object of the ancestor whose fields are ours directly: those of the object's own form."""
    form = FORMS[value[TYPE]]
    arguments: Arguments = {}
    for name, item in value.items():
        if name != TYPE:
            arguments.update(form.fields[name](item, author))
    return arguments


def decided_by_platform(module: str, field: str) -> Translate:
    """A field that the platform decides with us: it goes into the workspace's default block for ``module``."""

    def translate(value: Any, author: Author) -> Arguments:
        author.decisions.setdefault(module, {})[field] = value
        return {}

    return translate


def _secret_key(text: str) -> str:
    """``secret://NAME/KEY``, in ``${}`` or not, as a ``secret_ref``; any other text as it is."""
    braced = _BRACED.fullmatch(text)
    match = _SECRET_KEY.fullmatch(braced[1] if braced else text)
    return secret_ref(match[1], key=match[2]) if match else text


def _secret_name(text: str) -> str:
    braced = _BRACED.fullmatch(text)
    match = _SECRET_NAME.fullmatch(braced[1] if braced else text)
    return match[1] if match else text


def _variables(env: Mapping[str, str]) -> Mapping[str, str]:
    """In variables the ancestor does not know the form with ``${}``."""
    return {name: value if value.startswith("${") else _secret_key(value) for name, value in env.items()}


def _http(url: str, author: Author) -> Arguments:
    """``http://HOST:PORT/PATH``, or a path alone; the pod itself is meant where the host is this machine."""
    address = urlsplit(url)
    host = None if address.hostname in _LOCAL else address.hostname
    scheme = {"scheme": address.scheme.upper()} if address.scheme else {}
    return {"path": address.path or None, "port": address.port, "host": host, **scheme}


def _tcp(url: str, author: Author) -> Arguments:
    """``HOST:PORT``, or ``tcp://HOST:PORT``; the host is kept, whichever it is."""
    address = urlsplit(url if "//" in url else f"//{url}")
    return {"host": address.hostname, "port": address.port}


def _handler(package: str, suffix: str, key: str = "") -> Callable[[Document], str]:
    """Our class for a probe or a hook, by the type of its handler."""

    def choose(document: Document) -> str:
        kind = str((document[key] if key else document)[TYPE]).rpartition(".")[2]
        return f"{package}:{kind}{suffix}"

    return choose


def _backend(document: Document) -> str:
    return "kusion_network:ResourceBackend" if "resource" in document else "kusion_network:ServiceBackend"


def _workload(kind: str, package: str) -> Mapping[str, Form]:
    """The types that the ancestor's modules for workloads have one copy of each."""
    probe = {
        "probeHandler": parts,
        "initialDelaySeconds": unless_zero("initial_delay_seconds"),
        "timeoutSeconds": unless_zero("timeout_seconds"),
        "periodSeconds": unless_zero("period_seconds"),
        "successThreshold": unless_zero("success_threshold"),
        "failureThreshold": unless_zero("failure_threshold"),
        "terminationGracePeriod": leave_out,
    }
    container = {
        "image": to("image"),
        "command": to("command"),
        "args": to("args"),
        "env": to("env", _variables),
        "workingDir": to("working_dir"),
        "resources": to("resources"),
        "files": to("files"),
        "dirs": to("dirs", lambda dirs: {path: _secret_name(source) for path, source in dirs.items()}),
        "livenessProbe": to("liveness_probe"),
        "readinessProbe": to("readiness_probe"),
        "startupProbe": to("startup_probe"),
        "lifecycle": to("lifecycle"),
    }
    file = {"content": to("content"), "contentFrom": to("content_from", _secret_key), "mode": to("mode")}
    secret = {"type": to("type"), "params": leave_out, "data": to("data"), "immutable": to("immutable")}
    handlers: Mapping[str, Mapping[str, Translate]] = {
        "Exec": {"command": to("command")},
        "Http": {"url": _http, "headers": to("headers")},
        "Tcp": {"url": _tcp},
    }
    return {
        f"{kind}.container.Container": Form(f"{package}:Container", container),
        f"{kind}.container.FileSpec": Form(f"{package}:FileSpec", file),
        f"{kind}.container.probe.Probe": Form("", probe, _handler(package, "Probe", "probeHandler")),
        **{f"{kind}.container.probe.{name}": Form(f"{package}:{name}Hook", rules) for name, rules in handlers.items()},
        f"{kind}.container.lifecycle.Lifecycle": Form(
            f"{package}:Lifecycle", {"preStop": to("pre_stop"), "postStart": to("post_start")}
        ),
        f"{kind}.secret.Secret": Form(f"{package}:SecretSpec", secret),
    }


_WORKLOAD_FIELDS: Mapping[str, Translate] = {
    "containers": to("containers"),
    "secrets": to("secrets"),
    "labels": to("labels"),
    "annotations": to("annotations"),
}
_SPREAD = {
    "maxSkew": to("max_skew"),
    "topologyKey": to("topology_key"),
    "whenUnsatisfiable": to("when_unsatisfiable"),
    "labelSelector": to("label_selector"),
    "matchLabelKeys": to("match_label_keys"),
    "minDomains": to("min_domains"),
    "nodeAffinityPolicy": to("node_affinity_policy"),
    "nodeTaintsPolicy": to("node_taints_policy"),
}
_SERVICE: Mapping[str, Form] = {
    "service.Service": Form(
        "kusion_service:Service",
        {
            **_WORKLOAD_FIELDS,
            "replicas": to("replicas"),
            "topologySpreadConstraints": to("topology_spread_constraints"),
            "type": decided_by_platform("service", "type"),
        },
    ),
    "service.topologyspreadconstraint.TopologySpreadConstraint": Form(
        "kusion_service:TopologySpreadConstraint", _SPREAD
    ),
    "service.topologyspreadconstraint.LabelSelector": Form(
        "kusion_service:LabelSelector",
        {"matchLabels": to("match_labels"), "matchExpressions": to("match_expressions")},
    ),
    "service.topologyspreadconstraint.LabelSelectorRequirement": Form(
        "kusion_service:LabelSelectorRequirement",
        {"key": to("key"), "operator": to("operator"), "values": to("values")},
    ),
}
_JOB: Mapping[str, Form] = {
    "job.Job": Form("kusion_job:Job", {**_WORKLOAD_FIELDS, "replicas": leave_out, "schedule": to("schedule")}),
}

_REFERENCE = {"kind": to("kind"), "name": to("name"), "apiGroup": to("api_group")}
_NETWORK: Mapping[str, Form] = {
    "network.Network": Form(
        "kusion_network:Network",
        {"ports": to("ports"), "ingress": to("ingress"), "ingressClass": to("ingress_class")},
    ),
    "network.Port": Form(
        "kusion_network:Port",
        {
            "port": to("port"),
            "targetPort": to("target_port"),
            "protocol": to("protocol"),
            "public": to("public"),
        },
    ),
    "network.ingress.Ingress": Form(
        "kusion_network:Ingress",
        {
            "defaultBackend": to("default_backend"),
            "ingressClassName": to("ingress_class_name"),
            "rules": to("rules"),
            "tls": to("tls"),
            "labels": to("labels"),
            "annotations": to("annotations"),
        },
    ),
    "network.ingress.IngressBackend": Form("", {"service": parts, "resource": parts}, _backend),
    "network.ingress.IngressServiceBackend": Form("", {"name": to("name"), "port": parts}),
    "network.ingress.ServiceBackendPort": Form("", {"name": to("port"), "number": to("port")}),
    "network.ingress.TypedLocalObjectReference": Form("", _REFERENCE),
    "network.ingress.IngressRule": Form("kusion_network:IngressRule", {"host": to("host"), "http": parts}),
    "network.ingress.HTTPIngressRuleValue": Form("", {"paths": to("paths")}),
    "network.ingress.HTTPIngressPath": Form(
        "kusion_network:IngressPath",
        {"path": to("path"), "pathType": to("path_type"), "backend": to("backend")},
    ),
    "network.ingress.IngressTLS": Form(
        "kusion_network:IngressTLS", {"hosts": to("hosts"), "secretName": to("secret_name")}
    ),
    "network.ingress.IngressClass": Form(
        "kusion_network:IngressClass",
        {
            "controller": to("controller"),
            "parameters": to("parameters"),
            "labels": to("labels"),
            "annotations": to("annotations"),
        },
    ),
    "network.ingress.IngressClassParametersReference": Form(
        "kusion_network:IngressClassParameters",
        {**_REFERENCE, "namespace": to("namespace"), "scope": to("scope")},
    ),
}

_DATABASE = {"type": to("type"), "version": to("version")}
_ACCESSORIES: Mapping[str, Form] = {
    "mysql.MySQL": Form("kusion_mysql:MySQL", _DATABASE),
    "postgres.PostgreSQL": Form("kusion_postgres:Postgres", _DATABASE),
    "monitoring.Prometheus": Form("kusion_monitoring:Prometheus", {"path": to("path"), "port": to("port")}),
    "opsrule.OpsRule": Form("kusion_opsrule:OpsRule", {"maxUnavailable": to("max_unavailable")}),
    "k8s_manifest.K8sManifest": Form("kusion_k8s_manifest:K8sManifest", {"paths": to("paths")}),
    "inference.v1.inference.Inference": Form(
        "kusion_inference:Inference",
        {
            name: to(name)
            for name in (
                "model",
                "framework",
                "system",
                "template",
                "top_k",
                "top_p",
                "temperature",
                "num_predict",
                "num_ctx",
            )
        },
    ),
    "opensearch.OpenSearch": Form(
        "kusion_opensearch:OpenSearch", {"domainName": to("domain_name"), "engineVersion": to("engine_version")}
    ),
}

_SCAFFOLD: Mapping[str, Form] = {
    "kawesome.v1.kawesome.Kawesome": Form(
        "tests.conformance.scaffolded:Kawesome", {"service": to("service"), "randomPassword": to("random_password")}
    ),
    "kawesome.v1.kawesome.Service": Form(
        "tests.conformance.scaffolded:Service",
        {"port": to("port"), "targetPort": to("target_port"), "protocol": to("protocol")},
    ),
    "kawesome.v1.kawesome.RandomPassword": Form(
        "tests.conformance.scaffolded:RandomPassword", {"length": to("length")}
    ),
}
"""The module that the ancestor's template for modules makes; ours is made by ``kusion module init kawesome``."""

FORMS: Mapping[str, Form] = {
    **_workload("service", "kusion_service"),
    **_workload("job", "kusion_job"),
    **_SERVICE,
    **_JOB,
    **_NETWORK,
    **_ACCESSORIES,
    **_SCAFFOLD,
}
"""The form of each of the ancestor's types."""
