"""What a workspace means by ``ref://``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.errors import SpecError
from kusion_dsl.model.reference import parse, parse_secret, secret_reference

names = st.text("abcXYZ019-_.", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("ref://secret-name", "${ref://secret-name}"),
        ("ref://secret-name?version=1", "${ref://secret-name?version=1}"),
        ("ref://secret-name/property?version=1", "${ref://secret-name?version=1#property}"),
        ("ref://customer/acme/customer_name?version=1", "${ref://customer/acme?version=1#customer_name}"),
    ],
)
def test_the_last_segment_is_the_key(text: str, stored: str) -> None:
    assert str(parse_secret(text)) == stored


@pytest.mark.parametrize("text", ["", "$%#//invalid", "ref://", "ref:///", "ref://a?stage=b", "ref://a/b#c", "a/b"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="names no secret"):
        parse_secret(text)


@given(st.lists(names, min_size=1, max_size=3), names, st.just("") | names)
def test_it_is_the_same_as_its_parts(path: list[str], key: str, version: str) -> None:
    asked = f"?version={version}" if version else ""
    found = parse_secret(f"ref://{'/'.join(path)}/{key}{asked}")
    assert found == secret_reference("/".join(path), key, version)
    assert parse(str(found)) == (found,)
