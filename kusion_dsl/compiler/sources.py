"""Where in an author's file a field of a component was written.

A component remembers the call that made it. From the text of the file the call's keywords, and within them the items
of literal dicts and lists, are found again: ``env.LOG_LEVEL`` is the line of that key, not of the constructor.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import CodeType

from kusion_dsl.errors import Position
from kusion_dsl.model.load_session import CallSite
from kusion_dsl.model.reference import Path

_End = tuple[int, int]
"""The line and column behind a call's closing parenthesis, which no other call has."""


@dataclass(frozen=True)
class Sources:
    """The text of the author's files by name, as the loader read them."""

    texts: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _calls(self) -> dict[str, dict[_End, ast.Call]]:
        return {}

    @cached_property
    def _ends(self) -> dict[int, tuple[CodeType, list[_End]]]:
        return {}

    def position(self, site: CallSite | None, path: Path = ()) -> Position | None:
        """Where ``path`` of the component made at ``site`` stands: as near as the file's text tells."""
        if site is None:
            return None
        steps = (*site.path, *path)
        node: ast.AST | None = self._call(site) if steps else None
        line = site.line
        for step in steps:
            found = _step(node, step) if node is not None else None
            if found is None:
                break
            line, node = found
        return Position(site.file, line)

    def _call(self, site: CallSite) -> ast.Call | None:
        if site.file not in self.texts:
            return None
        if site.file not in self._calls:
            tree = ast.parse(self.texts[site.file])
            calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
            self._calls[site.file] = {(node.end_lineno or 0, node.end_col_offset or 0): node for node in calls}
        return self._calls[site.file].get(self._ends_of(site.code)[site.instruction // 2])

    def _ends_of(self, code: CodeType) -> list[_End]:
        """Where in the text each instruction of ``code`` ends."""
        if id(code) not in self._ends:  # by identity: codes may be equal and stand in different places
            self._ends[id(code)] = code, [(end or 0, column or 0) for _, end, _, column in code.co_positions()]
        return self._ends[id(code)][1]


def _step(node: ast.AST, step: str | int) -> tuple[int, ast.AST] | None:
    """The line and the value of one item of a call, a dict or a list; None where the text does not show it."""
    match node, step:
        case ast.Call(), str():
            for keyword in node.keywords:
                if keyword.arg == step:
                    return keyword.lineno, keyword.value
        case ast.Dict(), str():
            for key, value in reversed(list(zip(node.keys, node.values, strict=True))):
                if key is None:
                    break  # a ** that may have this item too, and replaces those before it
                if isinstance(key, ast.Constant) and key.value == step:
                    return key.lineno, value
        case ast.List() | ast.Tuple(), int():
            if step < len(node.elts) and not any(isinstance(item, ast.Starred) for item in node.elts[: step + 1]):
                return node.elts[step].lineno, node.elts[step]
    return None
