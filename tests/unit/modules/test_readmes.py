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
