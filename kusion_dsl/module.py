"""The door for module authors.

A module is one typed function in a package of its own; its annotations are its registration::

    @module
    def postgres(db: Postgres, platform: PostgresPlatform, ctx: Context) -> Generated:
        \"\"\"A database.\"\"\"
        password = Resource("kusion:index:RandomPassword", ctx.name("password"), {"length": 16})
        yield password
        yield Outputs(password=password["result"])

The first parameter is what developers write (a :class:`Workload` or an :class:`Accessory`), the second what the
platform decides; both arrive validated. An entry point in the group ``kusion.modules`` makes it known::

    [project.entry-points."kusion.modules"]
    postgres = "kusion_postgres.module:postgres"

A module is a pure function: it reads no clock, random, environment or network, no file but by ``Context.files``, and
changes nothing it is given.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar, get_type_hints

from kusion_dsl.documents import load_manifests
from kusion_dsl.errors import CompileError, ModuleError
from kusion_dsl.model.component import Accessory, Component, Output, Workload, output
from kusion_dsl.model.generation import Context, Outputs, Patch, Resource, Unavailable
from kusion_dsl.model.kubernetes import (
    Annotations,
    DnsLabel,
    Labels,
    LabelValue,
    MetadataKey,
    ObjectName,
    PortNumber,
)
from kusion_dsl.model.names import kebab, label_problem, shorten
from kusion_dsl.model.project import Document
from kusion_dsl.model.provenance import derived
from kusion_dsl.model.spec import Provider
from kusion_dsl.model.token import has_token, secret_key_of, secret_ref

__all__ = [
    "Accessory",
    "Annotations",
    "CompileError",
    "Component",
    "Context",
    "DnsLabel",
    "Generated",
    "LabelValue",
    "Labels",
    "MetadataKey",
    "Module",
    "ObjectName",
    "Output",
    "Outputs",
    "Patch",
    "PlatformConfig",
    "PortNumber",
    "Precedence",
    "Provider",
    "Resource",
    "Unavailable",
    "Workload",
    "derived",
    "dev_overrides",
    "has_token",
    "kebab",
    "label_problem",
    "load_manifests",
    "module",
    "output",
    "platform_overrides",
    "secret_key_of",
    "secret_ref",
    "shorten",
    "union",
]

Generated = Iterator[Resource | Patch | Outputs]
"""What a module yields, in any order."""


class Precedence(Enum):
    """Who decides a field that developers and the platform may both set: ``Annotated[int | None, dev_overrides]``."""

    dev_overrides = "the developer's value, else the platform's; mappings are merged, the developer's keys win"
    platform_overrides = "the platform's value, else the developer's; mappings are merged, the platform's keys win"
    union = "the developer's list, then what only the platform's has"


dev_overrides = Precedence.dev_overrides
"""The developer decides; what the platform says is the default."""

platform_overrides = Precedence.platform_overrides
"""The platform decides; what the developer says is the default."""

union = Precedence.union
"""Both decide: their lists are put together."""


class PlatformConfig(Document):
    """What only the platform decides about a module: camelCase in the workspace, strict about unknown keys."""


IntentT = TypeVar("IntentT", bound=Component)
PlatformT = TypeVar("PlatformT", bound=PlatformConfig)


@dataclass(frozen=True)
class Module(Generic[IntentT, PlatformT]):
    """A module: its function, and the two models that its annotations name."""

    generate: Callable[[IntentT, PlatformT, Context], Generated]
    intent: type[IntentT]
    platform: type[PlatformT]

    @property
    def name(self) -> str:
        """The module's name: the function's."""
        return getattr(self.generate, "__name__", "module")

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.generate) or "").partition("\n")[0]

    def __call__(self, intent: IntentT, platform: PlatformT, ctx: Context) -> Generated:
        return self.generate(intent, platform, ctx)


def module(function: Callable[[IntentT, PlatformT, Context], Generated]) -> Module[IntentT, PlatformT]:
    """Make a module of a function. Raises ModuleError where its annotations do not say what it takes."""
    hints = list(get_type_hints(function).values())
    expected = (Component, PlatformConfig, Context)
    if len(hints) != 4 or not all(
        isinstance(hint, type) and issubclass(hint, base) for hint, base in zip(hints, expected, strict=False)
    ):
        raise ModuleError(
            f"{function.__qualname__} is not a module",
            where=f"{function.__module__}",
            hint="write it as: def name(intent: <Component>, platform: <PlatformConfig>, ctx: Context) -> Generated",
        )
    return Module(function, hints[0], hints[1])


def shared_fields(intent: type[Component]) -> dict[str, Precedence]:
    """The fields of a developer's model that the platform may set too, and who wins."""
    return {
        name: mark
        for name, field in intent.model_fields.items()
        for mark in field.metadata
        if isinstance(mark, Precedence)
    }
