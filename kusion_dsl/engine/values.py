"""Property values as Pulumi's protocol carries them, and the two kinds that JSON does not know: secret and unknown.

Signatures: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from google.protobuf import struct_pb2

from kusion_dsl.model.change import MISSING, Missing
from kusion_dsl.model.masking import MASKED
from kusion_dsl.model.reference import Path

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_EXACT = 2**53
"""Up to here every whole number is a double, which is what the protocol carries."""


class Unknown(Enum):
    """A value that only the apply will know."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown.UNKNOWN
UNKNOWN_TEXT = "[unknown]"
"""What stands for it where people read."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that Pulumi encrypts in the state and blinds elsewhere."""

    value: Any

    def __repr__(self) -> str:
        return "Secret()"


def to_struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Properties for the wire."""
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        _fill(struct.fields[key], value)
    return struct


def _fill(slot: struct_pb2.Value, value: Any) -> None:
    match value:
        case None:
            slot.null_value = struct_pb2.NULL_VALUE
        case bool():
            slot.bool_value = value
        case int() | float():
            slot.number_value = value
        case str():
            slot.string_value = value
        case Unknown():
            slot.string_value = _UNKNOWN
        case Secret():
            _fill(slot, {_SIGNATURE: _SECRET, "value": value.value})
        case Mapping():
            slot.struct_value.CopyFrom(to_struct(value))
        case _:
            slot.list_value.SetInParent()
            for item in value:
                _fill(slot.list_value.values.add(), item)


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Properties from the wire; whole numbers, which it carries as doubles, are whole again."""
    return {key: _read(value) for key, value in struct.fields.items()}


def _read(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            fields = from_struct(value.struct_value)
            return Secret(fields.get("value")) if fields.get(_SIGNATURE) == _SECRET else fields
        case "list_value":
            return [_read(item) for item in value.list_value.values]
        case "string_value":
            return UNKNOWN if value.string_value == _UNKNOWN else value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() and abs(number) <= _EXACT else number
        case "bool_value":
            return value.bool_value
    return None


def revealed(value: Any) -> Any:
    """``value`` with every secret in the clear."""
    if isinstance(value, Secret):
        return revealed(value.value)
    if isinstance(value, Mapping):
        return {key: revealed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [revealed(item) for item in value]
    return value


def shown(value: Any) -> Any:
    """A property of a checkpoint or an event, which are JSON: ``[secret]`` and ``[unknown]`` in place of such."""
    if value == _UNKNOWN:
        return UNKNOWN_TEXT
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET:
            return MASKED
        return {key: shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(item) for item in value]
    return value


def secrets_in(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The paths of all secrets inside ``value``, each with what it hides."""
    if isinstance(value, Secret):
        yield path, value.value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from secrets_in(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from secrets_in(item, (*path, index))


def texts_in(value: Any) -> Iterator[str]:
    """Every string inside ``value``, secrets revealed."""
    match value:
        case str():
            yield value
        case Secret():
            yield from texts_in(value.value)
        case Mapping():
            for item in value.values():
                yield from texts_in(item)
        case list() | tuple():
            for item in value:
                yield from texts_in(item)


Difference = Literal["add", "delete", "update"]


def differences(old: Any, new: Any, path: Path = ()) -> Iterator[tuple[Path, Difference]]:
    """The paths at which two values differ, secrets compared by what they hide; an unknown differs from everything."""
    old, new = _bare(old), _bare(new)
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(set(old) | set(new)):
            yield from differences(old.get(key, MISSING), new.get(key, MISSING), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from differences(_item(old, index), _item(new, index), (*path, index))
    elif _differ(old, new):
        yield path, "add" if old is MISSING else "delete" if new is MISSING else "update"


def _bare(value: Any) -> Any:
    return _bare(value.value) if isinstance(value, Secret) else value


def _item(items: list[Any], index: int) -> Any | Missing:
    return items[index] if index < len(items) else MISSING


def _differ(old: Any, new: Any) -> bool:
    if UNKNOWN in (old, new):
        return True
    return isinstance(old, bool) != isinstance(new, bool) or old != new
