"""Where in an author's file a field of a component was written.

A component remembers the call that made it. From the text of the file the call's keywords, and within them the items
of literal dicts and lists, are found again: ``env.LOG_LEVEL`` is the line of that key, not of the constructor.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
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
        return Position(site.file, self._find(site, path)[0]) if site is not None else None

    def options(self, site: CallSite | None, path: Path = ()) -> tuple[str, ...]:
        """The names of the options that ``path`` is made with, in order of their text.

        They are known where ``option("tag")`` stands in the expression, or in what a name in it was bound to in the
        same file. An output of a component, ``database.url``, is not made with the component's options.
        """
        node = self._find(site, path)[1] if site is not None else None
        if site is None or node is None or node is self._call(site):
            return ()
        return tuple(sorted(_options_in(node, self._bindings(site.file), set())))

    def _find(self, site: CallSite, path: Path) -> tuple[int, ast.AST | None]:
        """The line and the expression at ``path``, or at the nearest part around it that the file's text shows."""
        steps = (*site.path, *path)
        node: ast.AST | None = self._call(site) if steps else None
        line = site.line
        for step in steps:
            found = _step(node, step) if node is not None else None
            if found is None:
                break
            line, node = found
        return line, node

    def _bindings(self, file: str) -> dict[str, list[ast.expr]]:
        """What each name of a file was bound to."""
        if file not in self._bound:
            bound: dict[str, list[ast.expr]] = {}
            for node in ast.walk(self._tree(file)):
                for name, value in _binding(node):
                    bound.setdefault(name, []).append(value)
            self._bound[file] = bound
        return self._bound[file]

    @cached_property
    def _bound(self) -> dict[str, dict[str, list[ast.expr]]]:
        return {}

    @cached_property
    def _trees(self) -> dict[str, ast.Module]:
        return {}

    def _tree(self, file: str) -> ast.Module:
        if file not in self._trees:
            self._trees[file] = ast.parse(self.texts[file])
        return self._trees[file]

    def _call(self, site: CallSite) -> ast.Call | None:
        if site.file not in self.texts:
            return None
        if site.file not in self._calls:
            calls = (node for node in ast.walk(self._tree(site.file)) if isinstance(node, ast.Call))
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


def _binding(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The names that a statement binds, each with what it binds it to."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value


def _options_in(node: ast.AST, bindings: Mapping[str, list[ast.expr]], seen: set[str]) -> Iterator[str]:
    match node:
        case ast.Call(
            func=ast.Name(id="option") | ast.Attribute(attr="option"), args=[ast.Constant(value=str(name)), *_]
        ):
            yield name
        case ast.Attribute():
            return
        case ast.Name(id=name) if name not in seen:
            seen.add(name)
            for value in bindings.get(name, ()):
                yield from _options_in(value, bindings, seen)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _options_in(child, bindings, seen)
