"""Every field of every module matters: without its value another Spec would come out of some stack that is stored."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from kusion_dsl.discovery.modules import installed_module, module_entries
from kusion_dsl.model.patch import WorkspacePatch, patch
from kusion_dsl.model.workspace import Block, HealthPolicy
from tests.functional.fields import (
    Field,
    fields_of,
    given_in,
    given_to_compiler,
    matters_in,
    matters_to_compiler,
    uses,
)
from tests.functional.stored_stacks import CASES, ROOT, STACKS


@pytest.mark.parametrize("name", [entry.name for entry in module_entries()])
def test_every_field_matters_to_some_golden(name: str) -> None:
    problems = list(_problems(name))
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("model", [Block, HealthPolicy, WorkspacePatch, patch])
def test_every_field_of_blocks_and_patches_matters_too(model: type[BaseModel]) -> None:
    for field in (Field(model, name) for name in model.model_fields):
        giving = [stack for stack in STACKS if field in given_to_compiler(stack)]
        assert any(matters_to_compiler(stack, field) for stack in giving), f"{field}: {len(giving)} stacks give it"


def _problems(name: str) -> Iterator[str]:
    module = installed_module(name).module
    stacks = [stack for stack in STACKS if uses(stack, name)]
    given = {stack: given_in(stack, name, module) for stack in stacks}
    for field in fields_of(module):
        giving = [stack for stack in stacks if field in given[stack]]
        mattering = (stack for stack in giving if matters_in(stack, name, field))
        if field.is_without_effect:
            yield from (f"{name}: {field} has an effect in {stack}, and its text says otherwise" for stack in mattering)
        elif not giving:
            yield f"{name}: {field} has a value of its own in no stored stack: add a case to {CASES.relative_to(ROOT)}"
        elif not any(mattering):
            yield f"{name}: {field} makes no difference in {', '.join(map(str, giving))}: does the module use it?"
