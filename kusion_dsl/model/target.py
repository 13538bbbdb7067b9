"""Targets: where the Kubernetes objects of a stack go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from kusion_dsl.errors import WorkspaceError, did_you_mean
from kusion_dsl.model.duration import seconds_of
from kusion_dsl.model.reference import SECRET_SCHEME

Kind = Literal["manifests", "cluster"]
_KINDS: tuple[Kind, ...] = ("manifests", "cluster")
KEYS: Mapping[str, tuple[str, ...]] = {
    "manifests": ("kind", "directory", "secrets", "store"),
    "cluster": ("kind", "kubeconfig", "context", "identifier", "timeout"),
}
IN_CLUSTER = "in-cluster"
"""What stands in place of a kubeconfig for the account of the pod that kusion itself runs in."""
KUSTOMIZATION = "kubernetes:kustomize.config.k8s.io/v1beta1:Kustomization"
"""The type of what lists the manifests of a directory. It is in no Spec: it follows from what lies there."""


class Target(NamedTuple):
    """``manifests``: a directory of YAML files, ``directory`` as written, relative to the project. ``cluster``: one.

    How a cluster is reached: ``kubeconfig`` is a path, ``ref://...``, ``in-cluster``, or empty for what kubectl would
    take; ``context`` one of its contexts, empty for the current one. ``identifier`` says which cluster it is; where it
    is empty, the cluster is asked. ``timeout`` is how long each object has to come up (``5m``), empty for ten minutes.
    """

    kind: Kind
    directory: str = ""
    kubeconfig: str = ""
    context: str = ""
    identifier: str = ""
    timeout: str = ""

    @property
    def identity(self) -> str:
        """What must stay the same for a stack to stay where it is. A relative directory is taken as written.

        How a cluster is reached is no part of it.
        """
        place = self.directory or self.identifier
        return f"{self.kind}:{place}" if place else self.kind

    def may_be(self, other: Target) -> bool:
        """Whether both are one place, or may be: a cluster without an identifier may be any."""
        unknown = self.kind == other.kind == "cluster" and not (self.identifier and other.identifier)
        return unknown or self.identity == other.identity

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        return {key: value for key, value in self._asdict().items() if value}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Target:
        """The inverse of :meth:`to_json`."""
        return cls(**{key: document.get(key, "") for key in cls._fields})


def target_of(context: Mapping[str, Any], workspace: str, stack: str, directory: str = "") -> Target:
    """The target that a workspace's ``context.target`` chooses; ``directory`` overrides the manifests' directory.

    ``target`` is ``manifests`` (the default), ``cluster``, or a mapping ``{kind: manifests, directory: PATH}`` or
    ``{kind: cluster, kubeconfig: PATH|ref://..., context: NAME, identifier: TEXT, timeout: DURATION}``; the ancestor's
    keys of the context ``KUBECONFIG_PATH`` and ``KUBECONFIG_CONTENT`` say the same as ``kubeconfig``. What becomes of
    Secrets among manifests is :mod:`kusion_dsl.model.external_secrets`. Raises WorkspaceError for anything else.
    """
    chosen = context.get("target", "manifests")
    settings: Mapping[str, Any] = chosen if isinstance(chosen, Mapping) else {"kind": chosen}
    kind = settings.get("kind", "manifests")
    if kind not in _KINDS:
        raise WorkspaceError(
            f"context.target is '{kind}', not one of {', '.join(_KINDS)}",
            hint=did_you_mean(str(kind), _KINDS),
        )
    unknown = [key for key in settings if key not in KEYS[kind]]
    if unknown:
        raise WorkspaceError(
            f"context.target: unknown key '{unknown[0]}'",
            hint=did_you_mean(unknown[0], KEYS[kind]) or f"known are {', '.join(KEYS[kind])}",
        )
    if kind == "cluster":
        return _cluster(context, settings)
    return Target("manifests", directory or str(settings.get("directory", f".manifests/{workspace}/{stack}")))


def _cluster(context: Mapping[str, Any], settings: Mapping[str, Any]) -> Target:
    given = {key: settings.get(key, "") for key in ("kubeconfig", "context", "identifier", "timeout")}
    for key, value in given.items():
        if not isinstance(value, str):
            raise WorkspaceError(f"context.target.{key} must be a text")
    try:
        if given["timeout"]:
            seconds_of(given["timeout"])
    except ValueError as error:
        raise WorkspaceError(f"context.target.timeout: {error}") from None
    content = context.get("KUBECONFIG_CONTENT", "")
    kubeconfig = given["kubeconfig"] or content or context.get("KUBECONFIG_PATH", "")
    if (
        not isinstance(kubeconfig, str)
        or "\n" in kubeconfig
        or (content and not str(content).startswith(SECRET_SCHEME))
    ):
        raise WorkspaceError(
            "a kubeconfig holds credentials, so it cannot stand in a workspace",
            hint=f"put it into the secret store and write {SECRET_SCHEME}NAME, or name the path of a file",
        )
    return Target("cluster", "", kubeconfig, given["context"], given["identifier"], given["timeout"])
