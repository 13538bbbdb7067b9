"""Everything that can go wrong and that a user can do something about.

::

    KusionError                 one or more problems, each with a place, a sentence and a way out
    ├── ProjectError            project.yaml or stack.yaml
    ├── AppError                app.py: cannot be loaded, or what it says is not valid
    ├── WorkspaceError          a workspace, or its file
    ├── ModuleError             a module: not installed, broken, of the wrong version, or misbehaving
    ├── CompileError            the parts are valid, but do not fit together: outputs, names, cycles
    ├── SpecError               a stored Spec, or a reference in one, cannot be read
    ├── SecretError             a secret cannot be resolved, or stands where it would be readable
    ├── StorageError            the backend cannot be used
    │   ├── DamagedError        something stored there is not what was written
    │   └── NewerFormatError    something stored there was written by a newer kusion-dsl
    ├── BusyError               somebody else holds the lease of the stack
    ├── EngineError             Pulumi, or a provider, failed
    │   └── EngineMissingError  there is no Pulumi CLI and no way to get one
    └── RefusedError            it could be done, but not without consent or not like this

``kusion_dsl.cli.main`` alone turns them into text and exit codes. A message says where, what, and what to do;
a traceback shown to a user is a bug of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self


class Position(NamedTuple):
    """A place in a file: 1-based ``line`` and ``column``, 0 where unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])


class Problem(NamedTuple):
    """One thing that is wrong.

    ``what`` is a sentence without a full stop; ``where`` a file position, a resource id or anything else that names
    the place; ``details`` are the single findings below it; ``hint`` says what to do.
    """

    what: str
    where: Position | str | None = None
    hint: str | None = None
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        lines = [head, *(f"  {line}" for detail in self.details for line in detail.splitlines())]
        if self.hint:
            lines.append(f"  {self.hint}")
        return "\n".join(lines)


class KusionError(Exception):
    """One or more problems that the user can understand and act on."""

    problems: tuple[Problem, ...]

    def __init__(
        self,
        what: str,
        *,
        where: Position | str | None = None,
        hint: str | None = None,
        details: Iterable[str] = (),
    ) -> None:
        super().__init__(what)
        self.problems = (Problem(what, where, hint, tuple(details)),)

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> Self:
        """Collect ``problems`` (at least one) into one error; a problem found twice is told once."""
        unique = tuple(dict.fromkeys(problems))
        error = cls(unique[0].what)
        error.problems = unique
        return error

    def at(self, where: Position | str) -> Self:
        """The same error with ``where`` as the place of every problem that has none yet."""
        placed = [problem if problem.where else problem._replace(where=where) for problem in self.problems]
        return type(self).of(placed)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class ProjectError(KusionError):
    """project.yaml or stack.yaml is missing or wrong."""


class AppError(KusionError):
    """app.py cannot be loaded, or what it says is not valid."""


class WorkspaceError(KusionError):
    """A workspace does not exist, or its content is wrong."""


class ModuleError(KusionError):
    """A module is not installed, broken, of the wrong version, or misbehaves."""


class CompileError(KusionError):
    """The parts are valid, but do not fit together."""


class SpecError(KusionError):
    """A stored Spec, or a reference in one, cannot be read."""


class SecretError(KusionError):
    """A secret cannot be resolved, or stands where it would be readable."""


class StorageError(KusionError):
    """The backend cannot be used."""


class DamagedError(StorageError):
    """Something stored is not what was written."""


class NewerFormatError(StorageError):
    """Something stored was written by a newer kusion-dsl."""


class BusyError(KusionError):
    """Somebody else holds the lease of the stack."""


class EngineError(KusionError):
    """Pulumi, or a provider, failed."""


class EngineMissingError(EngineError):
    """There is no Pulumi CLI and no way to get one."""


class RefusedError(KusionError):
    """It could be done, but not without consent, or not like this."""


def did_you_mean(wrong: str, known: Iterable[str]) -> str | None:
    """The suggestion for a name that is not among ``known``: one misspelt, else one shortened or spelt out, if any."""
    names = list(known)
    near = difflib.get_close_matches(wrong, names, n=1, cutoff=0.75)
    near += [name for name in names if len(name) >= _SHORTEST and wrong.startswith(name)]
    near += [name for name in names if len(wrong) >= _SHORTEST and name.startswith(wrong)]
    near += difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else None


_SHORTEST = 3
"""A name of fewer characters begins too many others."""
