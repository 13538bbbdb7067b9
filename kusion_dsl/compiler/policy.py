"""What the platform decides about a component: the workspace's blocks, validated, and merged with the developer's.

A module's blocks may set the fields of its platform model, and the fields of the developer's model that declare a
precedence. The default block comes first, then those that select the project, the stack or the application, the closer
the later; their keys replace whole values.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from itertools import pairwise
from typing import Any, NamedTuple, Optional

from pydantic import BaseModel, ValidationError, create_model

from kusion_dsl.compiler.inputs import InstalledModule
from kusion_dsl.errors import ModuleError, Position, Problem, WorkspaceError
from kusion_dsl.model.component import Component, findings_of, read_fields
from kusion_dsl.model.provenance import Deferred, Origin, mark_all
from kusion_dsl.model.reference import Path, format_path
from kusion_dsl.model.selector import Place
from kusion_dsl.model.workspace import DEFAULT_BLOCK, Block, Workspace, specifier
from kusion_dsl.module import PlatformConfig, Precedence, shared_fields


class Decision(NamedTuple):
    """What the platform decided for one module and project: its own fields, and those shared with developers."""

    platform: PlatformConfig
    shared: Mapping[str, Any]


def check_version(workspace: Workspace, installed: InstalledModule) -> None:
    """Raise ModuleError where the installed distribution is not one that the workspace allows."""
    policy = workspace.config.modules.get(installed.name)
    if policy is None or not policy.version or specifier(policy.version).contains(installed.version, prereleases=True):
        return
    raise ModuleError(
        f"{installed.distribution} {installed.version} is installed, but the workspace allows {policy.version}",
        where=workspace.position(("modules", installed.name, "version")) or f"workspace {workspace.name}",
        hint=f"pip install '{installed.distribution}{specifier(policy.version)}'",
    )


def decide(workspace: Workspace, place: Place, installed: InstalledModule) -> Decision:
    """The platform's decision. Raises WorkspaceError with the place of everything that is wrong in the blocks."""
    policy = workspace.config.modules.get(installed.name)
    blocks = {name: policy.configs[name] for name in policy.blocks_for(place)} if policy else {}
    selecting = [name for name in blocks if name != DEFAULT_BLOCK]
    for one, other in pairwise(selecting):
        if blocks[one].closeness == blocks[other].closeness:
            names = "/".join(name for name, selects in zip(place, _selecting(blocks[one]), strict=True) if selects)
            raise WorkspaceError(
                f"the blocks '{one}' and '{other}' of module {installed.name} both select '{names}'",
                where=_where(workspace, ("modules", installed.name, "configs", other)),
                hint="let only one of them select it",
            )
    return _decision(workspace, installed, blocks)


def _selecting(block: Block) -> tuple[bool, bool, bool]:
    app, stack, project = block.closeness
    return project, stack, app


def check_blocks(workspace: Workspace, installed: InstalledModule) -> None:
    """Raise WorkspaceError for everything that is wrong in any block for a module, whichever project it selects."""
    policy = workspace.config.modules.get(installed.name)
    if policy is None:
        return
    default = {name: block for name, block in policy.configs.items() if name == DEFAULT_BLOCK}
    problems: list[Problem] = []
    for name, block in policy.configs.items():
        try:
            _decision(workspace, installed, {**default, name: block})
        except WorkspaceError as error:
            problems += error.problems
    if problems:
        raise WorkspaceError.of(problems)


def _decision(workspace: Workspace, installed: InstalledModule, blocks: Mapping[str, Block]) -> Decision:
    merged: dict[str, Any] = {}
    paths: dict[str, Path] = {}
    for name, block in blocks.items():
        merged.update(block.fields)
        paths.update({key: ("modules", installed.name, "configs", name, key) for key in block.fields})
    intent: type[Component] = installed.module.intent
    platform: type[PlatformConfig] = installed.module.platform
    if not merged and not any(field.is_required() for field in platform.model_fields.values()):
        return Decision(platform.model_construct(), {})  # nothing to validate, and so no validator to build
    model = block_model(intent, platform) if merged else platform
    try:
        validated = read_fields(model, merged)
    except ValidationError as error:
        raise WorkspaceError.of(_problems(workspace, installed, model, paths, error)) from None
    given = {name: getattr(validated, name) for name in validated.model_fields_set}
    shared = {name: value for name, value in given.items() if name in shared_fields(intent)}
    fields = {name: value for name, value in given.items() if name not in shared}
    paths = {name: paths[field.alias or name] for name, field in model.model_fields.items() if name in given}
    traced = _trace(workspace, paths, fields)
    return Decision(platform.model_construct(**traced), _trace(workspace, paths, shared))


def _trace(workspace: Workspace, paths: Mapping[str, Path], values: Mapping[str, Any]) -> dict[str, Any]:
    def origin(start: Path, rest: Path) -> Deferred:
        path = (*start, *rest)
        return lambda: Origin("workspace", f"workspace {workspace.name}", workspace.position(path))

    return {
        name: mark_all(value, partial(origin, paths[name])) if not isinstance(value, BaseModel) else value
        for name, value in values.items()
    }


def _where(workspace: Workspace, path: Path) -> Any:
    return workspace.position(path) or f"workspace {workspace.name}: {format_path(path)}"


def _problems(
    workspace: Workspace,
    installed: InstalledModule,
    model: type[BaseModel],
    paths: Mapping[str, Path],
    error: ValidationError,
) -> list[Problem]:
    problems = []
    for finding in findings_of(model, error):
        start = paths.get(str(finding.path[0]), ("modules", installed.name)) if finding.path else ()
        what = f"{format_path(finding.path)}: {finding.message}" if finding.path else finding.message
        problems.append(Problem(f"module {installed.name}: {what}", _where(workspace, (*start, *finding.path[1:]))))
    return sorted(problems, key=lambda each: each.where if isinstance(each.where, Position) else Position(""))


@cache
def block_model(intent: type[Component], platform: type[PlatformConfig]) -> type[PlatformConfig]:
    """The platform's model with the developer's shared fields beside its own, all of those optional."""
    shared: dict[str, Any] = {
        name: (Optional[intent.model_fields[name].rebuild_annotation()], None)  # noqa: UP045 - the type is a value here
        for name in shared_fields(intent)
    }
    return create_model(f"{platform.__name__}Block", __base__=platform, **shared)


def merge(component: Component, shared: Mapping[str, Any]) -> Component:
    """The developer's component completed by what the platform set, each field by its declared precedence.

    Its ``model_fields_set`` stays what the developer wrote.
    """
    changes: dict[str, Any] = {}
    for name, precedence in shared_fields(type(component)).items():
        if shared.get(name) is None:
            continue
        given = getattr(component, name) if name in component.model_fields_set else None
        changes[name] = _merged(given, shared[name], precedence)
    if not changes:
        return component
    completed = component.model_copy(update=changes)
    completed.model_fields_set.intersection_update(component.model_fields_set)
    return completed


def _merged(developer: Any, platform: Any, precedence: Precedence) -> Any:
    if developer is None:
        return platform
    if precedence is Precedence.union:
        return [*developer, *(item for item in platform if item not in developer)]
    first, second = (developer, platform) if precedence is Precedence.dev_overrides else (platform, developer)
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return {**second, **first}
    return first
