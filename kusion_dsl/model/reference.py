"""The grammar of references in the strings of a Spec.

::

    text       = { literal | "$${" | "${$}" | reference }
    reference  = "${" id [ "#" path ] "}"
    path       = segment { "." identifier | "[" index "]" | "[" JSON string "]" }

- ``${v1:Service:shop:web#status.loadBalancer.ingress[0]}`` is a value of another resource: its id, and where in its
  outputs. The id contains dots, so ``#`` separates. A segment that is no identifier is a JSON string in brackets:
  ``data["tls.crt"]``.
- ``${ref://stripe#api-key}`` is a value of the workspace's secret store: its name, and the key in it, if any. A
  version stands behind the name (``${ref://stripe?version=2#api-key}``).
- ``$${`` is a literal ``${``; of a run of dollars before a brace, one goes. ``${$}`` is a literal dollar where it
  would otherwise touch a reference.

A string that is one reference and nothing else keeps the type of what it refers to; elsewhere the value becomes text.
This file is the only place that knows any of this; ``render`` and ``parse`` are inverse to each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from kusion_dsl.errors import SecretError, SpecError, did_you_mean

SECRET_SCHEME = "ref://"

_FORBIDDEN_IN_ID = re.compile(r"[\s#${}\x00-\x1f]")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SEGMENT = re.compile(
    r"""(?P<dot>\.)?(?P<name>[A-Za-z_][A-Za-z0-9_-]*)
      | \[(?P<index>0|[1-9][0-9]*)\]
      | \[(?P<key>"(?:[^"\\]|\\.)*")\]""",
    re.VERBOSE,
)
_TOKEN = re.compile(
    r"""(?P<dollars>\$+)(?P<escape>\$\{)
      | \$\{(?P<touch>\$)\}
      | \$\{(?P<id>[^\s\#${}]+)(?:\#(?P<path>(?:"(?:[^"\\]|\\.)*"|[^"}])*))?\}
      | (?P<stray>\$\{)""",
    re.VERBOSE,
)

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that is known only while applying: the ``path`` within the outputs of the resource ``id``.

    With an id of the form ``ref://NAME[?version=V]`` it is a value of the workspace's secret store.
    """

    id: str
    path: Path = ()

    def __post_init__(self) -> None:
        if not self.id or _FORBIDDEN_IN_ID.search(self.id):
            raise SpecError(f"'{self.id}' cannot be referred to: an id has no white space and none of '# $ {{ }}'")

    @property
    def is_secret(self) -> bool:
        """Whether it names a value of the secret store rather than of a resource."""
        return self.id.startswith(SECRET_SCHEME)

    def __str__(self) -> str:
        return f"${{{self.id}#{format_path(self.path)}}}" if self.path else f"${{{self.id}}}"


def secret_reference(name: str, key: str = "", version: str = "") -> Reference:
    """A value of the workspace's secret store: the secret's name, the key in it and the version, both optional."""
    asked = f"?version={quote(version, safe='')}" if version else ""
    return Reference(f"{SECRET_SCHEME}{quote(name)}{asked}", (key,) if key else ())


def address_of(reference: Reference) -> tuple[str, str, str]:
    """Name, key and version that ``${ref://NAME?version=V#KEY}`` stands for; key and version may be empty.

    Name and version are percent-encoded in it. Raises SecretError for anything else.
    """
    name, _, query = reference.id.removeprefix(SECRET_SCHEME).partition("?")
    if not reference.is_secret or not name:
        raise SecretError("this names no secret", where=str(reference), hint=f"write {SECRET_SCHEME}NAME")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    version = parameters.pop("version", "")
    for unknown in parameters:
        hint = did_you_mean(unknown, ["version"]) or "known is version"
        raise SecretError(f"unknown parameter '{unknown}'", where=str(reference), hint=hint)
    if len(reference.path) > 1 or not all(isinstance(segment, str) for segment in reference.path):
        hint = f'write it in brackets and quotes: ["{format_path(reference.path)}"]'
        raise SecretError("a secret has one key", where=str(reference), hint=hint)
    return unquote(name), str(reference.path[0]) if reference.path else "", version


def parse_secret(text: str) -> Reference:
    """The value of the secret store that a workspace means by ``ref://NAME``, or ``ref://NAME/KEY?version=VERSION``.

    The last segment of the path is the key if there are several. Raises SpecError for anything else.
    """
    parts = urlsplit(text)
    name, _, last = f"{parts.netloc}{parts.path}".strip("/").rpartition("/")
    parameters = dict(parse_qsl(parts.query))
    version = parameters.pop("version", "")
    if not text.startswith(SECRET_SCHEME) or not last or parameters or parts.fragment:
        raise SpecError(
            f"'{text}' names no secret", hint=f"write {SECRET_SCHEME}NAME, or {SECRET_SCHEME}NAME/KEY?version=VERSION"
        )
    return secret_reference(name, last, version) if name else secret_reference(last, "", version)


Piece = str | Reference


def format_path(path: Path) -> str:
    """``("spec", "ports", 0, "a.b")`` as ``spec.ports[0]["a.b"]``."""
    text = ""
    for segment in path:
        if isinstance(segment, int):
            text += f"[{segment}]"
        elif _IDENTIFIER.fullmatch(segment):
            text += f".{segment}" if text else segment
        else:
            text += f"[{json.dumps(segment)}]"
    return text


def parse_path(text: str) -> Path:
    """The inverse of :func:`format_path`. Raises SpecError for text that it would not have made."""
    path: list[str | int] = []
    position = 0
    while position < len(text):
        match = _SEGMENT.match(text, position)
        if match is None or (match["name"] is not None and bool(match["dot"]) != bool(path)):
            raise SpecError(f"'{text}' is not a path", hint='write it like spec.ports[0].name or data["tls.crt"]')
        if match["name"] is not None:
            path.append(match["name"])
        elif match["index"] is not None:
            path.append(int(match["index"]))
        else:
            path.append(_json_string(match["key"], text))
        position = match.end()
    return tuple(path)


def _json_string(quoted: str, text: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        raise SpecError(f"'{text}' is not a path: {quoted} is not a JSON string") from None


def escape(text: str) -> str:
    """Make ``text`` literal: nothing in it is taken for a reference."""
    return re.sub(r"\$+\{", lambda run: "$" + run[0], text) if "${" in text else text


def render(pieces: Iterable[Piece]) -> str:
    """The string of a Spec that stands for ``pieces``: literal text and references, in order."""
    text = ""
    merged = list(_merged(pieces))
    for number, piece in enumerate(merged):
        if isinstance(piece, Reference):
            text += str(piece)
        elif number + 1 < len(merged):  # a reference follows
            bare = piece.rstrip("$")
            text += escape(bare) + "${$}" * (len(piece) - len(bare))
        else:
            text += escape(piece)
    return text


def _merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    literal = ""
    for piece in pieces:
        if isinstance(piece, str):
            literal += piece
            continue
        if literal:
            yield literal
        literal = ""
        yield piece
    if literal:
        yield literal


def parse(text: str) -> tuple[Piece, ...]:
    """Take a string of a Spec apart, neighbouring literals joined. Raises SpecError for a ``${`` that opens nothing."""
    return tuple(_merged(_pieces(text)))


def _pieces(text: str) -> Iterator[Piece]:
    position = 0
    for match in _TOKEN.finditer(text):
        yield text[position : match.start()]
        position = match.end()
        if match["escape"]:
            yield match["dollars"] + "{"
        elif match["touch"]:
            yield "$"
        elif match["id"]:
            yield Reference(match["id"], parse_path(match["path"] or ""))
        else:
            raise SpecError(f"'{text}' has a '${{' that opens no reference", hint="write a literal one as '$${'")
    yield text[position:]


def references_of(value: Any) -> tuple[Reference, ...]:
    """Every reference anywhere inside the JSON-like ``value``, once each, in order of appearance."""
    found: dict[Reference, None] = {}
    for text in _texts(value):
        if "${" in text:
            found.update((piece, None) for piece in parse(text) if isinstance(piece, Reference))
    return tuple(found)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def resolve(value: Any, lookup: Callable[[Reference], Any], join: Callable[[list[Any]], Any]) -> Any:
    """Replace every reference in the JSON-like ``value``; what is not a string with ``${`` in it stays as it is.

    ``lookup`` gives the value of one reference, which a lone one keeps, type and all. ``join`` makes one value of
    the parts of a text with references in it: literals as they are, looked-up values as ``lookup`` gave them.
    """
    if isinstance(value, Mapping):
        return {key: resolve(item, lookup, join) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, lookup, join) for item in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    parts = parse(value)
    if len(parts) == 1 and isinstance(parts[0], Reference):
        return lookup(parts[0])
    if all(isinstance(part, str) for part in parts):
        return "".join(str(part) for part in parts)
    return join([lookup(part) if isinstance(part, Reference) else part for part in parts])
