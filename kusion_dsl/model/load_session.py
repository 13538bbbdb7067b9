"""What is remembered while the files of a stack are loaded: options, and what was found wrong.

Without a session (in a test, in a shell) a wrong constructor simply raises. Within one it reports here and goes on
with an instance that is marked invalid, so that everything wrong with a file is told at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import CodeType
from typing import NamedTuple

from kusion_dsl.errors import Problem
from kusion_dsl.model.reference import Path


@dataclass(frozen=True, slots=True)
class CallSite:
    """Where a component was constructed: the file and line, and the call within the code, for its keywords' lines.

    ``path`` is where in the call's arguments the component is: not empty for what was written as a mapping of fields.
    """

    file: str
    line: int
    code: CodeType = field(repr=False, compare=False)
    instruction: int = field(repr=False, compare=False)
    path: Path = ()

    def below(self, step: str | int) -> CallSite:
        """The place of a part of the argument at ``path``."""
        return CallSite(self.file, self.line, self.code, self.instruction, (*self.path, step))


class Finding(NamedTuple):
    """A field of a component that is not valid."""

    path: Path
    message: str


class InvalidComponent(NamedTuple):
    """A constructor call that did not give a valid component."""

    component: str
    site: CallSite
    findings: tuple[Finding, ...]


class OptionDeclaration(NamedTuple):
    """An input of a stack, as ``option()`` declared it."""

    name: str
    default: str | int | float | bool | None
    help: str
    site: CallSite


@dataclass
class LoadSession:
    """Collects while files are loaded; ``values`` are the options given from outside, as text.

    ``missing`` are the problems of required options without a value: in the way of a Spec, but not of listing options.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    options: dict[str, OptionDeclaration] = field(default_factory=dict)
    invalid: list[InvalidComponent] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: list[Problem] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether anything wrong was reported, but for missing values of options."""
        return bool(self.invalid or self.problems)


_current: ContextVar[LoadSession | None] = ContextVar("kusion_load_session", default=None)


def current_session() -> LoadSession | None:
    """The session of the load that is going on, if there is one."""
    return _current.get()


@contextmanager
def load_session(session: LoadSession) -> Iterator[LoadSession]:
    """Make ``session`` the current one."""
    token = _current.set(session)
    try:
        yield session
    finally:
        _current.reset(token)
