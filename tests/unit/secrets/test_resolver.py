"""From references to values: each looked up once, and masked before anybody sees it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.errors import SecretError
from kusion_dsl.model.masking import MASKED, Mask
from kusion_dsl.model.reference import Reference, address_of, parse
from kusion_dsl.secrets.resolver import resolver

ENV: Mapping[str, Any] = {"provider": {"env": {}}}


class CountingEnvironment(Mapping[str, str]):
    """Remembers what was asked for."""

    def __init__(self, **values: str) -> None:
        self.values_by_name = values
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> str:
        self.asked.append(name)
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)


def reference(text: str) -> Reference:
    [found] = parse(text)
    assert isinstance(found, Reference)
    return found


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("${ref://stripe}", ("stripe", "", "")),
        ("${ref://stripe#api-key}", ("stripe", "api-key", "")),
        ('${ref://team/stripe?version=2#["tls.crt"]}', ("team/stripe", "tls.crt", "2")),
        ("${ref://a%20b%3Fc?version=x%26y}", ("a b?c", "", "x&y")),
    ],
)
def test_how_a_secret_is_written(text: str, address: tuple[str, str, str]) -> None:
    assert address_of(reference(text)) == address


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.text(),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_any_name_key_and_version_can_be_written(name: str, key: str, version: str) -> None:
    suffix = f"?version={quote(version, safe='')}" if version else ""
    written = Reference(f"ref://{quote(name)}{suffix}", (key,) if key else ())
    assert address_of(reference(str(written))) == (name, key, version)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (Reference("v1:Secret:shop:a"), "this names no secret"),
        (Reference("ref://"), "this names no secret"),
        (Reference("ref://a?verson=1"), "unknown parameter 'verson'\n  did you mean 'version'?"),
        (Reference("ref://a", ("b", "c")), 'a secret has one key\n  write it in brackets and quotes: ["b.c"]'),
        (Reference("ref://a", (0,)), "a secret has one key"),
    ],
)
def test_a_reference_that_names_no_secret_is_told(written: Reference, message: str) -> None:
    with pytest.raises(SecretError) as raised:
        resolver(ENV, Path("/nowhere"), {}, Mask())(written)
    assert message in str(raised.value)
    assert str(written) in str(raised.value)


def test_a_value_is_looked_up_once_and_masked_from_then_on() -> None:
    environment, mask = CountingEnvironment(STRIPE_KEY="sk_live_51H8xQ"), Mask()
    resolve = resolver(ENV, Path("/nowhere"), environment, mask)
    assert environment.asked == []
    for _ in range(3):
        assert resolve(reference("${ref://stripe#key}")) == "sk_live_51H8xQ"
    assert environment.asked == ["STRIPE_KEY"]
    assert mask.text("Bearer sk_live_51H8xQ") == f"Bearer {MASKED}"


def test_several_threads_get_the_same_value_from_one_look() -> None:
    environment = CountingEnvironment(STRIPE="sk_live_51H8xQ")
    resolve = resolver(ENV, Path("/nowhere"), environment, Mask())
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(resolve(Reference("ref://stripe")))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["sk_live_51H8xQ"] * 8
    assert environment.asked == ["STRIPE"]


def test_a_store_is_not_needed_before_a_secret_is() -> None:
    resolve = resolver(None, Path("/nowhere"), {}, Mask())
    with pytest.raises(SecretError, match="the workspace has no secretStore"):
        resolve(Reference("ref://stripe"))


def test_a_missing_secret_can_be_asked_for_again() -> None:
    environment: dict[str, str] = {}
    resolve = resolver(ENV, Path("/nowhere"), environment, Mask())
    with pytest.raises(SecretError):
        resolve(Reference("ref://stripe"))
    environment["STRIPE"] = "there now"
    assert resolve(Reference("ref://stripe")) == "there now"
