"""What the authors of models wrote about their fields: the text behind each in the source."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap

from pydantic import BaseModel


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """The documentation of the fields of ``model``, its bases' among them, as one line each.

    It is a string literal behind the field, as tools for Python's documentation know it. A model without a source
    file has none.
    """
    docs: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            docs.update(_of_class(base))
    return {name: docs[name] for name in model.model_fields if name in docs}


def _of_class(model: type[BaseModel]) -> dict[str, str]:
    try:
        source = inspect.getsource(model)
    except (OSError, TypeError):  # made by code, or of a file that is gone
        return {}
    [defined, *_] = ast.parse(textwrap.dedent(source)).body
    assert isinstance(defined, ast.ClassDef)
    docs = {}
    for statement, following in itertools.pairwise(defined.body):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            text = _literal(following)
            if text:
                docs[statement.target.id] = " ".join(text.split())
    return docs


def _literal(statement: ast.stmt) -> str | None:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
