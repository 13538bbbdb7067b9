"""The JSON Schemas that editors check YAML files by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kusion_dsl.discovery.modules import module_entries
from kusion_dsl.documents import load_yaml
from kusion_dsl.operations.schema import KINDS, schema_of


def errors(kind: str, text: str) -> list[str]:
    """What an editor would mark in a file: the paths."""
    validator = Draft202012Validator(schema_of(kind).document)
    found = validator.iter_errors(load_yaml(text, f"{kind}.yaml").value or {})
    return sorted(each.json_path.removeprefix("$.") for each in found)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_schema_of_the_draft_that_it_names(kind: str) -> None:
    document = schema_of(kind).document
    Draft202012Validator.check_schema(document)
    assert document["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_reference_leads_somewhere_and_everything_is_referred_to(kind: str) -> None:
    document = schema_of(kind).document
    referred = {each.removeprefix("#/$defs/") for each in _references(document)}
    assert referred == set(document["$defs"])


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


EXTENSION = "extensions: [{kind: kubernetesNamespace, kubernetesNamespace: {namespace: shop}}]\n"


@pytest.mark.parametrize("kind", ["project", "stack"])
def test_projects_and_stacks(kind: str) -> None:
    assert errors(kind, f"name: shop\nlabels: {{team: shop}}\n{EXTENSION}") == []
    assert errors(kind, EXTENSION.replace("kind: kubernetesNamespace", "kind: other")) == ["$", "extensions[0].kind"]
    assert errors(kind, "name: shop\nnmae: shop") == ["$"]
    assert errors(kind, "name: 3") == ["name"]
    assert (errors(kind, "name: shop\nworkspace: prod") == []) is (kind == "stack")


GOOD = """
modules:
  service:
    version: ">=0.1"
    configs:
      default: {replicas: 3, type: CollaSet, labels: {team: shop}, healthPolicy: {health.kcl: assert res.a}}
      sure: {projectSelector: [bank], security: {runAsNonRoot: true}, tolerations: [{key: spot, effect: NoSchedule}]}
      some: {projectSelector: [shop, "team-*"], replicas: 6}
      large: {stackSelector: [prod], appSelector: [api], autoscale: {min: 2, max: 9, cpu: 70}}
  network:
    configs:
      default:
  mysql:
    path: oci://ghcr.io/kusionstack/mysql
    configs:
      default: {cloud: aws, securityIPs: [10.0.0.0/8], importedResources: {a: b}}
  not-installed:
    configs:
      default: {anything: 1}
      some: {projectSelector: [shop], anything: 1}
patches:
- {kind: Deployment, projectSelector: [shop], merge: {spec: {paused: true}}}
- {name: "*-private", jsonPatch: [{op: remove, path: /spec/type}]}
context: {target: {kind: cluster}, AWS_REGION: eu-central-1}
secretStore: {provider: {aws: {region: eu-central-1}}}
"""


def test_a_workspace() -> None:
    assert errors("workspace", GOOD) == []
    assert errors("workspace", "") == []


@pytest.mark.parametrize(
    ("right", "wrong", "marked"),
    [
        ("modules:", "modlues:", ["$"]),
        ("replicas: 3", "replicas: many", ["modules.service.configs.default.replicas"]),
        ("replicas: 3", "replicsa: 3", ["modules.service.configs.default"]),
        ("type: CollaSet", "type: StatefulSet", ["modules.service.configs.default.type"]),
        ("replicas: 6", "relicas: 6", ["modules.service.configs.some"]),
        ('[shop, "team-*"]', "[]", ["modules.service.configs.some.projectSelector"]),
        ('{projectSelector: [shop, "team-*"], replicas: 6}', "{replicas: 6}", ["modules.service.configs.some"] * 2),
        ("stackSelector: [prod]", "stackSelector: []", ["modules.service.configs.large.stackSelector"]),
        ("{min: 2, max: 9, cpu: 70}", "{min: 2}", ["modules.service.configs.large.autoscale"]),
        ("runAsNonRoot: true", "run_as_non_root: true", ["modules.service.configs.sure.security"]),
        ("runAsNonRoot: true", "runAsNonRoot: maybe", ["modules.service.configs.sure.security"]),
        ("effect: NoSchedule", "effect: No", ["modules.service.configs.sure.tolerations"]),
        ("{kind: Deployment, ", "{knd: Deployment, ", ["patches[0]"]),
        ("jsonPatch: [", "json_patch: [", ["patches[1]"]),
        ("{health.kcl: assert res.a}", "{}", ["modules.service.configs.default.healthPolicy"]),
        ("{a: b}", "[a]", ["modules.mysql.configs.default.importedResources"]),
        ("[10.0.0.0/8]", "10.0.0.0/8", ["modules.mysql.configs.default.securityIPs"]),
        ("path: oci", "paht: oci", ["modules.mysql"]),
        ("region: eu-central-1}", "regoin: a}", ["secretStore"]),
        ("aws: {region", "fake: {region", ["secretStore"]),
        ("{aws: {region: eu-central-1}}", "{aws: {region: a}, env: {}}", ["secretStore"]),
        ("{aws: {region: eu-central-1}}", "{}", ["secretStore"]),
    ],
)
def test_what_is_wrong_in_a_workspace_is_marked(right: str, wrong: str, marked: list[str]) -> None:
    assert right in GOOD
    assert errors("workspace", GOOD.replace(right, wrong)) == marked


def test_every_installed_module_is_there_with_its_summary() -> None:
    modules = schema_of("workspace").document["properties"]["modules"]["properties"]
    assert modules.keys() == {entry.name for entry in module_entries()} >= {"service", "network", "postgres"}
    assert all(module["description"] for module in modules.values())


def test_fields_say_what_stands_behind_them_in_the_source() -> None:
    modules = schema_of("workspace").document["properties"]["modules"]["properties"]
    service = modules["service"]["properties"]["configs"]["properties"]["default"]["properties"]
    assert service["type"]["description"].startswith("The kind of the workload")
    assert service["replicas"]["description"] == (
        "How many pods; 1 in Kubernetes where neither the developer nor the platform says. Developers may set it, too: "
        "the developer's value, else the platform's; mappings are merged, the developer's keys win."
    )
    assert schema_of("stack").document["properties"]["workspace"]["description"].startswith("The workspace, unless")


def test_every_field_of_a_platforms_side_is_described() -> None:
    modules = schema_of("workspace").document["properties"]["modules"]["properties"]
    undescribed = [
        f"{name}.{field}"
        for name, module in modules.items()
        for field, described in module["properties"]["configs"]["properties"]["default"]["properties"].items()
        if not described.get("description")
    ]
    assert undescribed == []


@pytest.mark.parametrize(
    ("target", "fits"),
    [
        ("cluster", True),
        ("pods", False),
        ("{kind: manifests, directory: out}", True),
        (
            "{directory: out, secrets: external, store: {name: vault, kind: ClusterSecretStore, refreshInterval: 1h}}",
            True,
        ),
        ("{kind: manifests, secrets: extern}", False),
        ("{kind: manifests, secrets: external, store: {kind: SecretStore}}", False),
        ("{kind: manifests, store: {name: vault, namespace: a}}", False),
        ("{kind: cluster, kubeconfig: ref://K, context: admin, identifier: eu, timeout: 5m}", True),
        ("{kind: cluster, directory: out}", False),
    ],
)
def test_a_target_is_one_of_those_that_there_are(target: str, fits: bool) -> None:
    assert errors("workspace", f"context: {{team: web, target: {target}}}") == ([] if fits else ["context.target"])
