"""Describe an application in Python; preview it three ways, apply it through Pulumi, keep every run as a Release.

The door for application authors: :class:`AppConfiguration`, :class:`Secret`, :func:`secret_ref`, :func:`option`,
:class:`patch`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kusion_dsl.model.app import AppConfiguration, option
    from kusion_dsl.model.patch import patch
    from kusion_dsl.model.token import Secret, secret_ref

__all__ = ["AppConfiguration", "Secret", "option", "patch", "secret_ref"]


_HOMES = {"AppConfiguration": "app", "option": "app", "patch": "patch", "Secret": "token", "secret_ref": "token"}


def __getattr__(name: str) -> object:
    """Import the public names on first use, so that ``kusion --help`` does not wait for pydantic."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"kusion_dsl.model.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
