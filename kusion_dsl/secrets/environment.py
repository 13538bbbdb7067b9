"""The secret store ``env``: values in the environment of the run."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kusion_dsl.errors import SecretError


class EnvironmentStore:
    """Looks up a variable named after the secret: ``prefix``, the name, ``_`` and the key.

    Name and key are in upper case, with ``_`` for whatever is no ASCII letter or digit:
    ``Secret("stripe", key="api-key")`` is ``STRIPE_API_KEY``, ``Secret("stripe")`` is ``STRIPE``. The prefix stands as
    it is given.
    """

    def __init__(self, environment: Mapping[str, str], prefix: str = "") -> None:
        self._environment = environment
        self._prefix = prefix

    def get(self, name: str, key: str, version: str) -> str:
        """The variable's value. Raises SecretError if it is not set or empty, and for any version."""
        where = f"secret '{name}'{f', key {key!r}' if key else ''}, secret store env"
        if version:
            raise SecretError("the environment has no versions of a secret", where=where, hint="leave the version out")
        variable = self._prefix + "_".join(re.sub(r"[^A-Z0-9]", "_", part.upper()) for part in (name, key) if part)
        value = self._environment.get(variable)
        if not value:
            what = f"the variable {variable} is {'not set' if value is None else 'empty'}"
            raise SecretError(what, where=where, hint=f"set {variable} in the environment of the run")
        return value
