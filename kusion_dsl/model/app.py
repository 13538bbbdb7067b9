"""Applications, as developers write them, and options, their inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from kusion_dsl.errors import AppError, Problem
from kusion_dsl.model.component import Accessory, Component, Workload, call_site
from kusion_dsl.model.kubernetes import Annotations, Labels
from kusion_dsl.model.load_session import CallSite, OptionDeclaration, current_session
from kusion_dsl.model.names import kebab
from kusion_dsl.model.patch import patch
from kusion_dsl.model.token import OutputToken

_Scalar = TypeVar("_Scalar", str, int, float, bool)


class Application(NamedTuple):
    """An application as the compiler takes it.

    ``accessories`` are in order of their names. ``bindings`` maps the serial numbers of all components that the
    application or a base of it ever had under a name to that name: an output follows the name, not the object.
    ``labels`` and ``annotations`` are for all of its Kubernetes objects. ``patches`` are its changes to what is made.
    """

    name: str
    workload: Workload | None
    accessories: Mapping[str, Accessory]
    bindings: Mapping[int, str]
    site: CallSite
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    patches: tuple[patch, ...] = ()


class AppConfiguration:
    """An application: one ``workload``, and any number of accessories under names of their own.

    Written as a class, every leaf class bound at the top of ``app.py`` is an application::

        class Shop(AppConfiguration):
            database = Postgres(version="16")
            workload = Service(containers={"web": Container(image="shop", env={"URL": database.url})})

    Its name is ``name = "..."`` where set, else the kebab-case of the topmost class that is not ``abstract=True``, so
    it is the same in every stack. A subclass overrides: ``database = Shop.database.override(type="cloud")``; None
    removes an accessory. The same by code: ``AppConfiguration(name=..., workload=..., accessories={...})``.

    ``labels = {"team": "shop"}`` and ``annotations = {...}`` are put on all of its Kubernetes objects and the pods of
    its workload, where these do not say otherwise themselves. ``patches = [patch(...)]`` change what is made of it, for
    what no component has a field for.
    """

    name: ClassVar[str]
    labels: ClassVar[Mapping[str, str]] = {}
    annotations: ClassVar[Mapping[str, str]] = {}
    patches: ClassVar[Sequence[patch]] = ()

    _application: Application
    _abstract: ClassVar[bool] = True
    _site: ClassVar[CallSite]

    def __init_subclass__(cls, *, abstract: bool = False) -> None:
        super().__init_subclass__()
        cls._abstract = abstract
        cls._site = call_site()
        given = vars(cls)
        if not isinstance(given.get("name", ""), str):
            _report(_error(f"{cls.__name__}.name is {_kind(given['name'])}, not text", cls._site, 'write name = "..."'))
        if not isinstance(given.get("workload"), Workload | None):
            _report(_no_workload(f"{cls.__name__}.workload", given["workload"], cls._site))
        for problem in _metadata_problems(cls.__name__, cls.labels, cls.annotations, cls._site):
            _report(problem)
        for problem in _patch_problems(cls.__name__, given.get("patches", ()), cls._site):
            _report(problem)
        for name, value in given.items():
            if isinstance(value, Workload) and name != "workload":
                hint = "name it 'workload', or set it from one: workload = Base.workload.override(...)"
                _report(_error(f"{cls.__name__}.{name} is a workload under another name", cls._site, hint))

    def __init__(
        self,
        *,
        name: str,
        workload: Workload | None = None,
        accessories: Mapping[str, Accessory] | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        patches: Sequence[patch] = (),
    ) -> None:
        site = call_site()
        given = dict(sorted((accessories or {}).items()))
        self._check(name, workload, given, site)
        for problem in _metadata_problems(name, labels or {}, annotations or {}, site):
            raise problem
        for problem in _patch_problems(name, patches, site):
            raise problem
        named: dict[str, Component] = {**given, **({"workload": workload} if workload else {})}
        bindings: dict[int, str] = {}
        for key, component in named.items():
            _check_unique(name, component, key, bindings, site)
            bindings[component.serial] = key
        lineage = _with_lineage(bindings, named.items())
        self._application = Application(
            name, workload, given, lineage, site, labels or {}, annotations or {}, tuple(patches)
        )

    def _check(self, name: object, workload: object, accessories: Mapping[str, object], site: CallSite) -> None:
        """Raise AppError for what no type checker was asked about."""
        if type(self) is not AppConfiguration:
            hint = "remove the call; to build one by code write AppConfiguration(name=..., workload=...)"
            raise _error(f"the class {type(self).__name__} is an application itself, and cannot be called", site, hint)
        if not isinstance(name, str):
            raise _error(f"the name of the application is {_kind(name)}, not text", site, 'write name="..."')
        if not isinstance(workload, Workload | None):
            raise _no_workload(f"the workload of {name}", workload, site)
        for key, value in accessories.items():
            if not isinstance(value, Accessory) or key == "workload":
                what = "is no name of an accessory" if isinstance(value, Accessory) else f"is {_kind(value)}"
                hint = "accessories={...} takes accessories only; what runs is given as workload=..."
                raise _error(f"the accessory '{key}' of {name} {what}", site, hint)


def _kind(value: object) -> str:
    return f"of the type {type(value).__name__}"


def _error(what: str, site: CallSite, hint: str) -> AppError:
    return AppError(what, where=f"{site.file}:{site.line}", hint=hint)


def _no_workload(what: str, value: object, site: CallSite) -> AppError:
    return _error(f"{what} is {_kind(value)}, not a workload", site, "give it one, like Service(containers={...})")


def _metadata_problems(owner: str, labels: object, annotations: object, site: CallSite) -> Iterator[AppError]:
    fields: tuple[tuple[str, object, Any], ...] = (
        ("labels", labels, Labels),
        ("annotations", annotations, Annotations),
    )
    for field, values, known in fields:
        if values == {}:
            continue
        try:
            TypeAdapter(known).validate_python(values, strict=True)
        except ValidationError as error:
            for found in error.errors(include_url=False):
                key = f"[{found['loc'][0]!r}]" if found["loc"] else ""
                message = found["msg"].removeprefix("Value error, ")
                hint = f'write {field} = {{"team": "shop"}}'
                yield _error(f"{owner}.{field}{key}: {message}", site, hint)


def _patch_problems(owner: str, patches: object, site: CallSite) -> Iterator[AppError]:
    hint = 'write patches = [patch(kind="Deployment", merge={...})]'
    if not isinstance(patches, list | tuple):
        yield _error(f"{owner}.patches is {_kind(patches)}, not a list", site, hint)
        return
    for index, each in enumerate(patches):
        if not isinstance(each, patch):
            yield _error(f"{owner}.patches[{index}] is {_kind(each)}, not a patch", site, hint)


def _report(error: AppError) -> None:
    """Tell the load session, which goes on to find what else is wrong; raise where there is none."""
    session = current_session()
    if session is None:
        raise error
    session.problems.extend(error.problems)


def application_of(app: type[AppConfiguration] | AppConfiguration) -> Application:
    """The application that a class or an instance describes. Raises AppError for one component under two names."""
    if isinstance(app, AppConfiguration):
        return app._application
    lineage = [base for base in reversed(app.__mro__) if issubclass(base, AppConfiguration)][1:]
    members: dict[str, Component] = {}
    bindings: dict[int, str] = {}
    named: list[tuple[str, Component]] = []
    for base in lineage:
        for name, value in vars(base).items():
            if isinstance(value, Workload | Accessory):
                _check_unique(base.__name__, value, name, bindings, base._site)
                members[name] = value
                bindings[value.serial] = name
                named.append((name, value))
            else:
                members.pop(name, None)
    workload = members.pop("workload", None)
    accessories = {name: value for name, value in sorted(members.items()) if isinstance(value, Accessory)}
    assert workload is None or isinstance(workload, Workload)
    name = _name_of(app, lineage)
    inherited = _with_lineage(bindings, named)
    return Application(
        name, workload, accessories, inherited, app._site, app.labels, app.annotations, tuple(app.patches)
    )


def _with_lineage(bindings: Mapping[int, str], named: Iterable[tuple[str, Component]]) -> dict[int, str]:
    """``bindings`` with what named components were made from: its outputs mean them, unless it has a name itself."""
    successors: dict[int, set[str]] = {}
    for name, component in named:
        for serial in component.lineage:
            successors.setdefault(serial, set()).add(name)
    inherited = {serial: names.pop() for serial, names in successors.items() if len(names) == 1}
    return {**inherited, **bindings}


def _check_unique(owner: str, component: Component, name: str, bindings: Mapping[int, str], site: CallSite) -> None:
    known = bindings.get(component.serial, name)
    if known != name:
        raise AppError(
            f"{owner} has one component under two names, '{known}' and '{name}'",
            where=f"{site.file}:{site.line}",
            hint=f"make the second one of its own: {name} = {known}.override()",
        )


def _name_of(app: type[AppConfiguration], lineage: list[type[AppConfiguration]]) -> str:
    given = getattr(app, "name", None)
    if given is not None:
        return str(given)
    topmost = next((base for base in lineage if not base._abstract), app)
    return kebab(topmost.__name__)


def is_application(value: object) -> bool:
    """Whether ``value`` describes an application: an instance, or a class that is not abstract."""
    if isinstance(value, type):
        return issubclass(value, AppConfiguration) and value is not AppConfiguration and not value._abstract
    return isinstance(value, AppConfiguration)


def option(name: str, *, default: _Scalar | None = None, help: str = "") -> _Scalar:
    """An input of the stack, set from outside with ``--set NAME=VALUE`` or ``-D NAME=VALUE``.

    The value has the type of ``default``; without one it is a string and must be given. ``kusion options`` lists the
    options of a stack with their ``help``. Raises AppError (collected while a file is loaded) for a value that is not
    of the type, for a required one that is missing, and for two declarations of one name that differ.
    """
    site = call_site()
    session = current_session()
    declaration = OptionDeclaration(name, default, help, site)
    if session is None:
        if default is None:
            raise AppError(f"option '{name}' has no default and no value outside of a stack")
        return default
    first = session.options.setdefault(name, declaration)
    where = f"{site.file}:{site.line}"
    if (first.default, type(first.default)) != (default, type(default)):
        what = f"option '{name}' is declared with two defaults, {first.default!r} and {default!r}"
        session.problems.append(
            Problem(what, where, f"the other declaration is at {first.site.file}:{first.site.line}")
        )
    if name in session.values:
        return _typed(name, session.values[name], default, where)  # type: ignore[return-value]
    if default is None:
        session.missing.append(Problem(f"option '{name}' needs a value", where, f"set it with --set {name}=VALUE"))
        return _PLACEHOLDER  # type: ignore[return-value]
    return default


_PLACEHOLDER = str(OutputToken(0, "option"))
"""Stands for the value of an option that has none: valid wherever text is, so that nothing else is complained about."""


_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def _typed(name: str, text: str, default: str | int | float | bool | None, where: str) -> str | int | float | bool:
    session = current_session()
    assert session is not None
    if isinstance(default, bool):
        if text.lower() in _BOOLEANS:
            return _BOOLEANS[text.lower()]
        session.problems.append(Problem(f"option '{name}' is '{text}', not a boolean", where, "use true or false"))
        return default
    if isinstance(default, int | float):
        try:
            return type(default)(text)
        except ValueError:
            kind = "a whole number" if isinstance(default, int) else "a number"
            hint = f"set it like --set {name}={default}"
            session.problems.append(Problem(f"option '{name}' is '{text}', not {kind}", where, hint))
            return default
    return text
