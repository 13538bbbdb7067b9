"""Compiling a stored stack as if a field of a module's models, or of the compiler's own, were not there.

What a module is given is changed right before it is called, when everything is validated and merged: something else
comes out only if the module does something with the field.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel

from kusion_dsl.compiler.inputs import Inputs
from kusion_dsl.compiler.pipeline import compile_spec
from kusion_dsl.compiler.policy import block_model
from kusion_dsl.discovery.apps import load_apps
from kusion_dsl.discovery.documentation import field_docs
from kusion_dsl.discovery.files import StackFiles
from kusion_dsl.discovery.modules import modules_for, provider_versions
from kusion_dsl.discovery.projects import find_stack
from kusion_dsl.discovery.reference import parts_of
from kusion_dsl.discovery.workspaces import read_workspace
from kusion_dsl.errors import KusionError
from kusion_dsl.model.component import Component
from kusion_dsl.model.workspace import Block
from kusion_dsl.module import Context, Generated, Module, PlatformConfig, shared_fields
from tests.functional.stored_stacks import StoredStack

Change = Callable[[Any], Any]

_EMPTY = (str, bool, int, float, list, tuple, dict)
_NOTHING = object()


class Field(NamedTuple):
    """A field of what developers write, of what the platform decides, or of a part of either.

    ``key`` is its name in a workspace, where it is the platform's side of a field that developers may set too.
    """

    model: type[BaseModel]
    name: str
    key: str = ""

    @property
    def is_without_effect(self) -> bool:
        """Whether its documentation says that it is only taken because the ancestor's workspaces have it."""
        return field_docs(self.model)[self.name].startswith("Without effect")

    def __str__(self) -> str:
        return f"{self.model.__name__}.{self.name}{', set by the platform' if self.key else ''}"


def fields_of(module: Module[Any, Any]) -> list[Field]:
    """Every field of a module's models, of their parts, and the platform's side of those that both may set."""
    intent: type[Component] = module.intent
    platform: type[PlatformConfig] = module.platform
    models = dict.fromkeys((intent, *parts_of(intent), platform, *parts_of(platform)))
    keys = {name: each.alias or name for name, each in block_model(intent, platform).model_fields.items()}
    own = [Field(model, name) for model in models for name in model.model_fields]
    return [*own, *(Field(intent, name, keys[name]) for name in shared_fields(intent))]


@cache
def inputs_of(stack: StoredStack) -> Inputs:
    """What a stored stack is compiled from."""
    found = find_stack(stack.directory)
    applications = load_apps(found, {}).applications
    return Inputs(
        project=found.project,
        stack=found.stack,
        workspace=read_workspace(stack.workspace or "default", stack.workspace_text, "workspace.yaml"),
        applications=applications,
        modules=modules_for(applications),
        providers=provider_versions(),
        files=StackFiles(found),
    )


@cache
def digest_of(stack: StoredStack) -> str:
    """The digest of its Spec."""
    return compile_spec(inputs_of(stack)).spec.digest


def given_to_compiler(stack: StoredStack) -> set[Field]:
    """The fields of blocks and patches, which are the compiler's own, that have a value in a stored stack."""
    inputs = inputs_of(stack)
    return {*_given(inputs.workspace.config), *(each for app in inputs.applications for each in _given(app.patches))}


def matters_to_compiler(stack: StoredStack, field: Field) -> bool:
    """As :func:`matters_in`, for these."""
    inputs = inputs_of(stack)
    config = _without(inputs.workspace.config, field)
    applications = tuple(app._replace(patches=_without(app.patches, field)) for app in inputs.applications)
    changed = replace(inputs, workspace=replace(inputs.workspace, config=config), applications=applications)
    return _differs(stack, changed)


def uses(stack: StoredStack, name: str) -> bool:
    """Whether an application of a stored stack uses the module of this name."""
    return any(each.name == name for each in inputs_of(stack).modules.values())


def given_in(stack: StoredStack, name: str, module: Module[Any, Any]) -> set[Field]:
    """The fields of a module that have a value of their own somewhere in a stored stack."""
    inputs = inputs_of(stack)
    found: set[Field] = set()

    def watched(value: Any) -> Any:
        found.update(_given(value))
        return value

    compile_spec(_seen(inputs, name, watched))
    policy = inputs.workspace.config.modules.get(name)
    keys = {key for block in policy.configs.values() for key in block.fields} if policy else set[str]()
    return found | {each for each in fields_of(module) if each.key in keys}


def matters_in(stack: StoredStack, name: str, field: Field) -> bool:
    """Whether another Spec, or none, comes out of a stored stack where the field is as if nobody had given it."""
    inputs = inputs_of(stack)
    changed = _unsaid(inputs, name, field.key) if field.key else _seen(inputs, name, lambda each: _without(each, field))
    return _differs(stack, changed)


def _differs(stack: StoredStack, changed: Inputs) -> bool:
    """Whether another Spec, or none, is made of ``changed``."""
    try:
        return compile_spec(changed).spec.digest != digest_of(stack)
    except KusionError:
        return True


def _seen(inputs: Inputs, name: str, change: Change) -> Inputs:
    """``inputs`` with a module that sees what it is given through ``change``."""

    def through(module: Module[Any, Any]) -> Module[Any, Any]:
        @functools.wraps(module.generate)
        def generate(intent: Any, platform: Any, ctx: Context) -> Generated:
            return module.generate(change(intent), change(platform), ctx)

        return Module(generate, module.intent, module.platform)

    modules = {
        kind: each._replace(module=through(each.module)) if each.name == name else each
        for kind, each in inputs.modules.items()
    }
    return replace(inputs, modules=modules)


def _unsaid(inputs: Inputs, name: str, key: str) -> Inputs:
    """``inputs`` with a workspace whose blocks for a module do not have ``key``."""
    config = inputs.workspace.config
    policy = config.modules[name]
    blocks = {each: _without_extra(block, key) for each, block in policy.configs.items()}
    changed = {**config.modules, name: policy.model_copy(update={"configs": blocks})}
    workspace = replace(inputs.workspace, config=config.model_copy(update={"modules": changed}))
    return replace(inputs, workspace=workspace)


def _without_extra(block: Block, key: str) -> Block:
    copied = block.model_copy()
    (copied.model_extra or {}).pop(key, None)
    return copied


def _given(value: Any) -> Iterator[Field]:
    """The fields in ``value``, at any depth, that have a value of their own."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            if getattr(value, name) != _absent(value, name):
                yield Field(type(value), name)
            yield from _given(getattr(value, name))
    for item in _items(value):
        yield from _given(item)


def _without(value: Any, field: Field) -> Any:
    """``value`` with the field, wherever it has it, as if nobody had given it."""
    if isinstance(value, Mapping):
        return {key: _without(item, field) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_without(item, field) for item in value)
    if not isinstance(value, BaseModel):
        return value
    changed = value.model_copy(update={name: _without(item, field) for name, item in value})
    changed.model_fields_set.intersection_update(value.model_fields_set)
    if type(value) is field.model:
        absent = _absent(value, field.name)
        changed.__dict__.update({field.name: absent})
        if absent is _NOTHING:
            del changed.__dict__[field.name]
        changed.model_fields_set.discard(field.name)
    return changed


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def _absent(value: BaseModel, name: str) -> Any:
    """What a field has that nobody gives: its default, or, where it must be given, nothing of the kind that it takes."""
    field = type(value).model_fields[name]
    if not field.is_required():
        return field.get_default(call_default_factory=True, validated_data={})
    return next((kind() for kind in _EMPTY if isinstance(getattr(value, name), kind)), _NOTHING)
