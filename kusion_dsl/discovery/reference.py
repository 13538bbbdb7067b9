"""The reference of a module, as its README has it: Markdown tables of what its models say.

They are tables of GitHub's Markdown (https://github.github.com/gfm/#tables-extension-), between two comments, so that
they can be written anew without touching anything else.
"""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from kusion_dsl.compiler.policy import block_model
from kusion_dsl.discovery.documentation import field_docs
from kusion_dsl.errors import ModuleError
from kusion_dsl.model.component import models_of
from kusion_dsl.module import Component, Module, PlatformConfig, Precedence, shared_fields

_BEGIN = "<!-- kusion module readme: begin -->"
_END = "<!-- kusion module readme: end -->"
_BETWEEN = re.compile(f"{_BEGIN}\n.*?{_END}\n", re.DOTALL)

_DECIDED = {
    Precedence.dev_overrides: "developers, else the platform",
    Precedence.platform_overrides: "the platform, else developers",
    Precedence.union: "both, together",
}
_TYPES: Mapping[Any, str] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    type(None): "nothing",
    Any: "anything",
}


def with_reference(readme: str, name: str, module: Module[Any, Any]) -> str:
    """``readme`` with the tables of the module ``name`` between the two comments, or at its end where it has none.

    Raises ModuleError where only one of the comments is there.
    """
    written = f"{_BEGIN}\n{reference_of(name, module)}{_END}\n"
    if _BETWEEN.search(readme):
        return _BETWEEN.sub(lambda _: written, readme, count=1)
    if _BEGIN in readme or _END in readme:
        raise ModuleError("one of the two comments around the tables is missing", hint=f"write {_BEGIN} and {_END}")
    return f"{readme.rstrip()}\n\n## Reference\n\n{written}"


def reference_of(name: str, module: Module[Any, Any]) -> str:
    """What developers write, what the platform sets under ``modules.<name>``, and what one gets, as Markdown."""
    parts = [
        f"### Developers write\n\n{_model(module.intent)}",
        *(f"#### `{model.__name__}`\n\n{_model(model)}" for model in parts_of(module.intent)),
        f"### The platform sets\n\nIn a workspace, in the blocks of `modules.{name}.configs`:\n\n{_platform(module)}",
        *(f"#### `{model.__name__}`\n\n{_model(model)}" for model in _platform_parts(module)),
        f"### You get\n\n{_outputs(module)}",
    ]
    return "\n".join(parts)


def parts_of(model: type[BaseModel]) -> tuple[type[BaseModel], ...]:
    """The models that fields of ``model`` are made of, at any depth, in order of their first mention."""
    found: list[type[BaseModel]] = []
    waiting = [model]
    while waiting:
        current = waiting.pop(0)
        for nested in (each for field in _fields(current).values() for each in models_of(field.annotation)):
            if nested not in found and nested is not model:
                found.append(nested)
                waiting.append(nested)
    return tuple(found)


def _platform_parts(module: Module[Any, Any]) -> Iterator[type[BaseModel]]:
    """Those of the platform's model that developers do not write too."""
    known = parts_of(module.intent)
    yield from (model for model in parts_of(module.platform) if model not in known)


def _fields(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The fields, with names of types in their annotations looked up."""
    model.model_rebuild()
    return model.model_fields


def _model(model: type[BaseModel]) -> str:
    """One model: its summary, and a table of its fields."""
    in_python = issubclass(model, Component)
    summary = (model.__doc__ or "").strip().partition("\n\n")[0]
    shared = shared_fields(model) if issubclass(model, Component) else {}
    docs = field_docs(model)
    header = ["Field", "Type", "Default", *(["Decided by"] if shared else []), "Meaning"]
    rows = [
        [
            f"`{name if in_python else field.alias or name}`",
            type_of(field.annotation),
            _default(field, python=in_python),
            *([_DECIDED[shared[name]] if name in shared else "developers"] if shared else []),
            docs.get(name, ""),
        ]
        for name, field in _fields(model).items()
    ]
    return f"{_line(summary)}\n\n{_table(header, rows)}" if rows else f"{_line(summary)}\n"


def _platform(module: Module[Any, Any]) -> str:
    """The fields of the platform's model, and after them those that developers may set too."""
    shared = shared_fields(module.intent)
    docs = {**field_docs(module.intent), **field_docs(module.platform)}
    intent: type[Component] = module.intent
    platform: type[PlatformConfig] = module.platform
    block = _fields(block_model(intent, platform))
    rows = [
        [
            f"`{field.alias or name}`",
            type_of(field.annotation),
            "" if name in shared else _default(field, python=False),
            _DECIDED[shared[name]] if name in shared else "the platform",
            docs.get(name, ""),
        ]
        for name, field in block.items()
    ]
    return _table(["Key", "Type", "Default", "Decided by", "Meaning"], rows) if rows else "Nothing.\n"


def _outputs(module: Module[Any, Any]) -> str:
    rows = [
        [f"`{name}`", "yes" if declared.secret else "", declared.doc]
        for name, declared in module.intent.outputs().items()
    ]
    return _table(["Output", "Secret", "Meaning"], rows) if rows else "No outputs.\n"


def type_of(annotation: Any) -> str:
    """A type in words: ``list of `Port```, ``"TCP" or "UDP"``, ``mapping of text to integer``."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return type_of(arguments[0])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(type_of(each) for each in arguments if each is not type(None)))
    if origin is Literal:
        return " or ".join(f"`{_shown(each)}`" for each in arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"mapping of {type_of(arguments[0])} to {type_of(arguments[1])}"
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return f"list of {type_of(arguments[0])}"
    return _TYPES.get(annotation) or f"`{getattr(annotation, '__name__', str(annotation))}`"


def _default(field: FieldInfo, *, python: bool) -> str:
    """The default as it is written: in Python by developers, in YAML by the platform."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value in ([], (), {}) or isinstance(value, BaseModel):
        return ""
    return f"`{value}`" if python and isinstance(value, bool) else f"`{_shown(value)}`"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(_line(cell) for cell in line)} |\n" for line in lines)


def _line(text: str) -> str:
    """``text`` in one line, that ends no cell of a table; reStructuredText's literals become Markdown's."""
    return " ".join(text.replace("``", "`").replace("|", "\\|").split())
