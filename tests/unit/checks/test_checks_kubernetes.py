"""What Kubernetes takes, by the schemas of kubernetes-validate."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kusion_dsl.checks.kubernetes import KubernetesSchemas
from kusion_dsl.checks.schema import Mismatch, mismatches
from kusion_dsl.errors import CompileError

_GIVEN: Mapping[str, Any] = {
    "acme.v1.Machine": {
        "type": ["object", "null"],
        "properties": {
            "metadata": {"$ref": "#/$defs/acme.v1.Meta"},
            "size": {"$ref": "#/$defs/acme.v1.Quantity"},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/acme.v1.Machine"}},
            "labels": {"type": ["object", "null"], "additionalProperties": {"type": ["string", "null"]}},
            "raw": {"type": "object"},
            "anything": {},
            "ready": {"type": ["boolean", "null"]},
            "count": {"type": "integer", "format": "int32"},
        },
        "required": ["size"],
        "additionalProperties": False,
        "x-kubernetes-group-version-kind": [{"group": "acme", "version": "v1", "kind": "Machine"}],
    },
    "acme.v1.Meta": {"type": "object", "properties": {"name": {"type": "string"}}},
    "acme.v1.Quantity": {"oneOf": [{"type": ["string", "null"]}, {"type": ["number", "null"]}]},
    "acme.v1beta1.Tool": {
        "properties": {},
        "x-kubernetes-group-version-kind": [{"group": "acme", "version": "v1beta1", "kind": "Tool"}],
    },
}


@pytest.fixture
def given(tmp_path: Path) -> KubernetesSchemas:
    """The schemas of a release with two kinds."""
    (tmp_path / "_definitions.json").write_text(json.dumps({"$defs": _GIVEN}))
    return KubernetesSchemas(tmp_path, "1.0.0", "1.99.0")


def test_a_kind(given: KubernetesSchemas) -> None:
    schema = given.schema("acme/v1", "Machine")
    assert schema is not None
    root = schema.objects[schema.root]
    assert root.fields == {
        "metadata": ["object", "acme.v1.Meta"],
        "size": ["either", "text", "number"],
        "parts": ["list", ["object", "acme.v1.Machine"]],
        "labels": ["map", "text"],
        "raw": ["map", "any"],
        "anything": "any",
        "ready": "boolean",
        "count": "integer",
    }
    assert list(root.required) == ["size"]
    assert set(schema.objects) == {"acme.v1.Machine", "acme.v1.Meta"}


def test_an_unknown_kind_of_a_stable_version_is_a_mistake(given: KubernetesSchemas) -> None:
    with pytest.raises(CompileError) as caught:
        given.schema("acme/v1", "Machin")
    assert str(caught.value) == "acme/v1 of Kubernetes 1.99.0 has no kind Machin\n  did you mean 'Machine'?"


@pytest.mark.parametrize(("version", "kind"), [("acme/v1beta1", "Hammer"), ("acme.example/v1", "Machine"), ("v1", "A")])
def test_a_kind_that_a_cluster_may_have_is_let_through(given: KubernetesSchemas, version: str, kind: str) -> None:
    assert given.schema(version, kind) is None


@pytest.fixture(scope="module")
def kubernetes() -> KubernetesSchemas:
    """The installed schemas."""
    found = KubernetesSchemas.installed()
    assert found is not None
    return found


POD: Mapping[str, Any] = {"containers": [{"name": "web", "image": "nginx", "ports": [{"containerPort": 80}]}]}


def deployment(pod: Mapping[str, Any] = POD, **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod}
    own = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {**own, **spec}}


def judged(kubernetes: KubernetesSchemas, manifest: Mapping[str, Any]) -> list[Mismatch]:
    schema = kubernetes.schema(manifest["apiVersion"], manifest["kind"])
    assert schema is not None
    return list(mismatches(manifest, schema))


@pytest.mark.parametrize(
    "manifest",
    [
        deployment(),
        deployment(strategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"}}),
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"a": "b"}},
        {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80, "targetPort": "http"}]}},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {"resources": {"requests": {"storage": "1Gi"}}}},
    ],
    ids=lambda manifest: str(manifest["kind"]),
)
def test_what_kubernetes_takes(kubernetes: KubernetesSchemas, manifest: Mapping[str, Any]) -> None:
    assert judged(kubernetes, manifest) == []


@pytest.mark.parametrize(
    ("manifest", "path", "what"),
    [
        (deployment(replicas="2"), ("spec", "replicas"), "is text"),
        (deployment(replcas=2), ("spec", "replcas"), "is no known field"),
        (deployment(selector=None), ("spec", "selector"), "is missing"),
        (
            deployment({"containers": [{"image": "nginx"}]}),
            ("spec", "template", "spec", "containers", 0, "name"),
            "is missing",
        ),
        (deployment({}), ("spec", "template", "spec", "containers"), "is missing"),
        (
            {"apiVersion": "v1", "kind": "ConfigMap", "data": {"port": 80}},
            ("data", "port"),
            "is a number",
        ),
    ],
)
def test_what_kubernetes_refuses(
    kubernetes: KubernetesSchemas, manifest: Mapping[str, Any], path: tuple[Any, ...], what: str
) -> None:
    assert [(each.path, each.what) for each in judged(kubernetes, manifest)] == [(path, what)]


def test_a_resource_definition_may_contain_itself(kubernetes: KubernetesSchemas) -> None:
    inner = {"type": "object", "properties": {"size": {"type": "integer"}, "inner": {"typ": "object"}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": inner}}
    spec = {"group": "a.b", "names": {"kind": "A", "plural": "as"}, "scope": "Cluster", "versions": [version]}
    manifest = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}
    assert [(each.path[-1], each.hint) for each in judged(kubernetes, manifest)] == [("typ", "did you mean 'type'?")]


def test_it_is_not_imported(kubernetes: KubernetesSchemas) -> None:
    kubernetes.schema("apps/v1", "Deployment")
    assert "kubernetes_validate" not in sys.modules


def test_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert KubernetesSchemas.installed() is None
