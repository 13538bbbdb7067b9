"""From the references in a Spec to the values in a secret store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from kusion_dsl.errors import SecretError, did_you_mean
from kusion_dsl.model.masking import Mask
from kusion_dsl.model.reference import SECRET_SCHEME, Reference, format_path
from kusion_dsl.secrets.stores import SecretStore, open_secret_store


def resolver(
    secret_store: Mapping[str, Any] | None, directory: Path, environment: Mapping[str, str], mask: Mask
) -> Callable[[Reference], str]:
    """A function from a ``ref://`` reference to its value, which ``mask`` knows before anybody else does.

    ``secret_store`` is the Spec's, ``directory`` the project's. The store is opened when the first value is asked for,
    each value is looked up once. The function raises SecretError, and may be called by several threads.
    """
    stores: list[SecretStore] = []
    values: dict[Reference, str] = {}
    lock = threading.Lock()

    def resolve(reference: Reference) -> str:
        with lock:
            if reference not in values:
                name, key, version = address_of(reference)
                if not stores:
                    stores.append(open_secret_store(secret_store, directory, environment))
                value = stores[0].get(name, key, version)
                mask.add(value)
                values[reference] = value
            return values[reference]

    return resolve


def address_of(reference: Reference) -> tuple[str, str, str]:
    """Name, key and version that ``${ref://NAME?version=V#KEY}`` stands for; key and version may be empty.

    Name and version are percent-encoded in it. Raises SecretError for anything else.
    """
    name, _, query = reference.id.removeprefix(SECRET_SCHEME).partition("?")
    if not reference.is_secret or not name:
        raise SecretError("this names no secret", where=str(reference), hint=f"write {SECRET_SCHEME}NAME")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    version = parameters.pop("version", "")
    for unknown in parameters:
        hint = did_you_mean(unknown, ["version"]) or "known is version"
        raise SecretError(f"unknown parameter '{unknown}'", where=str(reference), hint=hint)
    if len(reference.path) > 1 or not all(isinstance(segment, str) for segment in reference.path):
        hint = f'write it in brackets and quotes: ["{format_path(reference.path)}"]'
        raise SecretError("a secret has one key", where=str(reference), hint=hint)
    return unquote(name), str(reference.path[0]) if reference.path else "", version
