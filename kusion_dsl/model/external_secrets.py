"""Secrets by name: objects that say which values of a store a cluster's own operator is to fetch, and into what.

The operator is https://external-secrets.io; what a workspace says of it stands in ``context.target``::

    target: {kind: manifests, secrets: external, store: {name: vault, kind: ClusterSecretStore, refreshInterval: 1h}}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kusion_dsl.errors import WorkspaceError, did_you_mean
from kusion_dsl.model.duration import seconds_of
from kusion_dsl.model.reference import Path

SECRETS = ("files", "external")
STORE_KINDS = ("SecretStore", "ClusterSecretStore")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_NAME = 253


class ExternalStore(NamedTuple):
    """The operator's store: a ``SecretStore`` of each namespace, or the cluster's ``ClusterSecretStore``.

    ``refresh_interval`` is how long a value is taken for the one that the store has (``1h30m``).
    """

    name: str
    kind: str = "SecretStore"
    refresh_interval: str = "1h"


_FIELDS = {"name": "name", "kind": "kind", "refresh_interval": "refreshInterval"}
"""What stands in a workspace for each."""


class StoreProblem(NamedTuple):
    """What is wrong with ``context.target`` at ``path`` in it, and what to do."""

    path: Path
    what: str
    hint: str | None = None


def store_of(context: Mapping[str, Any]) -> ExternalStore | None:
    """The store that ``context.target`` names; None where Secrets are files, or go to a cluster.

    Raises WorkspaceError for what :func:`store_problems` has.
    """
    for problem in store_problems(context):
        raise WorkspaceError(problem.what, hint=problem.hint)
    target = context.get("target")
    if not isinstance(target, Mapping) or target.get("secrets") != "external":
        return None
    store = target["store"]
    return ExternalStore(**{field: store[key] for field, key in _FIELDS.items() if key in store})


def store_problems(context: Mapping[str, Any]) -> Iterator[StoreProblem]:
    """Everything that is wrong with how ``context.target`` says what becomes of Secrets."""
    target = context.get("target")
    if not isinstance(target, Mapping):
        return
    secrets = target.get("secrets", "files")
    if secrets not in SECRETS:
        what = f"context.target.secrets is '{secrets}', not one of {', '.join(SECRETS)}"
        yield StoreProblem(("secrets",), what, did_you_mean(str(secrets), SECRETS))
    elif secrets == "external" and "store" not in target:
        hint = "name the operator's: store: {name: NAME, kind: ClusterSecretStore}"
        yield StoreProblem(("secrets",), "context.target.secrets is 'external', but no store is named", hint)
    elif "store" in target and secrets == "files":
        what = "context.target.store is of no use: Secrets are files"
        yield StoreProblem(("store",), what, "add secrets: external, or remove it")
    elif "store" in target:
        yield from _wrong_fields(target["store"])


def _wrong_fields(store: Any) -> Iterator[StoreProblem]:
    if not isinstance(store, Mapping):
        hint = "write {name: NAME, kind: ClusterSecretStore}"
        yield StoreProblem(("store",), "context.target.store must be a mapping", hint)
        return
    known = tuple(_FIELDS.values())
    for key in store:
        if key not in known:
            hint = did_you_mean(str(key), known) or f"known are {', '.join(known)}"
            yield StoreProblem(("store", key), f"context.target.store: unknown key '{key}'", hint)
    name, kind, interval = (store.get(key) for key in known)
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        what = f"context.target.store.name is '{name}'" if "name" in store else "context.target.store has no name"
        hint = "write the name of the object, with which the operator was told of the store"
        yield StoreProblem(("store", "name"), what, hint)
    if "kind" in store and kind not in STORE_KINDS:
        what = f"context.target.store.kind is '{kind}', not one of {', '.join(STORE_KINDS)}"
        yield StoreProblem(("store", "kind"), what, did_you_mean(str(kind), STORE_KINDS))
    try:
        if "refreshInterval" in store:
            seconds_of(str(interval))
    except ValueError as error:
        yield StoreProblem(("store", "refreshInterval"), f"context.target.store.refreshInterval: {error}")
