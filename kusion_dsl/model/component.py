"""Components: the frozen, validated values that an application is made of, and the outputs they offer.

A module's schema derives from :class:`Workload` or :class:`Accessory`; parts of it (a container, a port) from
:class:`Component`. All reject unknown fields with a suggestion, and remember where they were written.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar, overload

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    PrivateAttr,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import CoreSchema, ErrorDetails

from kusion_dsl.errors import AppError, did_you_mean
from kusion_dsl.model.load_session import CallSite, Finding, InvalidComponent, current_session
from kusion_dsl.model.reference import Path, format_path
from kusion_dsl.model.token import OutputToken, has_token

_serials = itertools.count(1)
_NOT_TEXT = ("dict_type", "list_type", "mapping_type", "model_type", "sequence_str", "set_type", "tuple_type")
"""What pydantic says of a text where a mapping, a list or a component belongs: no value that is known later is one."""

_IN_DOCUMENT = {"fields": "by alias"}
"""The context of a validation in which fields are called as in documents: by it the components within know, too."""

_INTERNAL = ("kusion_dsl.", "pydantic.", "pydantic_core.")


class Output(str):
    """A value known only once its component exists; goes wherever a string goes, f-strings included."""

    def __new__(cls, component: Component, name: str) -> Self:
        return super().__new__(cls, OutputToken(component.serial, name))


class output:
    """Declares an output in a component's schema: ``url: ClassVar[output] = output("Connection URL.", secret=True)``.

    ``doc`` is one sentence for the module's documentation. With ``secret=True`` the value is a secret, and so is
    every string that contains it.
    """

    def __init__(self, doc: str, *, secret: bool = False) -> None:
        self.doc = doc
        self.secret = secret
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Component, owner: type) -> Output: ...
    def __get__(self, instance: Component | None, owner: type) -> Self | Output:
        return self if instance is None else Output(instance, self.name)


class InvalidComponentError(AttributeError):
    """Follows from a problem that the load session already knows; never shown by itself."""


class Component(BaseModel):
    """A part of an application: frozen, and strict about its fields."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ignored_types=(output,), validate_default=False, defer_build=True
    )

    _serial: int = PrivateAttr(default_factory=lambda: next(_serials))
    _sites: dict[Path, CallSite] = PrivateAttr(default_factory=dict)
    _lineage: tuple[int, ...] = PrivateAttr(default=())
    _invalid: bool = PrivateAttr(default=False)

    if not TYPE_CHECKING:  # the checkers see the fields of each model instead

        def __init__(self, **fields: Any) -> None:
            site = call_site()
            try:
                super().__init__(**fields)
            except ValidationError as error:
                report(type(self), site, error)
                _make_invalid(self)
            self._sites.update(dict.fromkeys([(), *((name,) for name in fields)], site))
            _place(fields, site)

        # nested mappings are validated as parts of this model, not by calling it: their errors keep their path
        __init__.__pydantic_base_init__ = True

        def __getattr__(self, name: str) -> Any:
            private = object.__getattribute__(self, "__pydantic_private__")
            if private and name in private:
                return private[name]
            if private and private.get("_invalid") and not name.startswith("_"):
                raise InvalidComponentError(name)
            if name.startswith("_"):
                return super().__getattr__(name)
            known = [*type(self).outputs(), *type(self).model_fields]
            suggestion = did_you_mean(name, known) or f"it has {', '.join(known)}"
            raise AttributeError(f"{type(self).__name__} has no output and no field '{name}', {suggestion}")

        def __setattr__(self, name: str, value: Any) -> None:
            if not name.startswith("_"):
                raise AttributeError(
                    f"{type(self).__name__} cannot be changed; make a changed one: .override({name}=...)"
                )
            super().__setattr__(name, value)

    @field_validator("*", mode="wrap")
    @classmethod
    def _accept_tokens(cls, value: Any, handler: Callable[[Any], Any]) -> Any:
        """Let a value that is known later stand where its text would not be valid, in lists and mappings too."""
        try:
            return handler(value)
        except InvalidComponentError:  # a check of a part that is invalid looked at its fields: that is told already
            return value
        except ValidationError as error:
            if _is_known_later(error.errors(include_url=False)):
                return value
            raise

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """In a field of another model: validated by its own validator, which is built when one is given.

        Else the validator of a service would hold those of everything that a service can have, most of it never given,
        and building it would take longer than compiling a small application.
        """
        if handler.field_name is None:
            return handler(source)
        return handler.generate_schema(Annotated[Any, PlainValidator(cls._part), Tag(cls.__name__)])

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        if schema["type"] == "function-plain":
            cls.model_rebuild()
            schema = cls.__pydantic_core_schema__
        return handler(schema)

    @classmethod
    def _part(cls, value: Any, info: ValidationInfo) -> Self:
        """What a field of another model was given; pydantic puts the field before the places of what is wrong in it."""
        if isinstance(value, cls):
            return value
        return read_fields(cls, value) if info.context == _IN_DOCUMENT else cls.model_validate(value)

    @property
    def serial(self) -> int:
        """The number by which outputs of this component refer to it; differs from run to run."""
        return self._serial

    @property
    def lineage(self) -> tuple[int, ...]:
        """The serial numbers of the components it was made from by ``override``, nearest first."""
        return self._lineage

    @property
    def invalid(self) -> bool:
        """Whether the load session knows of a problem with it; then it has no fields."""
        return self._invalid

    def site_of(self, path: Path = ()) -> CallSite | None:
        """The call that wrote the field at ``path``, else what it is part of; None where no call in a file did."""
        nearest = (self._sites.get(path[:length]) for length in range(len(path), -1, -1))
        return next((site for site in nearest if site is not None), None)

    @classmethod
    @cache
    def outputs(cls) -> Mapping[str, output]:
        """The declared outputs by name."""
        found = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
        return {name: value for name, value in sorted(found.items()) if isinstance(value, output)}

    def override(self, **changes: Any) -> Self:
        """A copy with ``changes``: a field is replaced, a mapping merged by key, None removes.

        Within a mapping a component given as a mapping of its fields is changed the same way, so one variable of one
        container changes alone: ``workload.override(containers={"web": {"env": {"LOG_LEVEL": "debug"}}})``.
        """
        return self._changed(changes, call_site())

    def _changed(self, changes: Mapping[str, Any], site: CallSite) -> Self:
        if self._invalid:
            return self
        given = {name: getattr(self, name) for name in self.model_fields_set}
        sites = dict(self._sites)
        for name, change in changes.items():
            for path in _written(given.get(name), change, (name,)):
                sites = {known: each for known, each in sites.items() if known[: len(path)] != path} | {path: site}
            merged = _merged(given.get(name), change, site.below(name))
            if merged is None:
                given.pop(name, None)
            else:
                given[name] = merged
        try:
            changed = type(self).model_validate(given)
        except ValidationError as error:
            report(type(self), site, error)
            return self
        changed._sites.update(sites)
        _place({name: getattr(changed, name) for name in changes if name in given}, site)
        changed._lineage = (self._serial, *self._lineage)
        return changed

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Component) and self.__dict__ == other.__dict__


