"""``kusion schema``."""

from __future__ import annotations

import json

import pytest

from tests.functional.commandline import Kusion


@pytest.mark.parametrize(("kind", "field"), [("project", "name"), ("stack", "workspace"), ("workspace", "modules")])
def test_a_schema_is_printed_for_an_editor(kusion: Kusion, kind: str, field: str) -> None:
    result = kusion.done("schema", kind)
    assert result.err == ""
    document = json.loads(result.out)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert field in document["properties"]


def test_a_schema_of_something_else_is_none(kusion: Kusion) -> None:
    assert "is not one of 'project', 'stack', 'workspace'" in kusion("schema", "app").err
