"""The tables of a module's README say what its models say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from kusion_dsl.discovery.reference import parts_of, reference_of, type_of, with_reference
from kusion_dsl.errors import ModuleError
from kusion_dsl.module import (
    Accessory,
    Component,
    Context,
    Generated,
    PlatformConfig,
    dev_overrides,
    module,
    output,
    platform_overrides,
    union,
)


class Part(Component):
    """A part."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)

    full_name: str
    """Its name | title."""
    parts: list[Part] = Field(default_factory=list["Part"])
    """Its own parts."""


class Thing(Accessory):
    """A thing.

    With a second paragraph.
    """

    kind: Literal["a", "b"] = "a"
    """What it is like:
    ``a`` or ``b``."""
    wide: bool = False
    """Whether it is wide."""
    parts: Mapping[str, Part] = Field(default_factory=dict[str, Part])
    """What it has."""
    both_names: Annotated[list[str] | None, union] = None
    """Names."""
    one: Annotated[int | None, dev_overrides] = 3
    """A number."""
    other: Annotated[float, platform_overrides] = 0.5
    """Another."""

    url: ClassVar[output] = output("Where it is.", secret=True)


class Side(PlatformConfig):
    """A side of it."""

    is_left: bool = True
    """Whether it is the left one."""


class ThingPlatform(PlatformConfig):
    """The platform's part."""

    side_of: Side = Field(default_factory=Side)
    """The side."""
    labels: dict[str, str] = Field(default_factory=lambda: {"a": "b"})
    """Labels."""


@module
def thing(thing: Thing, platform: ThingPlatform, ctx: Context) -> Generated:
    """Makes a thing."""
    yield from ()


REFERENCE = """\
### Developers write

A thing.

| Field | Type | Default | Decided by | Meaning |
| --- | --- | --- | --- | --- |
| `kind` | `"a"` or `"b"` | `"a"` | developers | What it is like: `a` or `b`. |
| `wide` | true or false | `False` | developers | Whether it is wide. |
| `parts` | mapping of text to `Part` |  | developers | What it has. |
| `both_names` | list of text |  | both, together | Names. |
| `one` | integer | `3` | developers, else the platform | A number. |
| `other` | number | `0.5` | the platform, else developers | Another. |

#### `Part`

A part.

| Field | Type | Default | Meaning |
| --- | --- | --- | --- |
| `full_name` | text | required | Its name \\| title. |
| `parts` | list of `Part` |  | Its own parts. |

### The platform sets

In a workspace, in the blocks of `modules.my-thing.configs`:

| Key | Type | Default | Decided by | Meaning |
| --- | --- | --- | --- | --- |
| `sideOf` | `Side` |  | the platform | The side. |
| `labels` | mapping of text to text | `{"a": "b"}` | the platform | Labels. |
| `bothNames` | list of text |  | both, together | Names. |
| `one` | integer |  | developers, else the platform | A number. |
| `other` | number |  | the platform, else developers | Another. |

#### `Side`

A side of it.

| Field | Type | Default | Meaning |
| --- | --- | --- | --- |
| `isLeft` | true or false | `true` | Whether it is the left one. |

### You get

| Output | Secret | Meaning |
| --- | --- | --- |
| `url` | yes | Where it is. |
"""


class Nothing(Accessory):
    """Nothing at all."""


class NothingPlatform(PlatformConfig):
    """Nothing either."""


@module
def nothing(nothing: Nothing, platform: NothingPlatform, ctx: Context) -> Generated:
    """Makes nothing."""
    yield from ()


def test_the_reference_has_everything_that_the_models_say() -> None:
    assert reference_of("my-thing", thing) == REFERENCE


def test_what_is_not_there_is_said() -> None:
    reference = reference_of("nothing", nothing)
    assert "### You get\n\nNo outputs.\n" in reference
    assert "`modules.nothing.configs`:\n\nNothing.\n" in reference


def test_parts_are_found_once_however_they_refer_to_each_other() -> None:
    assert parts_of(Thing) == (Part,)
    assert parts_of(Part) == ()


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (Sequence[int], "list of integer"),
        (int | str | None, "integer or text"),
        (Annotated[str, Field(min_length=1)], "text"),
        (list[Part | Side], "list of `Part` or `Side`"),
        (dict[str, list[Any]], "mapping of text to list of anything"),
        (Literal[1, True, "a"], '`1` or `true` or `"a"`'),
        (bytes, "`bytes`"),
    ],
)
def test_types_in_words(annotation: Any, words: str) -> None:
    assert type_of(annotation) == words


def test_tables_are_written_at_the_end_once_and_then_between_the_comments() -> None:
    once = with_reference("# Thing\n\nText.\n", "thing", nothing)
    assert once.startswith("# Thing\n\nText.\n\n## Reference\n\n<!-- kusion module readme: begin -->\n### Developers")
    moved = f"{once}\n## After\n"
    assert with_reference(moved, "thing", nothing) == moved
    changed = with_reference(moved, "thing", thing)
    assert reference_of("thing", thing) in changed
    assert "Nothing at all" not in changed
    assert changed.endswith("<!-- kusion module readme: end -->\n\n## After\n")


@pytest.mark.parametrize("comment", ["begin", "end"])
def test_one_comment_alone_is_an_error(comment: str) -> None:
    with pytest.raises(ModuleError, match="one of the two comments"):
        with_reference(f"<!-- kusion module readme: {comment} -->\n", "thing", nothing)
