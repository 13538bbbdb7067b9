"""Tokens survive wherever text goes, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl import Secret, secret_ref
from kusion_dsl.model.token import (
    OutputToken,
    ReferenceToken,
    SecretKeyToken,
    SecretToken,
    Token,
    has_token,
    secret_key_of,
    split,
)

text = st.text(st.characters(exclude_characters="\U0010f0d0\U0010f0d1", exclude_categories=["Cs"]), max_size=8)
tokens: st.SearchStrategy[Token] = (
    st.builds(OutputToken, st.integers(1, 10**9), text)
    | st.builds(SecretToken, text, text, text)
    | st.builds(SecretKeyToken, text, text)
    | st.builds(ReferenceToken, text, text)
)


@given(st.lists(text | tokens, max_size=6))
def test_text_with_tokens_is_taken_apart_into_what_it_was_made_of(pieces: list[str | Token]) -> None:
    found = list(split("".join(map(str, pieces))))
    assert [each for each in found if not isinstance(each, str)] == [p for p in pieces if not isinstance(p, str)]
    assert "".join(map(str, found)) == "".join(map(str, pieces))


@given(st.text(st.sampled_from("\U0010f0d0\U0010f0d1okrs:1%x"), max_size=12))
def test_what_only_looks_like_a_token_is_text(wild: str) -> None:
    assert "".join(map(str, split(wild))) == wild


@pytest.mark.parametrize(
    "inside", ["ox:url", "o1", "o1:a:b", "ka", "ka:b:c", "sa:b", "ra", "xa:b", "", "o1:%zz%", "o1:é", "O1:url"]
)
def test_a_token_that_none_of_us_made_is_text(inside: str) -> None:
    forged = f"\U0010f0d0{inside}\U0010f0d1"
    assert list(split(forged)) == [forged]
    assert has_token(forged)


def test_a_secret_goes_wherever_a_string_goes() -> None:
    secret = Secret("stripe/live", key="api:key", version="3")
    assert list(split(f"Bearer {secret}!")) == ["Bearer ", SecretToken("stripe/live", "api:key", "3"), "!"]
    with pytest.raises(ValueError, match="needs a name"):
        Secret("")


def test_a_secret_ref_is_recognized_only_where_it_stands_alone() -> None:
    reference = secret_ref("github", key="token")
    assert secret_key_of(reference) == SecretKeyToken("github", "token")
    assert secret_key_of(f"{reference} ") is None
    assert secret_key_of(Secret("github", key="token")) is None
    assert secret_key_of("") is None
    for name, key in (("", "a"), ("a", "")):
        with pytest.raises(ValueError, match="needs its name and a key"):
            secret_ref(name, key=key)


def test_only_a_string_can_have_a_token() -> None:
    assert has_token(Secret("a"))
    assert not has_token("a")
    assert not has_token([Secret("a")])
