"""Secret stores: where the values come from that ``Secret(...)`` and ``ref://`` name.

The workspace chooses one::

    secretStore:
      provider:
        file:
          path: secrets.yaml

A provider is a function from its settings to a store; the SDK that it needs is imported there, and nowhere before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from kusion_dsl.errors import SecretError, did_you_mean
from kusion_dsl.secrets.environment import EnvironmentStore
from kusion_dsl.secrets.file import FileSecretStore


class SecretStore(Protocol):
    """Knows the values of secrets, and never tells them but as the result of ``get``."""

    def get(self, name: str, key: str, version: str) -> str:
        """The value of ``key`` in the secret ``name``, or of the secret itself if ``key`` is empty.

        ``version`` is one other than the current one, or empty. Raises SecretError, which names the store, the secret
        and what was looked for, and never a value.
        """


Settings = Mapping[str, Any]
_Open = Callable[[Settings, Path, Mapping[str, str]], SecretStore]


def _open_environment(settings: Settings, directory: Path, environment: Mapping[str, str]) -> SecretStore:
    return EnvironmentStore(environment, _text(settings, "prefix", "env"))


def _open_file(settings: Settings, directory: Path, environment: Mapping[str, str]) -> SecretStore:
    path = _text(settings, "path", "file")
    if not path:
        raise _wrong("file", "it needs the setting 'path'", "name a YAML or JSON file, or a directory")
    return FileSecretStore(directory / Path(path).expanduser())


_PROVIDERS: Mapping[str, tuple[_Open, tuple[str, ...]]] = {
    "env": (_open_environment, ("prefix",)),
    "file": (_open_file, ("path",)),
}
"""For each provider how it is opened, and the settings it knows."""


def open_secret_store(config: Settings | None, directory: Path, environment: Mapping[str, str]) -> SecretStore:
    """The store that a workspace's ``secretStore`` describes: ``{"provider": {"<name>": {<settings>}}}``.

    ``directory`` is the project's, to which paths are relative. Raises SecretError if there is none, and for an unknown
    provider or setting.
    """
    if config is None:
        raise SecretError(
            "secrets are used, but the workspace has no secretStore",
            hint="add one to the workspace: secretStore: {provider: {env: {}}}",
        )
    providers = config.get("provider")
    if not isinstance(providers, Mapping) or len(providers) != 1:
        raise SecretError("secretStore.provider must name exactly one provider", hint=f"known are {_known(_PROVIDERS)}")
    [(name, settings)] = providers.items()
    if name not in _PROVIDERS:
        hint = did_you_mean(str(name), _PROVIDERS) or f"known are {_known(_PROVIDERS)}"
        raise SecretError(f"unknown secret store '{name}'", where="secretStore.provider", hint=hint)
    opened, known = _PROVIDERS[name]
    settings = settings or {}
    if not isinstance(settings, Mapping):
        raise _wrong(name, "its settings are no mapping", f"known are {_known(known)}")
    for setting in settings:
        if setting not in known:
            hint = did_you_mean(str(setting), known) or f"known are {_known(known)}"
            raise _wrong(name, f"unknown setting '{setting}'", hint)
    return opened(settings, directory, environment)


def _text(settings: Settings, setting: str, provider: str) -> str:
    value = settings.get(setting, "")
    if not isinstance(value, str):
        raise _wrong(provider, f"the setting '{setting}' is not text", "put it in quotes")
    return value


def _wrong(provider: str, what: str, hint: str) -> SecretError:
    return SecretError(what, where=f"secretStore.provider.{provider}", hint=hint)


def _known(names: Mapping[str, Any] | tuple[str, ...]) -> str:
    return ", ".join(sorted(names))
