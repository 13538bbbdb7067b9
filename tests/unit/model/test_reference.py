"""The grammar of references: what is rendered can be read again, and text of authors stays text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.errors import SpecError
from kusion_dsl.model.reference import (
    Path,
    Piece,
    Reference,
    escape,
    format_path,
    parse,
    parse_path,
    references_of,
    render,
    resolve,
)

ids = st.from_regex(r"[a-z0-9]+(/v1)?:[A-Za-z]+:[a-z0-9.?=/-]+", fullmatch=True)
anything = st.text(st.sampled_from('${}#."[]\\a0 \n') | st.characters(), max_size=12)
paths: st.SearchStrategy[Path] = st.lists(anything | st.integers(min_value=0, max_value=10**6), max_size=4).map(tuple)
references = st.builds(Reference, ids, paths)
edges = st.sampled_from(["$", "$$", "a$", "{", "${", "$${", "}"])
pieces = st.lists(edges | anything | references, max_size=6)


def merged(parts: list[Piece]) -> tuple[Piece, ...]:
    """Neighbouring texts as one, empty ones gone."""
    result: list[Piece] = []
    for part in parts:
        if isinstance(part, str) and result and isinstance(result[-1], str):
            result[-1] += part
        elif part != "":
            result.append(part)
    return tuple(result)


@given(pieces)
def test_what_is_rendered_is_read_again(parts: list[Piece]) -> None:
    assert parse(render(parts)) == merged(parts)


@given(pieces)
def test_rendering_is_the_inverse_of_parsing(parts: list[Piece]) -> None:
    text = render(parts)
    assert render(parse(text)) == text


@given(anything)
def test_escaped_text_is_literal(text: str) -> None:
    assert parse(escape(text)) == ((text,) if text else ())
    assert references_of(escape(text)) == ()


@given(anything)
def test_text_without_an_opening_brace_is_not_escaped(text: str) -> None:
    if "${" not in text:
        assert escape(text) == text


@given(paths)
def test_a_path_is_read_as_it_was_written(path: Path) -> None:
    assert parse_path(format_path(path)) == path


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("status", "loadBalancer", "ingress", 0, "ip"), "status.loadBalancer.ingress[0].ip"),
        (("data", "tls.crt"), 'data["tls.crt"]'),
        (("0",), '["0"]'),
        ((0, "a"), "[0].a"),
    ],
)
def test_how_a_path_looks(path: Path, text: str) -> None:
    assert format_path(path) == text


@pytest.mark.parametrize(
    "text", [".a", "a.", "a..b", "a[", "a[01]", "a[-1]", "[0]a", 'a["b]', 'a["\\x"]', "a b", "a[b]"]
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="is not a path"):
        parse_path(text)


@pytest.mark.parametrize("text", ["${", "a ${ b", "${}", "${a b}", "${#x}", "${a"])
def test_a_brace_that_opens_no_reference_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="opens no reference"):
        parse(text)


@pytest.mark.parametrize("id", ["", "a b", "a#b", "a$b", "a{b", "a}b", "a\nb"])
def test_an_id_that_could_not_be_read_again_is_refused(id: str) -> None:
    with pytest.raises(SpecError, match="cannot be referred to"):
        Reference(id)


@given(pieces, st.lists(references, max_size=3))
def test_every_reference_is_found_once_wherever_it_stands(parts: list[Piece], lone: list[Reference]) -> None:
    document = {"text": render(parts), "list": [{"deep": str(each)} for each in lone], "number": 1}
    expected = [part for part in [*parts, *lone] if isinstance(part, Reference)]
    assert references_of(document) == tuple(dict.fromkeys(expected))


def test_a_lone_reference_keeps_its_type_and_others_become_text() -> None:
    port = Reference("v1:Service:shop:web", ("spec", "ports", 0, "port"))
    document = {"port": str(port), "url": f"http://web:{port}/", "literal": "$${port}", "replicas": 2, "flag": True}

    def join(parts: list[Any]) -> str:
        return "".join(str(part) for part in parts)

    assert resolve(document, lambda reference: 80 if reference == port else None, join) == {
        "port": 80,
        "url": "http://web:80/",
        "literal": "${port}",
        "replicas": 2,
        "flag": True,
    }


def test_a_value_of_the_secret_store_is_known_by_its_scheme() -> None:
    assert parse("${ref://stripe?version=2#api-key}") == (Reference("ref://stripe?version=2", ("api-key",)),)
    assert Reference("ref://stripe").is_secret
    assert not Reference("v1:Secret:shop:stripe").is_secret
