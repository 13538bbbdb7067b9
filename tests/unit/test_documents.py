"""YAML as people write it: what is read, where it stands, what is refused; and that every reader reads ours alike."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from kusion_dsl.documents import DocumentError, dump_yaml, load_all_yaml, load_yaml, read_model
from kusion_dsl.errors import Position
from kusion_dsl.model.project import Project

NASTY = (
    *("yes", "no", "on", "off", "y", "N", "true", "FALSE", "null", "~", "", "=", "<<", "-", "?", ":", "&a", "*a", "!x"),
    *("1", "010", "0o17", "0x1F", "0b11", "1_000", "1:30", "190:20:30.15", "1e3", "1.", ".5", "+.inf", ".nan", "-.INF"),
    *("2001-12-14", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5", " a", "a ", "a: b", "a #b", "# a"),
    *("\n", "a\n", "a\nb", "\na", " a\nb", "a\n\n", "a \nb", "\ta", "a\tb", "\r\n", "a\rb", "\x85", "\u2028", "\ufeff"),
    *("'", '"', "\\", "%a", "@a", "`a", "[a", "{a", "}", "]", ",", "|", ">", "é", "\U0001f600", "\x00", "\x7f", "..."),
    *("---", "--- a", "a\n---\nb", "\x1b[0m", "x" * 200, "x " * 100, "${a#b}", "\n  a\n b", "\ud7ff", "\ue000"),
)
texts = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=10
)


@given(values)
@example({text: text for text in NASTY})
@example(list(NASTY))
@example({"a": [{"b": text} for text in NASTY]})
def test_what_is_written_is_read_again_by_us(value: Any) -> None:
    assert load_yaml(dump_yaml(value), "f").value == value


@given(texts)
@example("1_0")
def test_a_text_is_a_text_for_a_reader_of_yaml_1_1(text: str) -> None:
    document = dump_yaml({"key": text, text: "value"})
    assert yaml.safe_load(document) == {"key": text, text: "value"}


@pytest.mark.parametrize("text", NASTY)
def test_nasty_texts_are_texts_for_both_readers(text: str) -> None:
    document = dump_yaml({"a": {"b": [text]}})
    assert yaml.safe_load(document) == {"a": {"b": [text]}}
    assert load_yaml(document, "f").value == {"a": {"b": [text]}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2001-12-14", "2001-12-14"),
        ("-.inf", -math.inf),
        ("1e3", 1000.0),
        ("+12", 12),
        ("", None),
        ("~", None),
        ("Null", None),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("|\n  1\n", "1\n"),
    ],
)
def test_plain_values_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    read = load_yaml(text, "f").value
    assert read == value
    assert type(read) is type(value)


def test_keys_are_text_whatever_they_look_like() -> None:
    assert load_yaml("{80: a, no: b, null: c, '1': d}", "f").value == {"80": "a", "no": "b", "null": "c", "1": "d"}


def test_every_part_knows_its_place() -> None:
    document = load_yaml(
        "# first\na:\n  - b: 1\n    c: [2,\n      3]\n  - x\nd: &anchor {e: 5}\nf: *anchor\n", "w.yaml"
    )
    assert document.position() == Position("w.yaml", 2, 1)
    assert document.position(("a",)) == Position("w.yaml", 2, 1)
    assert document.position(("a", 0, "b")) == Position("w.yaml", 3, 5)
    assert document.position(("a", 0, "c", 1)) == Position("w.yaml", 5, 7)
    assert document.position(("a", 1)) == Position("w.yaml", 6, 5)
    assert document.position(("d", "e")) == Position("w.yaml", 7, 13)
    assert document.position(("f", "e")) == Position("w.yaml", 7, 13)
    assert document.position(("a", 0, "b", "missing", 7)) == Position("w.yaml", 3, 5)


@pytest.mark.parametrize(
    ("text", "what", "line", "column"),
    [
        ("a: 1\nb: 2\na: 3\n", "the key 'a' occurs twice", 3, 1),
        ("80: 1\n'80': 2\n", "the key '80' occurs twice", 2, 1),
        ("a:\n  [1]: 2\n", "a key must be text", 2, 3),
        ("{a: 1}: 2\n", "a key must be text", 1, 1),
        ("a: !secret b\n", "the tag '!secret' has no meaning here", 1, 4),
        ("a: !!python/object:os.system b\n", "the tag '!!python/object:os.system' has no meaning here", 1, 4),
        ("a: !!str 1\n", "the tag '!!str' has no meaning here", 1, 4),
        ("a: !!int '1'\n", "the tag '!!int' has no meaning here", 1, 4),
        ("a: !list [1]\n", "the tag '!list' has no meaning here", 1, 4),
        ("a: !!set {b, c}\n", "the tag '!!set' has no meaning here", 1, 4),
        ("!a b: c\n", "the tag '!a' has no meaning here", 1, 1),
        ("a: [1\nb: 2\n", "this is not YAML: did not find expected ',' or ']'", 2, 2),
        ("a: &x [*x]\n", "aliases are nested too deeply here", 1, 4),
        ("a: *nobody\n", "this is not YAML: found undefined alias", 1, 4),
        ("\tb: 1", "this is not YAML: found character that cannot start any token", 1, 1),
        ("a: 1\n---\nb: 2\n", "there is more than one document", 3, 1),
        (f"a: {'9' * 5000}", "this number is too long", 1, 4),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, what: str, line: int, column: int) -> None:
    with pytest.raises(DocumentError) as raised:
        load_yaml(text, "w.yaml")
    (problem,) = raised.value.problems
    assert problem.what == what
    assert problem.where == Position("w.yaml", line, column)


@pytest.mark.parametrize("text", ["[" * 5000 + "]" * 5000, "{a: " * 5000 + "1" + "}" * 5000, "a: \x01", "- " * 5000])
def test_what_no_person_writes_is_an_error_of_ours(text: str) -> None:
    with pytest.raises(DocumentError):
        load_yaml(text, "w.yaml")


def test_a_small_file_cannot_become_a_large_value() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    with pytest.raises(DocumentError, match="aliases are nested too deeply"):
        load_yaml("\n".join(lines), "w.yaml")


def test_a_few_aliases_are_welcome() -> None:
    assert load_yaml("a: &x {b: 1}\nc: [*x, *x]\n", "f").value == {"a": {"b": 1}, "c": [{"b": 1}, {"b": 1}]}


def test_a_stream_has_documents() -> None:
    assert [document.value for document in load_all_yaml("a: 1\n---\n---\n- 2\n", "f")] == [{"a": 1}, None, [2]]
    assert load_yaml("", "f").value is None
    assert load_yaml("# nothing\n", "f").value is None


def test_the_same_value_twice_is_written_twice() -> None:
    shared = {"x": [1]}
    assert dump_yaml({"a": shared, "b": shared}) == "a:\n  x:\n  - 1\nb:\n  x:\n  - 1\n"


def test_a_model_reports_every_finding_at_its_place() -> None:
    document = load_yaml("name: Shop\nlabel: {a: b}\ndescription: [1]\n", "project.yaml")
    with pytest.raises(DocumentError) as raised:
        read_model(Project, document, "project.yaml")
    found = {(str(problem.where), problem.what.partition(":")[0]) for problem in raised.value.problems}
    assert found == {
        ("project.yaml:1:1", "name"),
        ("project.yaml:2:1", "label"),
        ("project.yaml:3:1", "description"),
    }
    assert "did you mean 'labels'?" in str(raised.value)


def test_an_empty_document_is_a_model_without_fields() -> None:
    with pytest.raises(DocumentError, match="name: is required"):
        read_model(Project, load_yaml("", "project.yaml"), "project.yaml")
    with pytest.raises(DocumentError, match=r"project\.yaml: Input should be"):
        read_model(Project, load_yaml("- 1", "project.yaml"), "project.yaml")
