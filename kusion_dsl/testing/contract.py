"""What every module promises, checked with examples of its component."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.discovery.documentation import field_docs
from kusion_dsl.discovery.reference import parts_of, with_reference
from kusion_dsl.errors import KusionError
from kusion_dsl.model.app import AppConfiguration
from kusion_dsl.model.names import MAX_LABEL
from kusion_dsl.module import Accessory, Component, Context, Generated, Module, Resource, Workload
from kusion_dsl.testing.compiling import compile_app
from kusion_dsl.testing.other_process import digests_elsewhere
from kusion_dsl.testing.sample import SampleService, application_with
from kusion_dsl.testing.wire import json_problems, name_problems

Examples = Callable[[], Sequence[Component]]

_APPS = ("one", "other")


def check_module(
    module: Module[Any, Any], examples: Examples, *, workspace: str = "", files: Mapping[str, str] | None = None
) -> None:
    """Check that ``module`` keeps the contract of modules, with the components that ``examples`` makes.

    - every field, output and model is documented, and so is the module
    - the same Spec comes out twice, and in processes with other hash seeds and another time zone
    - nothing that the module is given is changed; what it yields is JSON, and its outputs are the declared ones
    - names are valid where those of project, stack, application and accessory are as long as they may be
    - it works for two applications of a stack, and for two accessories of one; neither changes anything of the other

    ``examples`` is a function at the top of a file, because other processes call it, too. The components that it makes,
    one at least, can stand beside each other in one application. ``workspace`` and ``files`` are as in ``compile_app``.
    Accessories get a workload of the class SampleService. Raises AssertionError with everything that is wrong.
    """
    __tracebackhide__ = True
    contract = _Contract(module, examples, workspace, files or {})
    problems = list(dict.fromkeys(contract.problems()))
    assert not problems, f"the module {module.name} breaks the contract of modules:\n  " + "\n  ".join(problems)


def check_readme(module: Module[Any, Any], readme: Path, name: str = "") -> None:
    """Check that the tables in ``readme`` are what the models say; ``kusion module readme`` writes them.

    ``name`` is that of the entry point, where it is not the function's. Raises AssertionError.
    """
    __tracebackhide__ = True
    text = readme.read_text(encoding="utf-8")
    wanted = with_reference(text, name or module.name, module)
    assert text == wanted, f"{readme} is not what the models say; run: kusion module readme {readme.parent}"


@dataclass
class _Contract:
    """The checks of one module; each yields sentences about what is wrong."""

    module: Module[Any, Any]
    examples: Examples
    workspace: str
    files: Mapping[str, str]
    yielded: list[Resource] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    def problems(self) -> Iterator[str]:
        found = [*self._undocumented(), *self._here()]
        yield from found or self._elsewhere()  # other processes take long, and what is wrong here is wrong there

    def _here(self) -> Iterator[str]:
        count = len(self.examples())
        if not count:
            yield "there is no example"
        broken = [problem for index in range(count) for problem in self._alone(index)]
        yield from broken
        if not count or broken:
            return
        for index in range(count):
            yield from self._long_names(index)
        for first, second in pairwise((*range(count), 0)):
            yield from self._two_applications(first, second)
            yield from self._two_accessories(first, second)

    def _undocumented(self) -> Iterator[str]:
        if not self.module.summary:
            yield f"the function {self.module.name} has no docstring"
        intent, platform = self.module.intent, self.module.platform
        for model in dict.fromkeys((intent, *parts_of(intent), platform, *parts_of(platform))):
            docs = field_docs(model)
            if not model.__doc__:
                yield f"{model.__name__} has no docstring"
            yield from (f"{model.__name__}.{name} has no text behind it" for name in model.model_fields.keys() - docs)
        for name, declared in intent.outputs().items():
            if not declared.doc.strip():
                yield f"the output {name} has no text"

    def _alone(self, index: int) -> Iterator[str]:
        """One example, compiled twice."""
        try:
            specs = [self._compile(self._application(index)).spec.to_json() for _ in range(2)]
        except KusionError as error:
            yield f"{self._called(index)} does not compile: {error}"
        else:
            if specs[0] != specs[1]:
                yield f"{self._called(index)}: another Spec comes out the second time"
        yield from self.found
        self.found.clear()

    def _elsewhere(self) -> Iterator[str]:
        here = [self._compile(self._application(index)).spec.digest for index in range(len(self.examples()))]
        for place, digests in digests_elsewhere(self.module, self.examples, self.workspace, self.files):
            if len(digests) != len(here):
                yield f"{len(digests)} examples are made with {place}, {len(here)} here"
            for index, (digest, wanted) in enumerate(zip(digests, here, strict=False)):
                if digest != wanted:
                    yield f"{self._called(index)}: another Spec comes out with {place}"

    def _long_names(self, index: int) -> Iterator[str]:
        """Two applications with names that differ only where they would be cut off; one, where names are given."""
        long = "a" * (MAX_LABEL - 1)
        lasts = "xy" if self._compiles(index, index) else "x"
        apps = [self._application(index, f"{long}{last}", f"{long}x") for last in lasts]
        try:
            compiled = self._compile(*apps, project="p" * MAX_LABEL, stack="s" * MAX_LABEL)
        except KusionError as error:
            yield f"{self._called(index)} does not compile with long names: {error}"
            return
        for resource in self.yielded:
            found = compiled.spec[resource.id]
            for problem in name_problems(found.type, found.attributes):
                yield f"{self._called(index)}, with long names, {found.type}: {problem}"

    def _compiles(self, *indices: int) -> bool:
        """Whether examples can be in applications of one stack."""
        try:
            self._compile(*(self._application(index, name) for index, name in zip(indices, _APPS, strict=True)))
        except KusionError:
            return False
        return True

    def _two_applications(self, first: int, second: int) -> Iterator[str]:
        apps = [self._application(index, name) for index, name in zip((first, second), _APPS, strict=True)]
        yield from self._beside("applications", first, second, [[apps[0]], [apps[1]], apps])

    def _two_accessories(self, first: int, second: int) -> Iterator[str]:
        if issubclass(self.module.intent, Workload):
            return  # an application has one
        pair = zip((self.module.name, "another"), (self.examples()[first], self.examples()[second]), strict=True)
        accessories = {name: each for name, each in pair if isinstance(each, Accessory)}
        chosen = [{name: each} for name, each in accessories.items()]
        apps = [
            AppConfiguration(name=_APPS[0], workload=SampleService(), accessories=each)
            for each in (*chosen, accessories)
        ]
        yield from self._beside("accessories", first, second, [[app] for app in apps])

    def _beside(
        self, what: str, first: int, second: int, stacks: Sequence[Sequence[AppConfiguration]]
    ) -> Iterator[str]:
        """Compare what the module makes for each alone with what it makes for both."""
        called = f"{self._called(first)} and {self._called(second)} as two {what} of a stack"
        try:
            alone = [self._made(stack) for stack in stacks[:2]]
            together = self._made(stacks[2])
        except KusionError as error:
            yield f"{called} do not compile: {error}"
            return
        for resources in alone:
            for id, resource in resources.items():
                if together.get(id) != resource:
                    yield f"{called}: {id} is not what it is for one alone"

    def _made(self, stack: Sequence[AppConfiguration]) -> Mapping[str, Any]:
        """What the module itself makes of the applications of a stack, as it is in the Spec."""
        spec = self._compile(*stack).spec
        return {resource.id: spec[resource.id].to_json() for resource in self.yielded}

    def _application(self, index: int, name: str = _APPS[0], accessory: str = "") -> AppConfiguration:
        return application_with(self.examples()[index], name=name, accessory=accessory or self.module.name)

    def _compile(self, *apps: AppConfiguration, project: str = "test", stack: str = "dev") -> Compiled:
        """Compile with the module watched: ``yielded`` are its resources then, ``found`` what it did wrong."""
        self.yielded.clear()
        watched = Module(self._watched(), self.module.intent, self.module.platform)
        return compile_app(
            *apps, project=project, stack=stack, workspace=self.workspace, modules=[watched], files=self.files
        )

    def _watched(self) -> Callable[[Any, Any, Context], Generated]:
        @functools.wraps(self.module.generate)
        def watched(intent: Any, platform: Any, ctx: Context) -> Generated:
            before = _state(intent, platform, ctx)
            yielded = list(self.module.generate(intent, platform, ctx))
            for name, was, now in zip(_STATE, before, _state(intent, platform, ctx), strict=True):
                if was != now:
                    self.found.append(f"it changes {name} that it is given")
            for each in yielded:
                if isinstance(each, Resource):
                    self.yielded.append(each)
                    self.found += (f"{each.id}: {problem}" for problem in json_problems(each.attributes))
            yield from yielded

        return watched

    def _called(self, index: int) -> str:
        return f"example {index + 1} ({type(self.examples()[index]).__name__})"


_STATE = ("the component", "the platform's configuration", "the workspace's context", "the workload")


def _state(intent: Any, platform: Any, ctx: Context) -> tuple[Any, ...]:
    """What a module is given, copied."""
    workload = ctx.workload.model_dump(warnings=False) if ctx.workload is not None else None
    return (
        intent.model_dump(warnings=False),
        platform.model_dump(warnings=False),
        copy.deepcopy(dict(ctx.settings)),
        workload,
    )
