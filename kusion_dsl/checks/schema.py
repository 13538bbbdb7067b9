"""What a value must look like, and where one does not.

A *type* is JSON, so that it can be kept as it is used:

- ``"any"``, ``"text"``, ``"integer"``, ``"number"``, ``"boolean"``
- ``["list", T]`` and ``["map", T]``: a list of, or a mapping of text to, values of the type T
- ``["object", NAME]``: an object type of the schema by its name, since object types may contain themselves
- ``["either", T, U, ...]``: any of several

None is like a field that is not there, as it is for Pulumi and for Kubernetes. A value that is one reference and nothing
else is of every type, since it keeps the type of what it refers to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kusion_dsl.errors import did_you_mean
from kusion_dsl.model.reference import Path, Reference, parse

Type = str | Sequence[Any]

_WORDS = {"text": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}
_MANY = 12


class ObjectType(NamedTuple):
    """The fields that an object may have, with their types, and those that it must have."""

    fields: Mapping[str, Type]
    required: Sequence[str]


class Schema(NamedTuple):
    """The object type that a resource's attributes have, by its name, and all those that can be in it."""

    root: str
    objects: Mapping[str, ObjectType]

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        return {"root": self.root, "objects": self.objects}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Schema:
        """The inverse of :meth:`to_json`."""
        return cls(document["root"], {name: ObjectType(*each) for name, each in document["objects"].items()})


class Mismatch(NamedTuple):
    """Where a value does not fit, what is wrong there (``is text``), and what to do.

    ``path`` leads to what does not fit, or to where it is missing. The value is not told: it may be secret.
    """

    path: Path
    what: str
    hint: str
    missing: bool = False


def mismatches(attributes: Mapping[str, Any], schema: Schema) -> Iterator[Mismatch]:
    """Everything in which ``attributes`` are not what ``schema`` says, in their order."""
    return _object(attributes, schema.root, (), schema)


def _check(value: Any, type: Type, path: Path, schema: Schema) -> Iterator[Mismatch]:
    if type == "any" or (isinstance(value, str) and _is_reference(value)):
        return iter(())
    match type:
        case str():
            return iter(()) if _is_scalar(value, type) else _wrong(value, type, path)
        case ["list", inner] if isinstance(value, list | tuple):
            return _items(enumerate(value), inner, path, schema)
        case ["map", inner] if isinstance(value, Mapping):
            return _items(((key, item) for key, item in value.items() if item is not None), inner, path, schema)
        case ["object", name] if isinstance(value, Mapping):
            return _object(value, name, path, schema)
        case ["either", *choices]:
            return _either(value, choices, path, schema)
        case _:
            return _wrong(value, type, path)


def _is_reference(text: str) -> bool:
    if not text.startswith("${"):
        return False
    pieces = parse(text)
    return len(pieces) == 1 and isinstance(pieces[0], Reference)


def _is_scalar(value: Any, type: str) -> bool:
    match value:
        case bool():
            return type == "boolean"
        case str():
            return type == "text"
        case int():
            return type in ("integer", "number")
        case float():
            return type == "number" or (type == "integer" and value.is_integer())
        case _:
            return False


def _items(
    items: Iterator[tuple[int, Any]] | Iterator[tuple[str, Any]], type: Type, path: Path, schema: Schema
) -> Iterator[Mismatch]:
    for step, item in items:
        yield from _check(item, type, (*path, step), schema)


def _object(value: Mapping[str, Any], name: str, path: Path, schema: Schema) -> Iterator[Mismatch]:
    type = schema.objects[name]
    for key, item in value.items():
        if key not in type.fields:
            yield Mismatch((*path, key), "is no known field", _suggestion(key, type.fields))
        elif item is not None:
            yield from _check(item, type.fields[key], (*path, key), schema)
    for key in type.required:
        if value.get(key) is None:
            yield Mismatch((*path, key), "is missing", f"set it to {_words(type.fields[key])}", missing=True)


def _suggestion(key: str, known: Mapping[str, Type]) -> str:
    some = f"known are {', '.join(sorted(known))}" if len(known) <= _MANY else "remove it"
    return did_you_mean(key, known) or some


def _either(value: Any, choices: Sequence[Type], path: Path, schema: Schema) -> Iterator[Mismatch]:
    """Nothing where one choice fits; else what keeps the first from fitting that is at least of the right kind."""
    found = [list(_check(value, choice, path, schema)) for choice in choices]
    if not all(found):
        return iter(())
    inner = [each for each in found if all(mismatch.path != path for mismatch in each)]
    return iter(inner[0]) if inner else _wrong(value, ["either", *choices], path)


def _wrong(value: Any, type: Type, path: Path) -> Iterator[Mismatch]:
    yield Mismatch(path, f"is {_kind(value)}", f"it must be {_words(type)}")


def _words(type: Type) -> str:
    match type:
        case str():
            return _WORDS.get(type, "a value")
        case ["list", *_]:
            return "a list"
        case ["either", *choices]:
            return " or ".join(dict.fromkeys(map(_words, choices)))
        case _:
            return "a mapping"


def _kind(value: Any) -> str:
    """What people call such a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "text"
        case float() if not value.is_integer():
            return "a number with a fraction"
        case int() | float():
            return "a number"
        case list() | tuple():
            return "a list"
        case _:
            return "a mapping"
