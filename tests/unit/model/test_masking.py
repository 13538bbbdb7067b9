"""Masking: no known value gets through, however it is written, and nothing else is touched."""

from __future__ import annotations

import base64
import json
import re
import shlex
import string
import threading
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kusion_dsl.documents import dump_yaml
from kusion_dsl.model.masking import MASKED, SHORTEST, Mask

LETTERS = string.ascii_letters + string.digits
characters = st.characters(exclude_categories=["Cs"])
awkward = st.text(st.sampled_from("\\\"'\n\t /+%$&=é😀\0a1") | characters, min_size=SHORTEST, max_size=30)
values = awkward.filter(lambda value: len(value.strip()) >= SHORTEST)
around = st.text(alphabet="<Ω: >", max_size=8)
plain = st.text(alphabet=LETTERS, min_size=8, max_size=30)

WAYS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": json.dumps,
    "JSON, not only ASCII": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps({"applied": json.dumps({"password": text})}),
    "JSON with upper-case digits": lambda text: "".join(
        rf"\u{unit:04X}" if unit > 127 else json.dumps(chr(unit))[1:-1] for unit in _utf16(text)
    ),
    "JSON with escaped slashes": lambda text: json.dumps(text).replace("/", r"\/"),
    "repr": repr,
    "repr of repr": lambda text: repr(repr(text)),
    "a URL's path": quote,
    "a URL's segment": lambda text: quote(text, safe=""),
    "a URL with all that JavaScript leaves": lambda text: quote(text, safe="!'()*;,/?:@&=+$#"),
    "a form": quote_plus,
    "a URL in lower case": lambda text: "".join(
        chr(byte) if chr(byte) in LETTERS else f"%{byte:02x}" for byte in text.encode()
    ),
    "a URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "JSON in a URL": lambda text: quote(json.dumps(text), safe=""),
    "a shell's word": shlex.quote,
}


def _utf16(text: str) -> list[int]:
    data = text.encode("utf-16-be")
    return [int.from_bytes(data[start : start + 2], "big") for start in range(0, len(data), 2)]


@pytest.mark.parametrize("way", WAYS)
@given(value=values, before=around, after=around)
@settings(max_examples=50, deadline=None)
def test_a_value_is_masked_however_it_is_written(way: str, value: str, before: str, after: str) -> None:
    write, value = WAYS[way], value.strip()
    wrapped = write("Sentinel")
    assume(value not in before + wrapped + after)
    masked = Mask([value]).text(before + write(value) + after)
    assert _unquoted(masked) == _unquoted(before + wrapped.replace("Sentinel", MASKED) + after)


def _unquoted(text: str) -> str:
    """Without quotes and backslashes: how many of them a writer puts around a value depends on the value."""
    return re.sub(r"""['"\\]|%22|%27|%5C|%2527""", "", text)


@settings(deadline=None)
@given(
    value=values, before=st.binary(max_size=7), after=st.binary(max_size=7), safe=st.booleans(), padded=st.booleans()
)
def test_a_value_is_masked_inside_base64_of_a_longer_text(
    value: str, before: bytes, after: bytes, safe: bool, padded: bool
) -> None:
    core = value.strip().encode()
    encoded = _base64(before + core + after, safe)
    masked = Mask([value]).text(encoded if padded else encoded.rstrip("="))
    # what is left over stands for the text around it, and for no more than two bits at either end
    assert MASKED in masked
    assert len(masked) - len(MASKED) <= len(_base64(before + after, safe)) + 4


@settings(deadline=None)
@given(value=values, before=st.binary(max_size=4), outer=st.binary(max_size=4))
def test_a_value_is_masked_inside_base64_of_base64(value: str, before: bytes, outer: bytes) -> None:
    once = _base64(before + value.strip().encode() + b":", False)
    assert MASKED in Mask([value]).text(_base64(outer + once.encode() + b'"}', False))


@settings(deadline=None)
@given(value=values)
def test_a_value_is_masked_inside_base64_of_json_and_of_a_url(value: str) -> None:
    mask = Mask([value])
    assert MASKED in mask.text(_base64(json.dumps({"password": value}).encode(), False))
    assert MASKED in mask.text(_base64(f"postgres://u:{quote(value, safe='')}@h".encode(), False))


