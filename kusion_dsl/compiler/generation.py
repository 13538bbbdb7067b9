"""Calling the modules: every component of every application becomes drafts of resources, patches and outputs."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from kusion_dsl.compiler.inputs import Inputs, InstalledModule
from kusion_dsl.compiler.policy import decide, merge
from kusion_dsl.compiler.tracing import origins_in, trace
from kusion_dsl.documents import DocumentError
from kusion_dsl.errors import CompileError, KusionError, ModuleError, Position, did_you_mean
from kusion_dsl.model.app import Application
from kusion_dsl.model.component import Component, Workload
from kusion_dsl.model.generation import Context, Outputs, Patch, Resource
from kusion_dsl.model.names import kebab
from kusion_dsl.model.project import namespace_of
from kusion_dsl.model.provenance import Deferred, Origin
from kusion_dsl.model.reference import Path
from kusion_dsl.module import Module

WORKLOAD = "workload"


class Producer(NamedTuple):
    """Who made a resource or a patch: a component of an application, through its module."""

    app: str
    accessory: str
    component: Component
    module: InstalledModule
    position: Position | None

    @property
    def origins(self) -> tuple[Deferred, ...]:
        """The component, where the author wrote it, and the module."""
        author = Origin("author", f"{self.app}.{self.accessory}", self.position)
        module = Origin("module", str(self.module))
        return (lambda: author, lambda: module)

    def __str__(self) -> str:
        return f"{self.app}.{self.accessory} ({self.module})"


@dataclass
class Draft:
    """A resource on its way into the Spec. ``attributes`` are its own, to be patched, and still carry origins."""

    resource: Resource
    attributes: dict[str, Any]
    producer: Producer | None
    origins: dict[Path, tuple[Deferred, ...]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id in the Spec."""
        return self.resource.id

    @property
    def where(self) -> Position | str:
        """The place to name when something is wrong with it."""
        if self.producer is None:
            return self.id
        return self.producer.position or f"{self.producer.app}.{self.producer.accessory}"


def origins_of(draft: Draft) -> dict[Path, tuple[Deferred, ...]]:
    """Who put each field of a draft there, the decisive one first."""
    origins = dict(draft.origins)
    for path, origin in origins_in(draft.attributes):
        origins[path] = (origin, *origins.get(path, ()))
    return origins


class Generated(NamedTuple):
    """What the modules made of one application. ``outputs`` are by accessory name (the author's) and output name."""

    application: Application
    drafts: tuple[Draft, ...]
    patches: tuple[tuple[Producer, Patch], ...]
    outputs: Mapping[str, Mapping[str, Any]]


class Running(NamedTuple):
    """What an application runs: the completed workload, and the resource that its module marked; None without one."""

    workload: Workload | None = None
    resource: Resource | None = None


def generate(inputs: Inputs, application: Application) -> Generated:
    """Call the modules of one application: the workload's first, then the accessories' by name.

    Raises ModuleError for a module that breaks, and what a module raises for a component it cannot provide; with
    everything that is wrong with the application, not only the first.
    """
    drafts: list[Draft] = []
    patches: list[tuple[Producer, Patch]] = []
    outputs: dict[str, Mapping[str, Any]] = {}
    problems: list[KusionError] = []
    running = Running()
    for name, component in _components(application):
        try:
            producer, completed, yielded = _call(inputs, application, name, component, running)
        except KusionError as error:
            problems.append(error)
            running = Running(component) if isinstance(component, Workload) else running
            continue
        if isinstance(completed, Workload):
            marked = (each for each in yielded if isinstance(each, Resource) and each.workload)
            running = Running(completed, next(marked, None))
        drafts += [_draft(producer, each) for each in yielded if isinstance(each, Resource)]
        patches += [(producer, each) for each in yielded if isinstance(each, Patch)]
        outputs[name] = _outputs(producer, [each for each in yielded if isinstance(each, Outputs)])
    if problems:
        raise collected(problems)
    return Generated(application, tuple(drafts), tuple(patches), outputs)