_ModelT = TypeVar("_ModelT", bound=BaseModel)


def read_fields(model: type[_ModelT], document: Any) -> _ModelT:
    """``document`` as a ``model``, its fields called as in documents: by their aliases. Raises ValidationError."""
    return model.model_validate(document, by_alias=True, by_name=False, context=_IN_DOCUMENT)


def _is_known_later(found: list[ErrorDetails]) -> bool:
    """Whether nothing is wrong but that tokens stand where a text or a number belongs."""
    known_later = {each["input"] for each in found if has_token(each["input"]) and each["type"] not in _NOT_TEXT}
    return all(has_token(each["input"]) and each["input"] in known_later for each in found)


class Accessory(Component):
    """Something an application uses beside its workload; known by the name it is given in the application."""


class Workload(Component):
    """What runs."""


def _merged(old: Any, change: Any, site: CallSite) -> Any:
    if isinstance(change, Mapping) and isinstance(old, Component):
        return old._changed(change, site)
    if not isinstance(change, Mapping) or not isinstance(old, Mapping):
        return change
    merged = dict(old)
    for key, value in change.items():
        new = _merged(merged.get(key), value, site.below(key))
        if new is None:
            merged.pop(key, None)
        else:
            merged[key] = new
    return merged


def _written(old: Any, change: Any, path: Path) -> Iterator[Path]:
    """The paths that :func:`_merged` gives new values; components know theirs themselves."""
    if isinstance(change, Mapping) and isinstance(old, Mapping):
        for key, value in change.items():
            yield from _written(old.get(key), value, (*path, key))
    elif not (isinstance(change, Mapping) and isinstance(old, Component)):
        yield path


