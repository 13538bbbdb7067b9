"""Addresses and blocks of addresses."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_database.addresses import PRIVATE, block_of, is_public, network

addresses = st.ip_addresses()
blocks = st.builds(lambda address, length: f"{address}/{length}", st.ip_addresses(v=4), st.integers(0, 32)) | st.builds(
    lambda address, length: f"{address}/{length}", st.ip_addresses(v=6), st.integers(0, 128)
)


@given(addresses.map(str) | blocks)
def test_a_block_contains_its_address_and_is_canonical(text: str) -> None:
    block = ip_network(block_of(text))
    assert ip_address(text.partition("/")[0]) in block
    assert block_of(block_of(text)) == block_of(text) == str(block)


@given(addresses.map(str) | blocks, blocks)
def test_a_larger_block_is_public_where_a_smaller_one_is(inner: str, outer: str) -> None:
    small, large = network(inner), network(outer)
    if small.version == large.version and small.network_address in large and small.broadcast_address in large:
        assert is_public(outer) or not is_public(inner)


@pytest.mark.parametrize(
    ("text", "public"),
    [
        *((block, False) for block in PRIVATE),
        ("172.31.255.255", False),
        ("172.32.0.0", True),
        ("100.64.0.1", True),
        ("127.0.0.1", True),
        ("fdff::1", False),
        ("::/0", True),
    ],
)
def test_only_the_private_networks_are_not_public(text: str, public: bool) -> None:
    assert is_public(text) is public


@given(st.text(max_size=20))
def test_anything_else_is_a_value_error(text: str) -> None:
    try:
        network(text)
    except ValueError as error:
        assert repr(text)[1:-1] in str(error) or text in str(error)
