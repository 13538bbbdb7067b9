"""A provider is called as the engine calls it, without a connection."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest


class Aborted(Exception):
    """What a call ended with."""


class Call:
    """Stands for gRPC's context of one call."""

    def abort(self, code: Any, details: str) -> NoReturn:
        raise Aborted(details)


@pytest.fixture
def call() -> Call:
    return Call()


@pytest.fixture
def aborted() -> type[Exception]:
    return Aborted
