"""Unit tests work in memory and in temporary directories: they reach no network."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

_refusing = False


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if _refusing and event in ("socket.connect", "socket.bind", "socket.getaddrinfo"):
        raise AssertionError(f"a unit test uses the network: {event} {arguments[1:]}")


sys.addaudithook(_refuse)


@pytest.fixture(autouse=True)
def _no_sockets() -> Iterator[None]:
    """Whatever opens a connection, listens, or looks up a host fails."""
    global _refusing
    _refusing = True
    yield
    _refusing = False
