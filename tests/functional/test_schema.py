"""``kusion schema``."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from kusion_dsl.documents import load_yaml
from tests.functional.commandline import Kusion
from tests.functional.stored_stacks import STACKS


@pytest.mark.parametrize(("kind", "field"), [("project", "name"), ("stack", "workspace"), ("workspace", "modules")])
def test_a_schema_is_printed_for_an_editor(kusion: Kusion, kind: str, field: str) -> None:
    result = kusion.done("schema", kind)
    assert result.err == ""
    document = json.loads(result.out)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert field in document["properties"]


def test_a_schema_of_something_else_is_none(kusion: Kusion) -> None:
    assert "is not one of 'project', 'stack', 'workspace'" in kusion("schema", "app").err


def test_it_allows_what_the_stored_workspaces_say(kusion: Kusion) -> None:
    validator = Draft202012Validator(kusion.done("schema", "workspace").document)
    for stack in STACKS:
        workspace = load_yaml(stack.workspace_text, f"{stack.workspace}.yaml").value or {}
        assert [each.json_path for each in validator.iter_errors(workspace)] == [], stack.workspace