def _place(value: Any, site: CallSite) -> None:
    """Tell the components in ``value`` that were written as mappings of fields which part of a call they were."""
    if isinstance(value, Component):
        if not value._sites and not value._invalid:
            value._sites[()] = site
            _place({name: getattr(value, name) for name in value.model_fields_set}, site)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _place(item, site.below(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _place(item, site.below(index))


def call_site() -> CallSite:
    """Where the code outside of this library is that led here."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith(_INTERNAL) and frame.f_back:
        frame = frame.f_back
    assert frame is not None
    return CallSite(frame.f_code.co_filename, frame.f_lineno, frame.f_code, frame.f_lasti)


def report(component: type[BaseModel], site: CallSite, error: ValidationError) -> None:
    """Tell the load session what is wrong with a constructor call, or raise AppError where there is none."""
    findings = findings_of(component, error, by_name=True)
    session = current_session()
    if session is None:
        raise AppError(
            f"{component.__name__} is not valid",
            where=f"{site.file}:{site.line}",
            details=[": ".join(filter(None, (format_path(each.path), each.message))) for each in findings],
        ) from None
    session.invalid.append(InvalidComponent(component.__name__, site, findings))


def findings_of(model: type[BaseModel], error: ValidationError, *, by_name: bool = False) -> tuple[Finding, ...]:
    """pydantic's errors as findings, with a suggestion for an unknown field.

    Fields are called as in a document, or ``by_name`` as in Python, where these differ.
    """
    found = error.errors(include_url=False)
    return tuple(dict.fromkeys(Finding(_path(model, each, by_name), _message(model, each, by_name)) for each in found))


def _path(model: type[BaseModel], found: ErrorDetails, by_name: bool) -> Path:
    parts = [part for part in found["loc"] if part != "[key]"]
    if not by_name:
        return tuple(parts)
    return tuple(_name_at(model, tuple(parts[:index]), part) for index, part in enumerate(parts))


def _name_at(model: type[BaseModel], location: Path, part: str | int) -> str | int:
    """The name of the field that is called ``part`` at ``location`` in a document."""
    fields = [field for each in _models_at(model, location) for field in each.model_fields.items()]
    return next((name for name, field in fields if field.alias == part), part)


def _message(model: type[BaseModel], found: ErrorDetails, by_name: bool) -> str:
    if found["type"] == "extra_forbidden":
        models = _models_at(model, found["loc"][:-1])
        fields = [field for each in models for field in each.model_fields.items()]
        known = [name if by_name else field.alias or name for name, field in fields]
        suggestion = did_you_mean(str(found["loc"][-1]), known)
        return f"unknown field, {suggestion or 'known are ' + ', '.join(sorted(known))}"
    if found["type"] == "missing":
        return "is required"
    return found["msg"].removeprefix("Value error, ")


def _models_at(model: type[BaseModel], location: tuple[str | int, ...]) -> list[type[BaseModel]]:
    """The models that describe ``location`` within ``model``, as far as its annotations tell."""
    current: list[type[BaseModel]] = [model]
    for part in location:
        stepped = [nested for each in current for nested in _models_in(each, part)]
        current = stepped or current
    return current


def _models_in(model: type[BaseModel], part: str | int) -> list[type[BaseModel]]:
    fields = (field for name, field in model.model_fields.items() if part in (name, field.alias))
    return [nested for field in fields for nested in models_of(field.annotation)]


def models_of(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation is made of, at any depth of it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in getattr(annotation, "__args__", ()) for model in models_of(argument)]


def _make_invalid(component: Component) -> None:
    """Give a component whose validation failed just what is needed to be passed on."""
    object.__setattr__(component, "__pydantic_fields_set__", set())
    object.__setattr__(component, "__pydantic_extra__", None)
    object.__setattr__(component, "__pydantic_private__", None)
    component.model_post_init(None)
    component._invalid = True
