"""How a cluster is reached: one context of a kubeconfig, complete in itself.

The form: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/. Whatever the user has (a path, the value of a
secret, several files in the variable ``KUBECONFIG``, an account of the pod that we run in) becomes one small kubeconfig
for the provider, so that Pulumi's state never has a path or a credential of whoever applied last.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kusion_dsl.documents import DocumentError, load_yaml
from kusion_dsl.errors import EngineError, did_you_mean
from kusion_dsl.model.reference import SECRET_SCHEME, Reference, parse_secret
from kusion_dsl.model.target import IN_CLUSTER, Target

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its account: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/."""

_FILES: Mapping[str, tuple[str, ...]] = {
    "cluster": ("certificate-authority",),
    "user": ("client-certificate", "client-key", "tokenFile"),
}
_SECRETS = ("token", "password", "client-key-data")


@dataclass(frozen=True)
class Access:
    """One context of a kubeconfig; ``source`` says where it is from. ``cluster`` and ``user`` are its blocks."""

    source: str
    cluster: Mapping[str, Any]
    user: Mapping[str, Any]

    @property
    def secrets(self) -> tuple[str, ...]:
        """The credentials that stand in it."""
        return tuple(str(self.user[key]) for key in _SECRETS if self.user.get(key))

    @property
    def kubeconfig(self) -> str:
        """A kubeconfig of this context alone; JSON, which is YAML."""
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "target", "cluster": self.cluster}],
            "users": [{"name": "target", "user": self.user}],
            "contexts": [{"name": "target", "context": {"cluster": "target", "user": "target"}}],
            "current-context": "target",
        }
        return json.dumps(document)


@dataclass(frozen=True)
class Surroundings:
    """What a run finds around it: the project's ``directory``, the ``environment``, the pod's ``account``."""

    directory: Path
    environment: Mapping[str, str]
    account: Path = ACCOUNT


def access_of(target: Target, around: Surroundings, secret: Callable[[Reference], str]) -> Access:
    """The way to the cluster of ``target``: what it names, else what kubectl would take, else the pod's own account.

    A relative path is relative to the project's directory. Raises EngineError where there is no kubeconfig, or it has
    no such context, and what ``secret`` raises.
    """
    written = target.kubeconfig
    if written.startswith(SECRET_SCHEME):
        documents = [_parsed(secret(parse_secret(written)), written, around.directory)]
    elif written and written != IN_CLUSTER:
        documents = [_read(around.directory / _expanded(written, around))]
    else:
        paths = [] if written else _usual_paths(around)
        if not paths:
            return _account(around)
        documents = [_read(path) for path in paths]
    return _chosen(documents, target.context, written or str(documents[0]["source"]))


def _expanded(path: str, around: Surroundings) -> str:
    home = around.environment.get("HOME", "")
    return path.replace("$HOME", home) if not path.startswith("~/") else f"{home}{path[1:]}"


def _usual_paths(around: Surroundings) -> list[Path]:
    """The files that kubectl would read (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/)."""
    named = [Path(each) for each in around.environment.get("KUBECONFIG", "").split(":") if each]
    usual = Path(around.environment.get("HOME", "/"), ".kube", "config")
    return [path for path in named or [usual] if path.exists()]


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        hint = "context.target.kubeconfig of the workspace says where it is"
        raise EngineError(f"the kubeconfig cannot be read: {why}", where=str(path), hint=hint) from None
    return _parsed(text, str(path), path.parent)


def _parsed(text: str, source: str, directory: Path) -> dict[str, Any]:
    try:
        value = load_yaml(text, source).value
    except DocumentError:  # what it repeats may be a credential
        value = None
    if not isinstance(value, dict):
        raise EngineError("this is no kubeconfig", where=source)
    document: dict[str, Any] = {"source": source, "current-context": value.get("current-context")}
    for kind in ("context", "cluster", "user"):
        entries = [each for each in value.get(f"{kind}s") or () if isinstance(each, dict)]
        document[kind] = {str(each.get("name")): _absolute(kind, each.get(kind) or {}, directory) for each in entries}
    return document


def _absolute(kind: str, block: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    """A block with the paths in it, which are relative to their file, made absolute."""
    files = {key: str(directory.absolute() / str(block[key])) for key in _FILES.get(kind, ()) if block.get(key)}
    return {**block, **files}


def _chosen(documents: Sequence[dict[str, Any]], context: str, source: str) -> Access:
    """The blocks of a context; of several files the first that has something is right."""
    current = next((str(each["current-context"]) for each in documents if each["current-context"]), "")
    chosen = _named(documents, "context", context or current, source)
    return Access(
        source,
        _named(documents, "cluster", str(chosen.get("cluster")), source),
        _named(documents, "user", str(chosen.get("user")), source) if chosen.get("user") else {},
    )


def _named(documents: Sequence[dict[str, Any]], kind: str, name: str, source: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in reversed(documents):
        found.update(each[kind])
    if name in found:
        block: dict[str, Any] = found[name]
        return block
    hint = did_you_mean(name, found) or f"it has {', '.join(sorted(found)) or 'none'}"
    raise EngineError(f"the kubeconfig has no {kind} '{name}'", where=source, hint=hint)


def _account(around: Surroundings) -> Access:
    host, port = (around.environment.get(f"KUBERNETES_SERVICE_{each}", "") for each in ("HOST", "PORT"))
    if not host or not (around.account / "token").exists():
        raise EngineError(
            "there is no kubeconfig, and this is no pod of a cluster",
            hint="set context.target.kubeconfig in the workspace, or KUBECONFIG",
        )
    address = f"[{host}]" if ":" in host else host
    cluster = {"server": f"https://{address}:{port}", "certificate-authority": str(around.account / "ca.crt")}
    return Access(IN_CLUSTER, cluster, {"tokenFile": str(around.account / "token")})
