"""Who may connect to a database: addresses and blocks of addresses."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""The private networks of IPv4 (RFC 1918), to which those of clouds and clusters belong."""

_PRIVATE_4 = [IPv4Network(block) for block in PRIVATE]
_PRIVATE_6 = IPv6Network("fc00::/7")  # RFC 4193


def network(text: str) -> IPv4Network | IPv6Network:
    """The block that ``10.0.1.5`` or ``10.0.1.0/24`` names. Raises ValueError for anything else."""
    address, slash, prefix = text.partition("/")
    try:
        if (slash and not prefix.isdecimal()) or "%" in address:
            raise ValueError
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            f"'{text}' is no address: write an IP address or a block of them, like 10.0.1.5 or 10.0.1.0/24"
        ) from None


def is_public(text: str) -> bool:
    """Whether an address, or one in a block, is outside of the private networks."""
    block = network(text)
    if isinstance(block, IPv6Network):
        return not block.subnet_of(_PRIVATE_6)
    return not any(block.subnet_of(private) for private in _PRIVATE_4)


def block_of(text: str) -> str:
    """The block as a network's rules have it: with a prefix length, and no bits set behind it."""
    block = str(network(text))
    return text if block == text else block
