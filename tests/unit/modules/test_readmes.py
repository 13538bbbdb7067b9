"""What the READMEs of the modules show works."""

import re
from pathlib import Path
from typing import Any

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.documents import load_yaml
from kusion_dsl.module import Module
from kusion_dsl.testing import compile_app

MODULES = Path(__file__).parents[3] / "modules"


def blocks(module: str, language: str) -> list[str]:
    """The code blocks of a module's README in one language."""
    text = (MODULES / module / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "readme"}
    exec(code, names)
    return names


@pytest.mark.parametrize("module", ["mysql", "opensearch", "postgres"])
def test_the_application_compiles_in_the_workspace(module: str) -> None:
    [code], [workspace] = blocks(module, "python"), blocks(module, "yaml")
    [app] = [
        each
        for each in run(code).values()
        if isinstance(each, type) and issubclass(each, AppConfiguration) and each is not AppConfiguration
    ]
    assert load_yaml(workspace, "README.md").value["modules"][module]
    ids = [resource.id for resource in compile_app(app, workspace=workspace).spec.resources]
    assert any(id.startswith(("aws:", "kusion:")) for id in ids)


def test_another_engine_is_described_in_a_few_lines() -> None:
    [code] = blocks("database", "python")
    names = run(code)
    module: Module[Any, Any] = names["mariadb"]
    app = AppConfiguration(name="shop", accessories={"mariadb": names["MariaDB"](version="11")})
    spec = compile_app(app, modules=[module]).spec
    deployment = spec["apps/v1:Deployment:test:test-dev-shop-mariadb-db-local-deployment"].attributes
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "mariadb:11"


def test_services_are_what_their_readme_shows() -> None:
    shop, kinds = (run(code) for code in blocks("service", "python"))
    [workspace] = blocks("service", "yaml")
    store = "secretStore: {provider: {env: {}}}\n"
    made: dict[str, set[str]] = {}
    for stack in ("dev", "prod"):
        workloads = {"db": kinds["db"], "web": kinds["web"], "plain": kinds["web"].override(autoscale=None)}
        apps = [AppConfiguration(name=name, workload=workload) for name, workload in workloads.items()]
        spec = compile_app(shop["Shop"], *apps, workspace=store + workspace, stack=stack).spec
        made[stack] = {resource.id for resource in spec.resources}
    assert "apps/v1:StatefulSet:test:test-dev-db" in made["dev"]
    scaled = {stack: {id.rpartition("-")[2] for id in ids if "Autoscaler" in id} for stack, ids in made.items()}
    assert scaled == {"dev": {"web"}, "prod": {"web", "plain"}}


def test_the_patches_of_the_documentation_change_what_they_say() -> None:
    text = (MODULES.parent / "docs" / "patches.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    spec = compile_app(run(code)["Shop"]).spec
    pod = spec["apps/v1:Deployment:test:test-dev-shop"].attributes["spec"]["template"]["spec"]
    assert pod["hostNetwork"]
    assert pod["containers"][0]["tty"]
    assert spec["v1:Service:test:test-dev-shop-private"].attributes["spec"]["sessionAffinity"] == "ClientIP"
