"""Loading ``app.py``: as a member of a synthetic package, everything wrong with it collected.

The package stands for the repository (the nearest directory with ``.git``, else the project), so
``from ..base import Shop`` works, two projects' ``base.py`` never meet, and ``sys.path`` is not touched. When the load
is over the package is forgotten again.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from kusion_dsl.compiler.sources import Sources
from kusion_dsl.discovery.modules import installed_modules
from kusion_dsl.discovery.projects import APP_FILE, StackDirectory, shown
from kusion_dsl.documents import DocumentError, read_text
from kusion_dsl.errors import AppError, KusionError, ModuleError, Position, Problem, did_you_mean
from kusion_dsl.model.app import AppConfiguration, Application, application_of, is_application
from kusion_dsl.model.component import InvalidComponentError
from kusion_dsl.model.load_session import InvalidComponent, LoadSession, OptionDeclaration, load_session
from kusion_dsl.model.reference import format_path

_PREFIX = "kusion_"  # what the import names of module packages begin with
_NOT_IN = re.compile(r"cannot import name '(\w+)' from ")
_IMPORTED_FROM = re.compile(r" \([^()]*\)$")  # the path that CPython puts behind it

_numbers = itertools.count(1)


class LoadedApps(NamedTuple):
    """What ``app.py`` describes: its applications in order of their names, its options, and the text it was read from."""

    applications: tuple[Application, ...]
    options: tuple[OptionDeclaration, ...]
    sources: Sources


def load_apps(stack: StackDirectory, values: Mapping[str, str]) -> LoadedApps:
    """Load the ``app.py`` of a stack with the given option values.

    Raises AppError with everything that is wrong with it, ModuleError where a module it imports is not there or broken.
    """
    session = LoadSession(values)
    loaded = _load(stack, session)
    problems = [*session.missing, *_undeclared(values, session)]
    if problems:
        raise AppError.of(problems)
    return loaded


def declared_options(stack: StackDirectory, values: Mapping[str, str]) -> tuple[OptionDeclaration, ...]:
    """The options that a stack declares, by name; required ones need no value here. Raises what load_apps raises."""
    session = LoadSession(values)
    loaded = _load(stack, session)
    undeclared = tuple(_undeclared(values, session))
    if undeclared:
        raise AppError.of(undeclared)
    return loaded.options


def _load(stack: StackDirectory, session: LoadSession) -> LoadedApps:
    path = stack.directory / APP_FILE
    if not path.is_file():
        raise AppError(
            f"this stack has no {APP_FILE}",
            where=shown(stack.directory),
            hint="write one, or have a look at what `kusion init` makes",
        )
    package = _Package(_root_of(stack))
    with load_session(session), package, contextlib.redirect_stdout(sys.stderr):
        error = _execute(package, path)
        applications = [] if error or session.failed else _applications(package, path, session)
    problems = [*(_describe(each, package.sources) for each in session.invalid), *session.problems]
    if error is not None and not (problems and isinstance(error.__cause__, InvalidComponentError)):
        raise type(error).of([*problems, *session.missing, *error.problems])
    if problems:
        raise AppError.of([*problems, *session.missing, *_undeclared(session.values, session)])
    return LoadedApps(
        tuple(sorted(applications, key=lambda application: application.name)),
        tuple(option for _, option in sorted(session.options.items())),
        package.sources,
    )


def _root_of(stack: StackDirectory) -> Path:
    for directory in (stack.project_directory, *stack.project_directory.parents):
        if (directory / ".git").exists():
            return directory
    return stack.project_directory


@dataclass
class _Package(MetaPathFinder):
    """The synthetic package: finds its members below ``root``, while it is entered."""

    root: Path
    texts: dict[str, str] = field(default_factory=dict)
    paths: dict[str, Path] = field(default_factory=dict)
    name: str = field(default_factory=lambda: f"_kusion_app_{next(_numbers)}")

    @property
    def sources(self) -> Sources:
        return Sources(self.texts)

    def __enter__(self) -> _Package:
        self.paths[self.name] = self.root
        sys.meta_path.insert(0, self)
        return self

    def __exit__(self, *_: object) -> None:
        sys.meta_path.remove(self)
        for name in [name for name in sys.modules if name == self.name or name.startswith(f"{self.name}.")]:
            del sys.modules[name]

    def module_name(self, path: Path) -> str:
        """The name of the member at ``path``; directories may have any name, dots included."""
        name = self.name
        below = self.root
        for part in path.relative_to(self.root).with_suffix("").parts:
            below = below / part
            name = f"{name}.{part.replace('.', '_')}"
            self.paths[name] = below if below.is_dir() else below.with_suffix(".py")
        return name

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.name and not fullname.startswith(f"{self.name}."):
            return None
        parent, _, last = fullname.rpartition(".")
        known = self.paths.get(fullname)
        place = known if known is not None else self.paths[parent] / last
        if place.is_dir():
            self.paths[fullname] = place
            initial = place / "__init__.py"
            loader = _Member(initial if initial.is_file() else None, self.texts)
            return spec_from_loader(fullname, loader, is_package=True)
        source = place.with_suffix(".py")
        return spec_from_loader(fullname, _Member(source, self.texts)) if source.is_file() else None


class _Member(Loader):
    """Executes one file; keeps its text, so that lines can be named later."""

    def __init__(self, path: Path | None, texts: dict[str, str]) -> None:
        self.path = path
        self.texts = texts

    def exec_module(self, module: ModuleType) -> None:
        if self.path is None:
            return
        name = shown(self.path)
        self.texts[name] = ""  # what is wrong from here on is wrong with this file
        text = self.texts[name] = read_text(self.path, name)
        module.__file__ = str(self.path)
        exec(compile(text, name, "exec", dont_inherit=True), module.__dict__)


def _execute(package: _Package, path: Path) -> KusionError | None:
    """Import ``path``; the error of whatever it raises, at the author's line."""
    name = package.module_name(path)
    try:
        __import__(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return _explain(error, package)
    return None


def _explain(error: BaseException, package: _Package) -> KusionError:
    where = _author_position(error, package)
    broken = _broken_module(error)
    if broken is not None:
        return broken.at(where)
    if isinstance(error, DocumentError):
        return AppError.of(error.problems)
    if isinstance(error, KusionError):
        return error.at(where)
    if isinstance(error, SyntaxError) and error.filename in package.texts:
        position = Position(str(error.filename), error.lineno or 0, error.offset or 0)
        return AppError(f"this is not Python: {error.msg}", where=position, hint="correct it there")
    if isinstance(error, ImportError):
        return _explain_import(error, where, package)
    if isinstance(error, RecursionError):
        return AppError("this recurses without end", where=where, hint="look for a call of itself")
    if isinstance(error, SystemExit):
        return AppError("this ends the process (sys.exit)", where=where, hint="an app.py only describes; remove it")
    if isinstance(error, AttributeError | ValueError) and _raised_by_us(error):
        explained = AppError(str(error), where=where)
    else:
        text, *more = str(error).splitlines() or [""]
        what = f"this fails: {type(error).__name__}{': ' if text else ''}{text}"
        explained = AppError(what, where=where, details=more, hint="correct this line; nothing was changed")
    explained.__cause__ = error
    return explained


def _raised_by_us(error: BaseException) -> bool:
    frames = list(traceback.walk_tb(error.__traceback__))
    return bool(frames) and str(frames[-1][0].f_globals.get("__name__", "")).startswith("kusion_dsl.")


def _author_position(error: BaseException, package: _Package) -> Position:
    """The innermost line of the author's files that led to ``error``."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in package.texts:
            return Position(frame.filename, frame.lineno or 0)
    return Position(next(iter(package.texts), APP_FILE))


def _explain_import(error: ImportError, where: Position, package: _Package) -> KusionError:
    """An import that failed: a module that is missing, or a mistake of the author's own."""
    missing = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if missing.startswith(_PREFIX) and not missing.startswith(package.name):
        hint = f"pip install {missing.replace('_', '-')}"
        suggestion = _did_you_mean_module(missing)
        return ModuleError(
            f"{missing} is not installed", where=where, hint=f"{suggestion} else: {hint}" if suggestion else hint
        )
    text = _IMPORTED_FROM.sub("", str(error)).replace(f"{package.name}.", "")
    return AppError(f"this import fails: {text}", where=where, hint=_import_hint(error, package))


def _did_you_mean_module(package: str) -> str | None:
    """The installed module package that was meant; that they all begin alike makes none of them a near one."""
    known = [entry.package.removeprefix(_PREFIX) for entry in installed_modules()]
    suggestion = did_you_mean(package.removeprefix(_PREFIX), known)
    return suggestion.replace("'", f"'{_PREFIX}", 1) if suggestion else None


def _import_hint(error: ImportError, package: _Package) -> str:
    name = error.name or ""
    if not isinstance(error, ModuleNotFoundError):
        wrong = _NOT_IN.match(str(error))
        known = dir(sys.modules.get(name)) if name in sys.modules else []
        return (did_you_mean(wrong[1], known) if wrong else None) or "correct the name"
    if not name.startswith(f"{package.name}."):
        return "install it, or correct the name"
    parent, _, last = name.rpartition(".")
    place = package.paths.get(parent, package.root)
    beside = [path.stem for path in place.glob("*") if path.suffix == ".py" or path.is_dir()]
    return did_you_mean(last, beside) or f"there is no {last}.py in {shown(place)}"


def _broken_module(error: BaseException) -> ModuleError | None:
    """The error for an installed module that failed while it was imported, whatever it raised."""
    entries = installed_modules()
    for file, line, package in _imports_under_way(error):
        for entry in entries:
            if entry.package == package:
                return ModuleError(
                    f"the module {entry.name} cannot be imported: {type(error).__name__}: {error}",
                    details=[f"in {file}:{line}", f"from {entry.distribution} {entry.version}"],
                    hint=f"repair or remove it: pip install --force-reinstall {entry.distribution}",
                )
    return None


def _imports_under_way(error: BaseException) -> Iterator[tuple[str, int, str]]:
    """The files that were being imported when ``error`` was raised, innermost first: path, line, top-level package."""
    if isinstance(error, SyntaxError) and error.filename:
        place = Path(error.filename)
        yield from ((error.filename, error.lineno or 0, part) for part in (place.stem, *reversed(place.parts[:-1])))
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        if frame.f_code.co_name == "<module>":
            yield frame.f_code.co_filename, line, str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _applications(package: _Package, path: Path, session: LoadSession) -> list[Application]:
    module = sys.modules[package.module_name(path)]
    found = list(_bound(module))
    applications: list[Application] = []
    for app in found:
        try:
            applications.append(application_of(app))
        except KusionError as error:
            session.problems.extend(error.problems)
    if not found:
        session.problems.append(
            Problem(
                "no application is bound at the top of this file",
                Position(shown(path)),
                "derive a class that is not abstract from AppConfiguration, or import one",
            )
        )
    return applications


def _bound(module: ModuleType) -> Iterator[type[AppConfiguration] | AppConfiguration]:
    """The applications among the names at the top of a file: instances, and classes that no other one derives from."""
    values = {id(value): value for value in vars(module).values() if is_application(value)}
    classes = [value for value in values.values() if isinstance(value, type)]
    for value in values.values():
        if not isinstance(value, type) or not any(value is not other and issubclass(other, value) for other in classes):
            yield value


def _describe(invalid: InvalidComponent, sources: Sources) -> Problem:
    head = sources.position(invalid.site)
    details = []
    for finding in invalid.findings:
        place = sources.position(invalid.site, finding.path)
        line = f" (line {place.line})" if place and head and place.line != head.line else ""
        details.append(f"{format_path(finding.path)}: {finding.message}{line}" if finding.path else finding.message)
    return Problem(f"{invalid.component} is not valid", head, None, tuple(details))


def _undeclared(values: Mapping[str, str], session: LoadSession) -> Iterator[Problem]:
    for name in values:
        if name not in session.options:
            known = ", ".join(sorted(session.options)) or "none"
            hint = did_you_mean(name, session.options) or f"options of this stack: {known}"
            yield Problem(f"there is no option '{name}'", f"--set {name}", hint)
