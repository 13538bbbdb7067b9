"""The check of modules finds what it is there for: each module here breaks one thing."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pytest
from pydantic import Field

from kusion_dsl.module import (
    Accessory,
    Component,
    Context,
    Generated,
    Module,
    Outputs,
    PlatformConfig,
    Resource,
    module,
    output,
    shorten,
)
from kusion_dsl.testing import SampleService, check_module, compile_app
from kusion_dsl.testing.sample import application_with, sample_service


class Note(Accessory):
    """A text."""

    words: list[str] = Field(default_factory=list[str])
    """Its words."""
    name: str = ""
    """Its name."""

    said: ClassVar[output] = output("What it says.")


class NotePlatform(PlatformConfig):
    """What the platform decides."""

    size: int = 1
    """How large it is."""


class Undocumented(Accessory):
    """A text."""

    words: list[str] = Field(default_factory=list[str])


def examples() -> Sequence[Component]:
    return [Note(words=["some", "words"]), Note(words=["other"])]


def alike() -> Sequence[Component]:
    return [Note(words=["same"])]


def named() -> Sequence[Component]:
    return [Note(name="a"), Note(name="b")]


def workloads() -> Sequence[Component]:
    return [SampleService(), SampleService(image="other:1")]


def differing() -> Sequence[Component]:
    return [Note()] * (2 if os.environ.get("TZ") == "Pacific/Kiritimati" else 1)


def undocumented() -> Sequence[Component]:
    return [Undocumented()]


def none() -> Sequence[Component]:
    return []


def written(ctx: Context, words: Any, name: str = "") -> Resource:
    metadata = ctx.metadata(name or ctx.name())
    return Resource.manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": words})


@module
def good(note: Note, platform: NotePlatform, ctx: Context) -> Generated:
    """Writes it down."""
    yield written(ctx, {"words": " ".join(note.words)}, note.name)
    yield Outputs(said=" ".join(note.words))


@module
def changing(note: Note, platform: NotePlatform, ctx: Context) -> Generated:
    """Adds a word to what it is given."""
    note.words.append("more")
    yield written(ctx, {"words": " ".join(note.words)})
    yield Outputs(said="")


@module
def meddling(note: Note, platform: NotePlatform, ctx: Context) -> Generated:
    """Changes the workspace's context."""
    assert isinstance(ctx.settings, dict)
    ctx.settings["REGIONS"].append("here")
    yield Outputs(said="")


@module
def unordered(note: Note, platform: NotePlatform, ctx: Context) -> Generated:
    """Writes a set in the order that it happens to have."""
    yield written(ctx, {"words": " ".join(str(each) for each in {f"word{n}" for n in range(20)})})
    yield Outputs(said="")


counter = itertools.count()


@module
def counting(note: Note, platform: NotePlatform, ctx: Context) -> Generated:
    """Knows how often it was called."""
    yield written(ctx, {"count": str(next(counter))})
    yield Outputs(said="")


@module
def unwritable(note: Note, platform: NotePlatform, ctx: Context) -> Generated:
    """Has what is no JSON."""
    yield written(ctx, {"words": frozenset(note.words)})
    yield Outputs(said="")


@module
def cutting(note: Note, platform: NotePlatform, ctx: Context) -> Generated:
    """Cuts names off without a digest."""
    yield written(ctx, {}, ctx.name(longest=1000)[:63].strip("-"))
    yield Outputs(said="")


@module
def too_long(note: Note, platform: NotePlatform, ctx: Context) -> Generated:
    """Makes a Service with a longer name than one may have."""
    metadata = ctx.metadata(shorten(ctx.name(longest=1000), 64))
    yield Resource.manifest({"apiVersion": "v1", "kind": "Service", "metadata": metadata})
    yield Outputs(said="")


@module
def labelling(note: Note, platform: NotePlatform, ctx: Context) -> Generated:
    """Has a label that is too long where names are long."""
    metadata = ctx.metadata(ctx.name(), labels={"of": ctx.name(longest=100)})
    yield Resource.manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    yield Outputs(said="")


@module
def constant(note: Note, platform: NotePlatform, ctx: Context) -> Generated:
    """Always has the same name."""
    yield written(ctx, {}, f"{ctx.app_name}-constant")
    yield Outputs(said="")


called: list[str] = []


@module
def remembering(note: Note, platform: NotePlatform, ctx: Context) -> Generated:
    """Knows whether it was called for another accessory right before."""
    after = called[-1:] == ["another"]
    called.append(ctx.accessory)
    yield written(ctx, {"after": str(after)})
    yield Outputs(said="")


@module
def talkative(note: Note, platform: NotePlatform, ctx: Context) -> Generated:
    """Gives an output that nobody declared."""
    yield Outputs(said="", sung="")


@module
def unexplained(note: Undocumented, platform: NotePlatform, ctx: Context) -> Generated:
    yield written(ctx, {})


def test_a_good_module_passes() -> None:
    check_module(good, examples)
    check_module(good, alike)


def test_names_of_the_authors_own_are_no_breach() -> None:
    check_module(good, named)


def test_a_workload_module_passes() -> None:
    check_module(sample_service, workloads)


@pytest.mark.parametrize(
    ("broken", "makes", "problem"),
    [
        (changing, examples, "it changes the component that it is given"),
        (unordered, examples, "example 1 (Note): another Spec comes out with PYTHONHASHSEED=1 TZ=Pacific/Kiritimati"),
        (counting, examples, "example 1 (Note): another Spec comes out the second time"),
        (unwritable, examples, "data.words is of the type frozenset, which is no JSON"),
        (cutting, examples, "example 1 (Note) does not compile with long names"),
        (too_long, examples, "metadata.name has 64 characters, and a Service may have 63"),
        (labelling, examples, "metadata.labels: "),
        (constant, examples, "example 1 (Note) and example 2 (Note) as two accessories of a stack do not compile"),
        (talkative, examples, "gives the output 'sung', which its schema does not declare"),
        (unexplained, undocumented, "Undocumented.words has no text behind it"),
        (unexplained, undocumented, "the function unexplained has no docstring"),
        (good, none, "there is no example"),
        (good, differing, "2 examples are made with PYTHONHASHSEED=1 TZ=Pacific/Kiritimati, 1 here"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_breach_is_found(broken: Module[Any, Any], makes: Callable[[], Sequence[Component]], problem: str) -> None:
    with pytest.raises(AssertionError) as caught:
        check_module(broken, makes)
    assert problem in str(caught.value)


def test_what_one_accessory_does_to_another_is_found() -> None:
    with pytest.raises(AssertionError, match="is not what it is for one alone"):
        check_module(remembering, examples)


def test_a_change_of_the_workspace_is_found() -> None:
    with pytest.raises(AssertionError, match="it changes the workspace's context that it is given"):
        check_module(meddling, examples, workspace="context: {REGIONS: [there]}")


def test_examples_are_made_by_a_function_that_another_process_finds() -> None:
    with pytest.raises(AssertionError, match="must be a function at the top of a file"):
        check_module(good, lambda: [Note()])


def test_accessories_of_modules_in_a_test_need_no_other_workload() -> None:
    spec = compile_app(application_with(Note(), name="app", accessory="note"), modules=[good]).spec
    assert [each.id for each in spec.resources if each.workload] == ["apps/v1:Deployment:test:test-dev-app"]