def _base64(data: bytes, safe: bool) -> str:
    return (base64.urlsafe_b64encode if safe else base64.b64encode)(data).decode()


@settings(deadline=None)
@given(value=plain, before=around)
def test_base64_in_a_url_is_masked(value: str, before: str) -> None:
    encoded = quote(_base64(f"{before}{value}???>>>".encode(), False), safe="")
    assert MASKED in Mask([f"{value}???>>>"]).text(f"https://host/?token={encoded}")


@settings(deadline=None)
@given(text=st.text(max_size=200), value=plain)
def test_a_text_without_the_value_is_unchanged(text: str, value: str) -> None:
    assume(value not in text)
    assert Mask([value]).text(text) == text


@settings(deadline=None)
@given(words=st.lists(st.text(alphabet=string.ascii_lowercase, min_size=4, max_size=12), min_size=2, max_size=5))
def test_every_one_of_several_values_is_masked(words: list[str]) -> None:
    masked = Mask(word.upper() for word in words).text("|".join(word.upper() for word in words))
    assert masked == "|".join(MASKED for _ in words)


def test_of_overlapping_values_the_longer_one_goes_first() -> None:
    assert Mask(["hunter2", "hunter2-and-more"]).text("hunter2-and-more, hunter2") == f"{MASKED}, {MASKED}"


def test_characters_that_only_look_alike_in_base64_stay() -> None:
    assert Mask(["left/right+up"]).text("left_right-up") == "left_right-up"


def test_an_escape_needs_its_backslash() -> None:
    mask = Mask(["one\ntwo", "three\tfour", "caf\u00e9"])
    for text in ("onentwo", "threetfour", "cafu00e9", "cafxe9"):
        assert mask.text(text) == text


def test_a_value_of_several_lines_is_masked_indented_and_line_by_line() -> None:
    body = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "BKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj", "tail"]
    key = "\n".join(["-----BEGIN KEY-----", *body, "-----END KEY-----", ""])
    mask = Mask([key])
    assert mask.text(dump_yaml({"tls": {"key": key}})) == f"tls:\n  key: |\n    {MASKED}\n"
    assert mask.text(f"stderr: {body[1]}") == f"stderr: {MASKED}"
    assert mask.text("-----BEGIN KEY-----") == "-----BEGIN KEY-----"


def test_a_value_that_yaml_folded_is_masked() -> None:
    value = "correct horse battery staple " * 10
    assert "correct" not in Mask([value]).text(dump_yaml({"deep": {"password": f"is {value}"}}))


def test_white_space_around_a_value_does_not_hide_it() -> None:
    assert Mask(["hunter2\n"]).text("'hunter2' is wrong") == f"'{MASKED}' is wrong"


def test_a_short_value_is_not_looked_for() -> None:
    mask = Mask(["abc", "", "  a  "])
    assert mask.text("abc a") == "abc a"


def test_a_value_that_is_not_unicode_is_masked() -> None:
    value = b"caf\xe9-creme".decode("utf-8", "surrogateescape")
    assert Mask([value]).text(f"is {value}") == f"is {MASKED}"


def test_a_json_like_value_is_masked_everywhere_and_keeps_its_shape() -> None:
    value = {"env": [{"name": "KEY", "value": "x-hunter2"}], "hunter2": 1, "replicas": 2, "on": True, "none": None}
    assert Mask(["hunter2"]).value(value) == {
        "env": [{"name": "KEY", "value": f"x-{MASKED}"}],
        MASKED: 1,
        "replicas": 2,
        "on": True,
        "none": None,
    }


def test_an_empty_mask_changes_nothing() -> None:
    assert Mask().text("anything") == "anything"


def test_values_learned_by_several_threads_are_all_masked() -> None:
    mask = Mask()
    words = [f"value-{number:04}" for number in range(200)]

    def learn(part: list[str]) -> None:
        for word in part:
            mask.add(word)
            assert mask.text(word) == MASKED

    threads = [threading.Thread(target=learn, args=(words[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [mask.text(word) for word in words] == [MASKED] * len(words)
