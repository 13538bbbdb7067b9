"""Health policies: the ancestor's rules about a live object, and whether it keeps to them.

A rule is KCL (https://www.kcl-lang.io/docs/reference/lang/tour), as much of it as a statement about one object needs:
``assert``, assignments, and expressions of the live object ``res``, which Python reads as KCL does::

    assert res.metadata.generation == res.status.observedGeneration
    ready = [each for each in res.status.conditions if each.type == "Ready"]
    assert len(ready) == 1 and ready[0].status == "True"

What is not there is ``None``, and whatever is asked of ``None`` is, too: a rule about a status that no controller has
written yet does not hold.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

OBJECT = "res"
"""The name of the live object in a rule."""

_OPTIONAL = re.compile(r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|\?\.""")
"""KCL's ``a?.b`` is our ``a.b``; in a text it stays."""

_Scope = dict[str, Any]
_FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {"len": len, "int": int, "str": str, "all_true": all, "any_true": any}
_CONSTANTS: Mapping[str, Any] = {"Undefined": None}
_OPERATORS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
    ast.Is: operator.eq,
    ast.IsNot: operator.ne,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
_UNARY: Mapping[type[ast.AST], Callable[[Any], Any]] = {ast.Not: operator.not_, ast.USub: operator.neg}


class HealthRule:
    """A rule that can be asked. Raises ValueError, with the line, for what is no rule or is not understood."""

    def __init__(self, text: str) -> None:
        self._text = _OPTIONAL.sub(lambda found: found[1] or ".", text)
        try:
            self._statements = ast.parse(self._text).body
        except (SyntaxError, ValueError) as error:
            line = f"line {error.lineno}: " if isinstance(error, SyntaxError) and error.lineno else ""
            raise ValueError(f"{line}this is no rule: {getattr(error, 'msg', error)}") from None
        known = {OBJECT, *_CONSTANTS}
        for statement in self._statements:
            _check_statement(statement, known)
        if not any(isinstance(each, ast.Assert) for each in self._statements):
            raise ValueError("the rule asserts nothing: write `assert` before what must hold")

    def unmet(self, res: Mapping[str, Any]) -> str:
        """The first assertion that does not hold for the live object ``res``, as it is written; empty if all hold."""
        scope: _Scope = {**_CONSTANTS, OBJECT: res}
        for statement in self._statements:
            if isinstance(statement, ast.Assign):
                [target] = statement.targets
                assert isinstance(target, ast.Name), "checked when the rule was read"
                scope[target.id] = _value(statement.value, scope)
            elif isinstance(statement, ast.Assert) and not _value(statement.test, scope):
                return ast.get_source_segment(self._text, statement.test) or "it"
        return ""


def _check_statement(statement: ast.stmt, known: set[str]) -> None:
    """Raise ValueError for what :func:`_value` cannot evaluate; ``known`` are the names so far, and learns new ones."""
    if isinstance(statement, ast.Assert):
        _check(statement.test, known)
        if statement.msg is not None:
            _check(statement.msg, known)
    elif isinstance(statement, ast.Assign) and [type(each) for each in statement.targets] == [ast.Name]:
        _check(statement.value, known)
        known.update(each.id for each in statement.targets if isinstance(each, ast.Name))
    else:
        raise ValueError(f"line {statement.lineno}: only assertions and assignments are understood here")


def _check(node: ast.expr, known: set[str]) -> None:
    if isinstance(node, ast.Name) and node.id not in known:
        raise ValueError(f"line {node.lineno}: '{node.id}' is not known; the live object is called '{OBJECT}'")
    if type(node) not in _VALUES or not _is_understood(node):
        raise ValueError(f"line {node.lineno}: '{ast.unparse(node)}' is not understood")
    inner = set(known)
    for generator in getattr(node, "generators", ()):
        _check(generator.iter, known)
        inner.add(generator.target.id)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) and not (isinstance(node, ast.Call) and child is node.func):
            _check(child, inner)
        elif isinstance(child, ast.comprehension):
            for condition in child.ifs:
                _check(condition, inner)


def _is_understood(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[_], keywords=[]):
            return name in _FUNCTIONS
        case ast.Call():
            return False
        case ast.BinOp(op=op):
            return type(op) in _OPERATORS
        case ast.UnaryOp(op=op):
            return type(op) in _UNARY
        case ast.ListComp(generators=[ast.comprehension(target=ast.Name())]):
            return True
        case ast.ListComp() | ast.Subscript(slice=ast.Slice()):
            return False
    return True


def _value(node: ast.expr, scope: _Scope) -> Any:
    """What an expression is; None for what cannot be told, as something in it is not there."""
    try:
        return _VALUES[type(node)](node, scope)
    except (TypeError, ValueError, LookupError, ArithmeticError):
        return None


def _attribute(node: Any, scope: _Scope) -> Any:
    value = _value(node.value, scope)
    return value.get(node.attr) if isinstance(value, Mapping) else None


def _compare(node: Any, scope: _Scope) -> bool:
    left = _value(node.left, scope)
    for op, each in zip(node.ops, node.comparators, strict=True):
        right = _value(each, scope)
        if not _OPERATORS[type(op)](left, right):
            return False
        left = right
    return True


def _bool(node: Any, scope: _Scope) -> bool:
    combine = all if isinstance(node.op, ast.And) else any
    return combine(_value(each, scope) for each in node.values)


def _comprehension(node: Any, scope: _Scope) -> list[Any]:
    [generator] = node.generators
    scopes = ({**scope, generator.target.id: each} for each in _value(generator.iter, scope) or ())
    return [_value(node.elt, inner) for inner in scopes if all(_value(each, inner) for each in generator.ifs)]


_VALUES: Mapping[type[ast.AST], Callable[[Any, _Scope], Any]] = {
    ast.Constant: lambda node, scope: node.value,
    ast.Name: lambda node, scope: scope[node.id],
    ast.Attribute: _attribute,
    ast.Subscript: lambda node, scope: _value(node.value, scope)[_value(node.slice, scope)],
    ast.Compare: _compare,
    ast.BoolOp: _bool,
    ast.UnaryOp: lambda node, scope: _UNARY[type(node.op)](_value(node.operand, scope)),
    ast.BinOp: lambda node, scope: _OPERATORS[type(node.op)](_value(node.left, scope), _value(node.right, scope)),
    ast.IfExp: lambda node, scope: _value(node.body if _value(node.test, scope) else node.orelse, scope),
    ast.List: lambda node, scope: [_value(each, scope) for each in node.elts],
    ast.Call: lambda node, scope: _FUNCTIONS[node.func.id](_value(node.args[0], scope)),
    ast.ListComp: _comprehension,
}
