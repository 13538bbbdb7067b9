"""What a part of a workspace is about: projects, their stacks, their applications, by exact names and globs."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, NamedTuple

from pydantic import Field, StringConstraints

from kusion_dsl.model.project import Document

Glob = Annotated[str, StringConstraints(min_length=1)]
"""An exact name, or a glob like ``shop-*``."""

SELECTORS: Mapping[str, str] = {  # the names of the fields in a document, by theirs in Python
    "project_selector": "projectSelector",
    "stack_selector": "stackSelector",
    "app_selector": "appSelector",
}


class Place(NamedTuple):
    """An application of a stack of a project."""

    project: str
    stack: str
    app: str


class Selecting(Document):
    """Part of a workspace that is about some projects, stacks and applications; about all where it does not say."""

    project_selector: list[Glob] = Field(default_factory=list[str])
    """The projects that it is about: exact names, or globs like ``shop-*``."""
    stack_selector: Annotated[list[Glob], Field(min_length=1)] = Field(default_factory=list[str])
    """The stacks that it is about: exact names, or globs like ``prod-*``."""
    app_selector: Annotated[list[Glob], Field(min_length=1)] = Field(default_factory=list[str])
    """The applications that it is about: exact names, or globs like ``*-worker``."""

    @property
    def globs(self) -> Mapping[str, Sequence[str]]:
        """The selectors that it has, by the names of the fields in a document."""
        every = {name: getattr(self, field) for field, name in SELECTORS.items()}
        return {name: globs for name, globs in every.items() if globs}

    @property
    def closeness(self) -> tuple[bool, bool, bool]:
        """How closely it selects: whether by application, by stack, and by project, which compare in this order."""
        return bool(self.app_selector), bool(self.stack_selector), bool(self.project_selector)

    def selects(self, place: Place) -> bool:
        """Whether it is about ``place``."""
        given = zip((self.project_selector, self.stack_selector, self.app_selector), place, strict=True)
        return all(not globs or any(fnmatchcase(name, glob) for glob in globs) for globs, name in given)


class Overlap(NamedTuple):
    """Two globs that may select the same: the one with ``number`` in ``selector``, from 0, and the one it meets."""

    selector: str
    number: int
    glob: str
    other: str


def overlaps(one: Selecting, other: Selecting) -> Iterator[Overlap]:
    """Where ``one`` selects what ``other`` selects as closely; nothing where no place can be in both."""
    if one.closeness != other.closeness:
        return
    found = [list(_meeting(name, globs, other.globs[name])) for name, globs in one.globs.items()]
    if found and all(found):
        yield from found[0]


def repetitions(one: Selecting) -> Iterator[Overlap]:
    """Where one of its selectors selects twice."""
    for name, globs in one.globs.items():
        for index in range(1, len(globs)):
            for each in _meeting(name, globs[index : index + 1], globs[:index]):
                yield each._replace(number=index)


def _meeting(name: str, globs: Sequence[str], others: Sequence[str]) -> Iterator[Overlap]:
    for index, glob in enumerate(globs):
        met = next((other for other in others if fnmatchcase(glob, other) or fnmatchcase(other, glob)), None)
        if met is not None:
            yield Overlap(name, index, glob, met)
