"""What the repository promises about itself: the three doors, the tree of errors, small files with telling names."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from kusion_dsl import errors

ROOT = Path(__file__).parents[2]
DOORS = ["kusion_dsl", "kusion_dsl.module", "kusion_dsl.testing"]
CODE = ["kusion_dsl", "modules", "stacks", "templates"]


def files() -> Iterator[Path]:
    """Every Python file that is shipped or shown."""
    for directory in CODE:
        yield from (
            path for path in (ROOT / directory).rglob("*.py") if not any(part.startswith(".") for part in path.parts)
        )


@pytest.mark.parametrize("door", DOORS)
def test_a_door_has_what_it_says_and_nothing_else(door: str) -> None:
    module = importlib.import_module(door)
    names = [name for name in module.__all__]
    assert names == sorted(set(names), key=lambda name: (not name[0].isupper(), name))
    assert all(hasattr(module, name) for name in names)
    defined = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == door and not isinstance(value, TypeVar)
    }
    assert defined - set(names) == INNER.get(door, set())


INNER = {"kusion_dsl.module": {"shared_fields"}}
"""Names of a door's file that the layers above need, and that are no part of the door."""


def documented(module: str) -> Iterator[str]:
    """The names of values at the top of a file that have a docstring below them."""
    body = ast.parse(inspect.getsource(importlib.import_module(module))).body
    for statement, below in itertools.pairwise(body):
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


@pytest.mark.parametrize("door", DOORS)
def test_what_a_door_offers_is_explained(door: str) -> None:
    module = importlib.import_module(door)
    imports = (each for each in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(each, ast.ImportFrom))
    homes = {door, *(each.module or "" for each in imports)}
    values = {name for home in homes if home.startswith("kusion_dsl") for name in documented(home)}
    for name in module.__all__:
        value = inspect.unwrap(getattr(module, name))
        is_code = inspect.isclass(value) or inspect.isfunction(value)
        assert value.__doc__ if is_code else name in values, name
    assert module.__doc__


def test_unknown_names_of_the_first_door_are_no_names() -> None:
    import kusion_dsl

    assert dir(kusion_dsl) == kusion_dsl.__all__
    with pytest.raises(AttributeError, match="no attribute 'Sceret'"):
        _ = kusion_dsl.Sceret


def subclasses(kind: type[BaseException]) -> Iterator[tuple[type[BaseException], type[BaseException]]]:
    """Every error below ``kind`` that errors.py defines, with what it derives from."""
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield below, kind
            yield from subclasses(below)


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn: dict[str, str] = {}
    above = ["KusionError"]
    for line in inspect.getdoc(errors).splitlines():  # type: ignore[union-attr]
        match = re.match(r"^ *(?P<lines>[│ ]*)[├└]── (?P<name>\w+)  ", line)
        if match:
            depth = line.index("── ") // 4
            del above[depth:]
            drawn[match["name"]] = above[-1]
            above.append(match["name"])
    assert drawn == {below.__name__: kind.__name__ for below, kind in subclasses(errors.KusionError)}


def test_errors_are_explained() -> None:
    assert all(below.__doc__ for below, _ in subclasses(errors.KusionError))


@pytest.mark.parametrize("path", sorted(files()), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_small_and_named_for_what_is_in_it(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base_manager"}
    assert not path.stem.endswith(("_utils", "_helpers", "_common", "_manager"))
