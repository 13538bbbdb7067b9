"""Values that are not known yet, inside the strings that authors write.

An output (``database.url``) and a secret (``Secret("stripe", key="api-key")``) are strings, so they go anywhere a
string goes and into f-strings. pydantic keeps only the text of a ``str`` subclass; so the text itself is a *token*,
from which everything is recovered: two characters of a private-use plane around a kind and percent-encoded parts.
Only the compiler takes tokens apart; modules never look into them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, unquote

_OPEN, _CLOSE = "\U0010f0d0", "\U0010f0d1"
_PART = "(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})*"  # what `quote` leaves, and makes
_TOKEN = re.compile(f"{_OPEN}(?:(o)([0-9]+:{_PART})|([kr])({_PART}:{_PART})|(s)({_PART}:{_PART}:{_PART})){_CLOSE}")


class OutputToken(NamedTuple):
    """The output ``output`` of the component with the serial number ``serial``."""

    serial: int
    output: str

    def __str__(self) -> str:
        return _text("o", str(self.serial), self.output)


class SecretToken(NamedTuple):
    """A value of the workspace's secret store: its name, the key in it and the version, both optional."""

    name: str
    key: str = ""
    version: str = ""

    def __str__(self) -> str:
        return _text("s", self.name, self.key, self.version)


class SecretKeyToken(NamedTuple):
    """A key of a Kubernetes Secret in the namespace of the stack."""

    secret: str
    key: str

    def __str__(self) -> str:
        return _text("k", self.secret, self.key)


class ReferenceToken(NamedTuple):
    """An output of a resource, as a module refers to it: the resource's id, and the path as text."""

    id: str
    path: str

    def __str__(self) -> str:
        return _text("r", self.id, self.path)


Token = OutputToken | SecretToken | SecretKeyToken | ReferenceToken


def _text(kind: str, *parts: str) -> str:
    return f"{_OPEN}{kind}{':'.join(quote(part, safe='') for part in parts)}{_CLOSE}"


def _token(kind: str, parts: list[str]) -> Token:
    match kind:
        case "o":
            return OutputToken(int(parts[0]), parts[1])
        case "k":
            return SecretKeyToken(*parts)
        case "r":
            return ReferenceToken(*parts)
        case _:
            return SecretToken(*parts)


def has_token(value: object) -> bool:
    """Whether ``value`` is a string with a token in it."""
    return isinstance(value, str) and _OPEN in value


def secret_key_of(text: str) -> SecretKeyToken | None:
    """The key of a Kubernetes Secret that ``text`` is, if it is a ``secret_ref`` and nothing else."""
    pieces = list(split(text))
    return pieces[0] if len(pieces) == 1 and isinstance(pieces[0], SecretKeyToken) else None


def split(text: str) -> Iterator[str | Token]:
    """Take ``text`` apart: literal text and tokens, in order."""
    position = 0
    for match in _TOKEN.finditer(text):
        if match.start() > position:
            yield text[position : match.start()]
        position = match.end()
        kind, parts = filter(None, match.groups())
        yield _token(kind, [unquote(part) for part in parts.split(":")])
    if position < len(text):
        yield text[position:]


class Secret(str):
    """A value of the workspace's secret store, wherever a string goes.

    ``Secret("stripe", key="api-key")`` names a value; it is resolved while applying, in memory, and handed to Pulumi
    as a secret. ``name`` is the secret's name in the store (slashes allowed), ``key`` the key in it where it has
    several, ``version`` a version other than the current one. Raises ValueError for an empty name.

    In a container's environment a string that contains one is lifted into a generated Kubernetes Secret. In
    arguments, ConfigMaps, labels and names it would be readable: there it is an error.
    """

    def __new__(cls, name: str, *, key: str = "", version: str = "") -> Secret:
        if not name:
            raise ValueError("a secret needs a name")
        return super().__new__(cls, SecretToken(name, key, version))


class secret_ref(str):
    """A key of a Kubernetes Secret that exists in the namespace, or that the workload declares in ``secrets``.

    It stands alone as the value of an environment variable: ``env={"TOKEN": secret_ref("github", key="token")}``.
    Raises ValueError for an empty name or key.
    """

    def __new__(cls, name: str, *, key: str) -> secret_ref:
        if not name or not key:
            raise ValueError("a reference to a Kubernetes Secret needs its name and a key")
        return super().__new__(cls, SecretKeyToken(name, key))
