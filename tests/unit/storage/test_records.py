"""How records are written down: what is read is what was written, and no byte can be another."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kusion_dsl.errors import DamagedError
from kusion_dsl.storage.records import decode, encode, seal, unseal

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(texts.filter(lambda key: key not in ("digest", "version")), values, max_size=4)


def versioned(document: dict[str, Any], version: int = 2) -> dict[str, Any]:
    return {"version": version, **document}


@given(documents)
@settings(deadline=None)
def test_what_is_sealed_is_read_as_it_was_and_in_its_order(document: dict[str, Any]) -> None:
    found = unseal(seal(versioned(document)), "here")
    assert found == versioned(document)
    assert list(found) == list(versioned(document))


@given(documents, st.integers(0), st.integers(1, 255))
@settings(deadline=None)
def test_no_byte_can_be_another(document: dict[str, Any], place: int, change: int) -> None:
    data = bytearray(seal(versioned(document)))
    data[place % len(data)] ^= change
    with pytest.raises(DamagedError, match="here: the record is damaged"):
        unseal(bytes(data), "here")


@given(documents, st.data())
@settings(deadline=None)
def test_nothing_can_be_cut_off_or_put_in(document: dict[str, Any], data: st.DataObject) -> None:
    sealed = seal(versioned(document))
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(sealed))] * 2)))
    more = data.draw(st.binary(max_size=5))
    changed = sealed[:start] + more + sealed[end:]
    if changed != sealed:
        with pytest.raises(DamagedError):
            unseal(changed, "here")


def test_the_digest_is_one_that_ordinary_tools_compute() -> None:
    """``head -n -2 FILE | sha256sum``."""
    lines = seal(versioned({"text": "größer"})).splitlines(keepends=True)
    assert hashlib.sha256(b"".join(lines[:-2])).hexdigest() == lines[-2].decode().split('"')[3].removeprefix("sha256:")


@given(documents)
@settings(deadline=None)
def test_what_was_written_before_records_were_sealed_is_read(document: dict[str, Any]) -> None:
    assert unseal(encode(versioned(document, 1)), "here") == versioned(document, 1)


@pytest.mark.parametrize(
    "text",
    [
        '{"version": 1}',
        '{\n  "version": 1, "a": 1\n}\n',
        '{\n  "version": 1,\n  "version": 1\n}\n',
        '{\n  "version": 1,\n  "a": NaN\n}\n',
        '{\n  "version": 1,\n  "a": 1e999\n}\n',
        '{\n  "version": 1,\n  "a": 1.50\n}\n',
        '{\n  "version": 1,\n  "a": "\\u0041"\n}\n',
    ],
)
def test_what_was_not_written_by_us_is_told_from_what_was(text: str) -> None:
    with pytest.raises(DamagedError, match="it is not written as we write records"):
        unseal(text.encode(), "here")


@pytest.mark.parametrize("text", ["", "{", "\xff", '{"a":}', "[" * 100_000])
def test_what_is_no_json_is_damaged(text: str) -> None:
    with pytest.raises(DamagedError, match=r"it is not JSON|nested too deeply"):
        decode(text.encode("latin-1"), "here")


@pytest.mark.parametrize("text", ["[]", "1", '{"version": "2"}', "{}"])
def test_what_has_no_version_is_damaged(text: str) -> None:
    with pytest.raises(DamagedError, match="it has no version"):
        unseal(text.encode(), "here")
