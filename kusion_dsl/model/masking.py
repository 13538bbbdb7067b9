"""The one place that masks. Whatever prints or stores text passes it through a :class:`Mask`.

A value is found raw and as it travels: JSON-, YAML-, Python-, URL- and shell-escaped, also several times over, each
character as its writer chose to escape it; indented, where it has several lines; and in base64 (standard and
URL-safe, at each of the three alignments that it has inside a longer text, and base64 of that again, as in a
Kubernetes Secret that holds credentials of a registry).
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

MASKED = "[secret]"
SHORTEST = 4
"""The length in characters from which on a value is looked for."""

# No quantifier is possessive: Python 3.11 before 3.11.5 matches those wrongly where the repeated has alternatives
# (https://github.com/python/cpython/issues/106052), and a secret would get through.
_SHORTEST_LINE = 16
_LITERAL = re.compile(r"[A-Za-z0-9]")
_RUN = re.compile(r"(?P<backslashes>\\*)(?P<character>[^\\]?)", re.DOTALL)
_PERCENT = "%(?:25)*"  # escaped again and again, '%' is '%25', '%2525', ...
_BACKSLASH = rf"(?:\\|{_PERCENT}5[cC])"
_LETTERS = {"\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e"}
_FURTHER = {
    " ": [r"\+", r"\r?\n[ \t]*"],  # a form's space; a line that YAML folded
    "\n": [r"\r?\n[ \t]*"],  # a line that YAML indented
    "'": ["''", "'\"'\"'", r"'\\''"],  # YAML's and the shells'
}
_BASE64 = {  # the two characters that the alphabets differ in, themselves escaped or not
    "+": rf"(?:{_BACKSLASH}*[+-]|{_PERCENT}2[bB])",
    "/": rf"(?:{_BACKSLASH}*[/_]|{_PERCENT}2[fF])",
}


class Mask:
    """Knows the secret values of a run and replaces them by ``[secret]``. Several threads may use one.

    White space around a value is no part of what is looked for, and a value of fewer than four characters is not
    looked for at all: it would mask half of every text and hide nothing. Of a value of several lines, each line that
    looks like key material (at least 16 characters, no space) is masked by itself too, for logs arrive line by line.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._values: set[str] = set()
        self._compiled: re.Pattern[str] | None = None
        self.add(*values)

    def add(self, *values: str) -> None:
        """Learn further values."""
        new = {part for value in values for part in _parts(value)}
        with self._lock:
            if not new <= self._values:
                self._values |= new
                self._compiled = None

    def text(self, text: str) -> str:
        """``text`` without any known value, in any of the encodings."""
        pattern = self._pattern()
        return pattern.sub(MASKED, text) if pattern else text

    def value(self, value: Any) -> Any:
        """The JSON-like ``value`` with every string in it masked, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def _pattern(self) -> re.Pattern[str] | None:
        with self._lock:
            if self._compiled is None and self._values:
                patterns = {pattern for value in self._values for pattern in _patterns(value)}
                longest_first = sorted(patterns, key=lambda pattern: (-len(pattern), pattern))
                self._compiled = re.compile("|".join(longest_first))
            return self._compiled


def _parts(value: str) -> Iterator[str]:
    """What of ``value`` is looked for: all of it, and its lines of key material."""
    stripped = value.strip()
    if len(stripped) >= SHORTEST:
        yield stripped
    lines = stripped.splitlines()
    if len(lines) > 1:
        yield from (line for line in map(str.strip, lines) if len(line) >= _SHORTEST_LINE and len(line.split()) == 1)


def _patterns(value: str) -> Iterator[str]:
    yield _escaped(value)
    written = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], _percent_encoded(value)}
    for text in written:
        for inner in _base64_forms(_encode(text)):
            yield _base64_pattern(inner)
            yield from (_base64_pattern(twice) for twice in _base64_forms(inner.encode()))


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # a variable of the environment need not be UTF-8


def _percent_encoded(text: str) -> str:
    return quote(_encode(text), safe="")


def _escaped(value: str) -> str:
    """The pattern of ``value`` with each character as it is or escaped.

    Backslashes are taken together with what follows them: escaping doubles them, and adds one before some characters.
    """
    return "".join(_character(len(run["backslashes"]), run["character"]) for run in _RUN.finditer(value) if run[0])


def _character(backslashes: int, character: str) -> str:
    """The pattern of one character with so many backslashes before it."""
    before = f"{_BACKSLASH}{{{backslashes},}}" if backslashes else ""
    if not character or _LITERAL.match(character):
        return before + character
    raw_before = f"{_BACKSLASH}{{{backslashes},}}"
    one_more = f"{_BACKSLASH}{{{backslashes + 1},}}"
    names = [_LETTERS[character]] if character in _LETTERS else []
    names += [f"(?i:x{ord(character):02x})"] if ord(character) < 256 else []
    names.append(f"(?i:U{ord(character):08x})")
    alternatives = [  # the longer ones first
        raw_before + "".join(_percent(byte) for byte in _encode(character)),
        raw_before + re.escape(character),
        *(before + further for further in _FURTHER.get(character, [])),
        *(one_more + name for name in names),
        one_more + f"{_BACKSLASH}+".join(_utf16(character)),
    ]
    return f"(?:{'|'.join(alternatives)})"


def _percent(byte: int) -> str:
    return _PERCENT if byte == ord("%") else f"{_PERCENT}(?i:{byte:02x})"


def _utf16(character: str) -> list[str]:
    """JSON's escapes of a character, without their backslashes: one, or the two of a surrogate pair."""
    data = character.encode("utf-16-be", "surrogatepass")
    return [f"(?i:u{data[start : start + 2].hex()})" for start in range(0, len(data), 2)]


def _base64_forms(data: bytes) -> Iterator[str]:
    """The characters of base64 text that depend on ``data`` alone, for each alignment within a longer text."""
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + data).decode().rstrip("=")
        start = (0, 2, 3)[shift]
        end = len(encoded) - (1 if (shift + len(data)) % 3 else 0)
        yield encoded[start:end]


def _base64_pattern(encoded: str) -> str:
    return "".join(_BASE64.get(character, character) for character in encoded)
