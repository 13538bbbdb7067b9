"""A compiled Spec against what is installed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pytest

from kusion_dsl.checks.cache import SchemaCache
from kusion_dsl.checks.kubernetes import KubernetesSchemas
from kusion_dsl.checks.spec import check_spec
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.errors import CompileError, Position
from kusion_dsl.model.provenance import Origin, Provenance
from kusion_dsl.model.reference import Path
from kusion_dsl.model.spec import Spec, SpecResource

AUTHOR = Origin("author", "Shop.database", Position("shop/app.py", 9))
WORKSPACE = Origin("workspace", "workspace prod", Position("workspace.yaml", 12, 7))
MODULE = Origin("module", "kusion-postgres 0.1.0")


def instance(**attributes: Any) -> SpecResource:
    return SpecResource("aws:rds/instance:Instance:db", "aws:rds/instance:Instance", attributes)


def manifest(**attributes: Any) -> SpecResource:
    base = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    return SpecResource("apps/v1:Deployment:web", "kubernetes:apps/v1:Deployment", {**base, **attributes})


def pod(*containers: Mapping[str, Any]) -> dict[str, Any]:
    return {"selector": {}, "template": {"spec": {"containers": list(containers)}}}


def compiled(*resources: SpecResource, **origins: Mapping[Path, tuple[Origin, ...]]) -> Compiled:
    """With the origins of the resources by their types' last part."""
    fields = {
        each.id: {
            path: tuple((lambda origin=origin: origin) for origin in found)
            for path, found in origins.get(each.type.rpartition(":")[2], {}).items()
        }
        for each in resources
    }
    return Compiled(Spec(resources), Provenance(fields))


def refused(*resources: SpecResource, **origins: Mapping[Path, tuple[Origin, ...]]) -> str:
    with pytest.raises(CompileError) as caught:
        check_spec(compiled(*resources, **origins), SchemaCache())
    return str(caught.value)


def test_what_fits_is_let_through() -> None:
    database = instance(
        instanceClass="db.t3.micro", vpcSecurityGroupIds=["${aws:ec2/securityGroup:SecurityGroup:a#id}"]
    )
    check_spec(compiled(database, manifest(spec=pod({"name": "web"}))), SchemaCache())


@pytest.mark.parametrize("type", ["acme:web/site:Site", "kusion:index:RandomPassword", "kubernetes:acme.io/v1:Machine"])
def test_what_nobody_knows_is_let_through(type: str) -> None:
    attributes = {"apiVersion": "acme.io/v1", "kind": "Machine", "metadata": {"name": "a"}, "whatever": 1}
    check_spec(compiled(SpecResource(f"{type}:a", type, attributes)), SchemaCache())


def test_the_place_of_a_field_is_where_it_can_be_changed() -> None:
    message = refused(
        instance(instanceClass="a", allocatedStorage="20"),
        Instance={(): (MODULE, AUTHOR), ("allocatedStorage",): (WORKSPACE,)},
    )
    assert message.splitlines() == [
        "workspace.yaml:12:7: allocatedStorage of aws:rds/instance:Instance:db is text",
        "  from workspace.yaml:12:7 (workspace prod), kusion-postgres 0.1.0, shop/app.py:9 (Shop.database)",
        "  it must be a whole number",
    ]


def test_what_a_module_made_is_told_with_the_author_s_line_and_the_module() -> None:
    message = refused(instance(instanceClas="a", instanceClass="b"), Instance={(): (MODULE, AUTHOR)})
    assert message.splitlines() == [
        "shop/app.py:9: instanceClas of aws:rds/instance:Instance:db is no known field",
        "  from kusion-postgres 0.1.0, shop/app.py:9 (Shop.database)",
        "  did you mean 'instanceClass'?",
    ]


def test_without_a_place_the_resource_is_named() -> None:
    assert refused(instance()).splitlines() == [
        "instanceClass of aws:rds/instance:Instance:db is missing",
        "  set it to text",
    ]


def test_a_field_is_called_as_previews_call_it() -> None:
    message = refused(manifest(spec=pod({"name": "web", "imag": "a"}, {"name": "log", "env": [{"value": "a"}]})))
    assert "spec.template.spec.containers[web].imag of apps/v1:Deployment:web is no known field" in message
    assert "spec.template.spec.containers[log].env[0].name of apps/v1:Deployment:web is missing" in message


def test_a_mapping_is_told_with_who_put_its_first_part_there() -> None:
    spec = {**pod({"name": "web"}), "extra": {"a": 1, "b": 2}}
    origins: Mapping[Path, tuple[Origin, ...]] = {(): (MODULE,), ("spec", "extra", "a"): (AUTHOR,)}
    assert refused(manifest(spec=spec), Deployment=origins).splitlines()[:2] == [
        "shop/app.py:9: spec.extra of apps/v1:Deployment:web is no known field",
        "  from shop/app.py:9 (Shop.database), kusion-postgres 0.1.0",
    ]


def test_an_object_that_lacks_a_field_is_told_with_who_put_its_first_part_there() -> None:
    origins: Mapping[Path, tuple[Origin, ...]] = {(): (MODULE,), ("spec", "selector", "matchLabels", "a"): (AUTHOR,)}
    spec = {"selector": {"matchLabels": {"a": "b"}}}
    assert refused(manifest(spec=spec), Deployment=origins).splitlines()[:2] == [
        "shop/app.py:9: spec.template of apps/v1:Deployment:web is missing",
        "  from shop/app.py:9 (Shop.database), kusion-postgres 0.1.0",
    ]


def test_everything_is_told_at_once() -> None:
    unknown = SpecResource("aws:rds/instnce:Instance:a", "aws:rds/instnce:Instance", {})
    wrong = SpecResource(
        "v1:Secrt:a", "kubernetes:core/v1:Secrt", {"apiVersion": "v1", "kind": "Secrt", "metadata": {"name": "a"}}
    )
    message = refused(instance(port="1"), unknown, wrong, Instance={(): (AUTHOR,)})
    installed = KubernetesSchemas.installed()
    assert installed is not None
    assert [line for line in message.splitlines() if not line.startswith("  ")] == [
        "shop/app.py:9: port of aws:rds/instance:Instance:db is text",
        "shop/app.py:9: instanceClass of aws:rds/instance:Instance:db is missing",
        f"shop/app.py:9: the provider aws {version('pulumi-aws')} has no resource type 'aws:rds/instnce:Instance'",
        f"v1:Secrt:a: v1 of Kubernetes {installed.release} has no kind Secrt",
    ]


def test_no_sdk_is_imported() -> None:
    check_spec(compiled(instance(instanceClass="a"), manifest(spec=pod({"name": "web"}))), SchemaCache())
    assert not {"pulumi_aws", "pulumi_kubernetes", "kubernetes_validate"} & set(sys.modules)


def test_an_installation_that_is_broken(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "pulumi_acme"
    root.mkdir()
    (root / "__init__.py").write_text("register(resource_modules=")
    (root / "pulumi-plugin.json").write_text('{"version": "1.0.0"}')
    monkeypatch.syspath_prepend(str(tmp_path))
    message = refused(SpecResource("acme:a:A:a", "acme:a:A", {}))
    assert message.startswith("acme:a:A:a: the installed pulumi-acme cannot be read: SyntaxError")
    assert message.endswith("repair it: pip install --force-reinstall pulumi-acme")
