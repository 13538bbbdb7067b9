"""From a field of a component to the line on which its author wrote it."""

from __future__ import annotations

from typing import Any

import pytest

from kusion_dsl.compiler.sources import Sources
from kusion_dsl.model.component import Component
from kusion_dsl.model.reference import Path
from tests.unit.compiler.sample import Part, Server


def components(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {"Part": Part, "Server": Server}
    exec(compile(text, "app.py", "exec"), names)
    return names


def line_of(text: str, path: Path, name: str = "it") -> int:
    component: Component = components(text)[name]
    position = Sources({"app.py": text}).position(component.site_of(path), path)
    assert position is not None
    assert position.file == "app.py"
    return position.line


CALL = """\
COMMON = {
    "FAR": "away",
}
ARGS = ["x"]
it = Server(
    replicas=2,
    env={
        "A": "1",
        **COMMON,
        "B": (
            "2"
        ),
        f"{'C'}": "3",
    },
    args=[
        "one",
        "two",
        *ARGS,
        "three",
    ],
    settings=dict(
        a="1",
        b="2",
    ),
    **{
        "size": 3,
    },
    labels={key: "x" for key in ["k"]},
    zones=ARGS,
)
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 5),
        (("replicas",), 6),
        (("env",), 7),
        (("env", "A"), 7),
        (("env", "FAR"), 7),
        (("env", "B"), 10),
        (("env", "C"), 7),
        (("args", 0), 16),
        (("args", 1), 17),
        (("args", 2), 15),
        (("args", 3), 15),
        (("settings", "b"), 23),
        (("size",), 5),
        (("labels", "k"), 28),
        (("zones", 0), 29),
        (("unknown",), 5),
        (("env", "B", "deeper", 7), 10),
    ],
)
def test_the_line_of_a_field(path: Path, line: int) -> None:
    assert line_of(CALL, path) == line


def test_what_a_later_mapping_may_have_replaced_is_not_blamed_on_the_item() -> None:
    assert (
        line_of('M = {"A": "2"}\nit = Server(\n    env={\n        "A": "1",\n        **M,\n    },\n)\n', ("env", "A"))
        == 3
    )


def test_of_two_items_with_one_key_the_last_one_counts() -> None:
    text = 'it = Server(\n    env={\n        "A": "1",\n        "B": "1",\n        "A": "2",\n    },\n)\n'
    assert line_of(text, ("env", "A")) == 5


def test_two_calls_in_one_line_are_told_apart() -> None:
    text = 'a, b = Server(env={"A": "1"}), Server(env={"A": "1",\n"B": "2"})\n'
    assert line_of(text, ("env", "B"), "b") == 2
    assert line_of(text, ("env", "B"), "a") == 1


def test_a_nested_component_has_a_call_of_its_own() -> None:
    text = 'it = Server(\n  parts={\n    "p": Part(\n      text="x",\n      items=[\n        "y"])})\n'
    part: Part = components(text)["it"].parts["p"]
    position = Sources({"app.py": text}).position(part.site_of(("items", 0)), ("items", 0))
    assert position is not None
    assert position.line == 6


def test_characters_outside_of_ascii_do_not_shift_anything() -> None:
    text = 'é = "größe"; it = Server(env={"ü": "☃",\n "B": "2"}, size=\n1)\n'
    assert line_of(text, ("env", "B")) == 2
    assert line_of(text, ("size",)) == 2


def test_a_call_in_a_function_in_a_loop_or_decorated() -> None:
    text = """\
def decorated(function):
    return function()

@decorated
def it():
    for number in range(1):
        made = [
            Server(
                size=number,
            )
        ]
    return made[0]
"""
    assert line_of(text, ("size",)) == 9


def test_a_call_that_goes_on_in_the_next_line() -> None:
    text = "base = Server(size=1)\nit = (\n    base\n    .override(\n        size=2,\n    )\n)\n"
    assert line_of(text, ("size",)) == 5


OVERRIDES = """\
base = Server(
    env={
        "A": "1",
        "B": "1",
    },
    parts={
        "p": Part(
            text="x",
            numbers={
                "one": 1,
            },
        ),
        "q": Part(text="y"),
    },
)
it = base.override(
    env={
        "B": "2",
    },
    parts={
        "p": {
            "numbers": {
                "two": 2,
            },
        },
    },
)
"""


@pytest.mark.parametrize(("path", "line"), [(("env", "A"), 3), (("env", "B"), 18)])
def test_an_override_is_blamed_for_what_it_changed_and_nothing_else(path: Path, line: int) -> None:
    assert line_of(OVERRIDES, path) == line


@pytest.mark.parametrize(("path", "line"), [(("text",), 8), (("numbers", "one"), 10), (("numbers", "two"), 23)])
def test_an_override_within_a_nested_component_is_blamed_for_what_it_changed(path: Path, line: int) -> None:
    part: Part = components(OVERRIDES)["it"].parts["p"]
    position = Sources({"app.py": OVERRIDES}).position(part.site_of(path), path)
    assert position is not None
    assert position.line == line


def test_without_the_text_only_the_line_of_the_call_is_known() -> None:
    site = components(CALL)["it"].site_of(("env", "A"))
    assert str(Sources().position(site, ("env", "A"))) == "app.py:5"
    assert Sources().position(None) is None


OPTIONS = """\
TAG = option("tag")
full = f"{TAG}-{option('suffix')}"
database = Server(replicas=option("copies"))
it = Server(
    replicas=option("copies", default=2),
    env={
        "PLAIN": "1",
        "DIRECT": f"shop:{option('tag')}",
        "NAMED": full,
        "OUTPUT": str(database.replicas),
        "KEYWORD": kusion_dsl.option(name),
    },
    args=["serve", full.upper()],
    **{"size": option("size")},
)
"""


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ((), ()),
        (("replicas",), ("copies",)),
        (("env", "PLAIN"), ()),
        (("env", "DIRECT"), ("tag",)),
        (("env", "NAMED"), ("suffix", "tag")),
        (("env", "OUTPUT"), ()),
        (("env", "KEYWORD"), ()),
        (("args", 0), ()),
        (("size",), ()),
    ],
)
def test_the_options_that_a_field_is_made_with(path: Path, options: tuple[str, ...]) -> None:
    def option(name: str, default: Any = "") -> Any:
        return default or 1 if name in ("copies", "size") else "x"

    names: dict[str, Any] = {
        "Server": Server,
        "option": option,
        "name": "tag",
        "kusion_dsl": type("Door", (), {"option": staticmethod(option)}),
    }
    exec(compile(OPTIONS, "app.py", "exec"), names)
    component: Component = names["it"]
    sources = Sources({"app.py": OPTIONS})
    assert sources.options(component.site_of(path), path) == options
