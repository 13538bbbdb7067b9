"""From the references in a Spec to the values in a secret store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kusion_dsl.model.masking import Mask
from kusion_dsl.model.reference import Reference, address_of
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