def collected(errors: list[KusionError]) -> KusionError:
    """Several errors as one, of their common type where they have one."""
    types = {type(error) for error in errors}
    kind = types.pop() if len(types) == 1 else CompileError
    return kind.of([problem for error in errors for problem in error.problems])


def _components(application: Application) -> Iterable[tuple[str, Component]]:
    if application.workload is not None:
        yield WORKLOAD, application.workload
    yield from application.accessories.items()


def _call(
    inputs: Inputs, application: Application, name: str, component: Component, running: Running
) -> tuple[Producer, Component, list[Resource | Patch | Outputs]]:
    installed = inputs.modules[type(component)]
    position = inputs.sources.position(component.site_of())
    producer = Producer(application.name, name, component, installed, position)
    decision = decide(inputs.workspace, inputs.place(application.name), installed)
    completed = merge(trace(component, partial(_author, inputs, f"{application.name}.{name}")), decision.shared)
    context = Context(
        project=inputs.project.name,
        stack=inputs.stack.name,
        app=application.name,
        accessory=kebab(name),
        default_name=installed.module.name,
        namespace=namespace_of(inputs.project, inputs.stack),
        settings=inputs.workspace.config.context,
        workload=running.workload,
        workload_resource=running.resource,
        files=inputs.files,
    )
    return producer, completed, _run(producer, installed.module, completed, decision.platform, context)


def _author(inputs: Inputs, name: str, component: Component, path: Path) -> Deferred:
    site = component.site_of(path)
    return lambda: Origin("author", name, inputs.sources.position(site, path), inputs.sources.options(site, path))


def _run(
    producer: Producer, module: Module[Any, Any], component: Component, platform: Any, context: Context
) -> list[Resource | Patch | Outputs]:
    where = producer.position or f"{producer.app}.{producer.accessory}"
    try:
        yielded = list(module(component, platform, context))
    except DocumentError as error:  # of a file that the module read
        raise CompileError.of(error.problems).at(where) from None
    except KusionError as error:
        raise error.at(where) from None
    except ValueError as error:  # how a module says that what it was given cannot be provided
        raise CompileError(str(error), where=where) from None
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        raise ModuleError(
            f"the module {producer.module.name} failed: {type(error).__name__}: {error}",
            where=where,
            details=[f"in {frame.name} ({frame.filename}:{frame.lineno})"],
            hint=f"this is a defect of {producer.module}; tell its authors",
        ) from error
    for each in yielded:
        if not isinstance(each, Resource | Patch | Outputs):
            raise ModuleError(
                f"the module {producer.module.name} yields {type(each).__name__}, not Resource, Patch or Outputs",
                where=where,
                hint=f"this is a defect of {producer.module}; tell its authors",
            )
    return yielded


def _draft(producer: Producer, resource: Resource) -> Draft:
    return Draft(resource, copy_of(resource.attributes), producer, {(): producer.origins})


def copy_of(value: Any) -> Any:
    """A JSON-like value with containers of its own, so that a patch changes nothing else; None values go.

    Kubernetes and Pulumi take a field that is null for one that is set; modules mean one that is not there.
    """
    if isinstance(value, Mapping):
        return {key: copy_of(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [copy_of(item) for item in value]
    return value


def _outputs(producer: Producer, given: list[Outputs]) -> Mapping[str, Any]:
    values = {name: value for outputs in given for name, value in outputs.values.items()}
    declared = type(producer.component).outputs()
    for name in values:
        if name not in declared:
            raise ModuleError(
                f"the module {producer.module.name} gives the output '{name}', which its schema does not declare",
                where=producer.position,
                hint=did_you_mean(name, declared),
            )
    missing = [name for name in declared if name not in values]
    if missing:
        raise ModuleError(
            f"the module {producer.module.name} declares the output '{missing[0]}', but does not give it",
            where=producer.position,
            hint=f"this is a defect of {producer.module}; tell its authors",
        )
    return values
