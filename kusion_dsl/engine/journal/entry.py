"""One line of Pulumi's journal: what the CLI says before and after each operation.

Form: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/journal.go, version 1, as the CLI 3.259 has it.
Kinds and keys were added to it without a new version, so whatever is not known here is refused: an entry that is not
understood cannot be replayed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeGuard

from kusion_dsl.errors import DamagedError, EngineError, NewerFormatError

_VERSION = 1
_OPENING = re.compile(r'\s*\{\s*"entries"\s*:\s*\[\s*')
_NONE = re.compile(r'\s*\{\s*(?:"entries"\s*:\s*(?:\[\s*\]|null)\s*)?\}\s*')
_BETWEEN = re.compile(r"\s*,\s*")
_CLOSING = re.compile(r"\s*\]\s*\}\s*")
_DECODER = json.JSONDecoder()


class Kind(IntEnum):
    """What an entry says; the kinds that can be replayed."""

    BEGIN = 0
    SUCCESS = 1
    FAILURE = 2
    REFRESHED = 3
    OUTPUTS = 4
    WRITE = 5
    SECRETS = 6
    REBUILT = 7


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    - ``raw``: its JSON text, as it came
    - ``sequence``: its place in the journal, from 1; ``operation`` is shared by the begin and the end of an operation
      and names the resource that came of it
    - ``*_old``: an index into ``resources`` of the state that the run began with; ``*_new``: an operation of this run
    - ``state``: the resource as it now is; ``pending``: ``{"resource", "type"}`` of an operation that begins
    """

    raw: str
    kind: Kind
    sequence: int
    operation: int
    remove_old: int | None = None
    remove_new: int | None = None
    pending_replacement_old: int | None = None
    pending_replacement_new: int | None = None
    delete_old: int | None = None
    delete_new: int | None = None
    state: Mapping[str, Any] | None = None
    pending: Mapping[str, Any] | None = None
    refreshes: bool = False
    secrets_provider: Mapping[str, Any] | None = None
    snapshot: Mapping[str, Any] | None = None
    has_byte_strings: bool = False


def parse_entries(body: bytes) -> tuple[Entry, ...]:
    """The entries of one batch, ``{"entries": [...]}`` in UTF-8, in the order in which they came.

    Raises DamagedError for what is no such batch, NewerFormatError for what is not known here, and EngineError for
    a journal whose secrets would be encrypted by the server, which would have to be sent them in plain text.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _damaged(str(error)) from None
    if _NONE.fullmatch(text):
        return ()
    opening = _OPENING.match(text)
    if opening is None:
        raise _damaged("it does not begin with a list of entries")
    entries = []
    place = opening.end()
    while True:
        try:
            value, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise _damaged(str(error)) from None
        entries.append(_entry(value, text[place:end]))
        if _CLOSING.fullmatch(text, end):
            return tuple(entries)
        between = _BETWEEN.match(text, end)
        if between is None:
            raise _damaged(f"there is no end of the list after entry {entries[-1].sequence}")
        place = between.end()


def _entry(value: Any, raw: str) -> Entry:
    if not isinstance(value, dict):
        raise _damaged("an entry is not an object")
    version, kind = value.get("version"), value.get("kind")
    if version != _VERSION:
        raise _newer(f"version {version!r}")
    if not _is_whole(kind) or kind not in _REQUIRED:
        raise _newer(f"the kind {kind!r}")
    fields: dict[str, Any] = {}
    for key, content in value.items():
        if key not in _FIELDS:
            raise _newer(f"the key {key!r}")
        name, is_valid = _FIELDS[key]
        if not is_valid(content):
            raise _damaged(f"{key!r} of entry {value.get('sequenceID')!r} is not what it is to be")
        fields[name] = content
    missing = [key for key in _REQUIRED[Kind(kind)] if fields.get(_FIELDS[key][0]) is None]
    if missing:
        raise _damaged(f"entry {value.get('sequenceID')!r} has no {' and no '.join(map(repr, missing))}")
    del fields["version"]
    entry = Entry(raw, **{**fields, "kind": Kind(kind)})
    if entry.secrets_provider and entry.secrets_provider["type"] == "service":
        hint = "create the stack with the secrets provider 'passphrase', or one of a key management service"
        raise EngineError("the secrets of this stack would be encrypted by the server that holds its state", hint=hint)
    return entry


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_place(value: Any) -> bool:
    return value is None or (_is_whole(value) and value >= 0)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_resource(value: Any) -> bool:
    """Whether it is the state of a resource, as far as anybody here looks into it."""
    return isinstance(value, dict) and isinstance(value.get("urn"), str) and value["urn"].count("::") >= 3


def _is_operation(value: Any) -> bool:
    return isinstance(value, dict) and _is_resource(value.get("resource")) and isinstance(value.get("type"), str)


def _is_secrets_provider(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("type"), str)


def _is_snapshot(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and _are(_is_resource, value.get("resources"))
        and _are(_is_operation, value.get("pending_operations"))
    )


def _are(is_one: Callable[[Any], bool], values: Any) -> bool:
    return values is None or (isinstance(values, list) and all(map(is_one, values)))


_FIELDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "version": ("version", _is_whole),
    "kind": ("kind", _is_whole),
    "sequenceID": ("sequence", lambda value: _is_whole(value) and value > 0),
    "operationID": ("operation", lambda value: _is_whole(value) and value >= 0),
    "removeOld": ("remove_old", _is_place),
    "removeNew": ("remove_new", _is_place),
    "pendingReplacementOld": ("pending_replacement_old", _is_place),
    "pendingReplacementNew": ("pending_replacement_new", _is_place),
    "deleteOld": ("delete_old", _is_place),
    "deleteNew": ("delete_new", _is_place),
    "state": ("state", _is_resource),
    "operation": ("pending", _is_operation),
    "isRefresh": ("refreshes", _is_flag),
    "secretsProvider": ("secrets_provider", _is_secrets_provider),
    "newSnapshot": ("snapshot", _is_snapshot),
    "requiresByteString": ("has_byte_strings", _is_flag),
}
"""By key: our name for it, and what it may be."""

_NUMBERS = ("sequenceID", "operationID")
_REQUIRED: Mapping[Kind, tuple[str, ...]] = {
    **dict.fromkeys(Kind, _NUMBERS),
    Kind.WRITE: (*_NUMBERS, "newSnapshot"),
    Kind.SECRETS: (*_NUMBERS, "secretsProvider"),
}


def _damaged(why: str) -> DamagedError:
    return DamagedError(f"this is not a part of Pulumi's journal: {why}")


def _newer(what: str) -> NewerFormatError:
    hint = "upgrade kusion-dsl, or use the Pulumi CLI that `kusion engine install` gets"
    return NewerFormatError(f"Pulumi's journal has {what}, which is not known here", hint=hint)
