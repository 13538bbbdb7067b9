"""Targets: where the Kubernetes objects of a stack go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from kusion_dsl.errors import WorkspaceError, did_you_mean

Kind = Literal["manifests", "cluster"]
_KINDS: tuple[Kind, ...] = ("manifests", "cluster")


class Target(NamedTuple):
    """``manifests``: a directory of YAML files, ``directory`` as written, relative to the project. ``cluster``: one."""

    kind: Kind
    directory: str = ""

    @property
    def identity(self) -> str:
        """What must stay the same for a stack to stay where it is. A relative directory is taken as written."""
        return f"{self.kind}:{self.directory}" if self.directory else self.kind

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        return {"kind": self.kind, **({"directory": self.directory} if self.directory else {})}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Target:
        """The inverse of :meth:`to_json`."""
        return cls(document["kind"], document.get("directory", ""))


def target_of(context: Mapping[str, Any], workspace: str, stack: str, directory: str = "") -> Target:
    """The target that a workspace's ``context.target`` chooses; ``directory`` overrides the manifests' directory.

    ``target`` is ``manifests`` (the default), ``cluster``, or a mapping ``{kind: manifests, directory: PATH}``.
    Raises WorkspaceError for anything else.
    """
    chosen = context.get("target", "manifests")
    settings: Mapping[str, Any] = chosen if isinstance(chosen, Mapping) else {"kind": chosen}
    unknown = [key for key in settings if key not in ("kind", "directory")]
    if unknown:
        raise WorkspaceError(
            f"context.target: unknown key '{unknown[0]}'",
            hint=did_you_mean(unknown[0], ["kind", "directory"]) or "known are kind, directory",
        )
    kind = settings.get("kind", "manifests")
    if kind not in _KINDS:
        raise WorkspaceError(
            f"context.target is '{kind}', not one of {', '.join(_KINDS)}",
            hint=did_you_mean(str(kind), _KINDS),
        )
    if kind == "cluster":
        return Target("cluster")
    return Target("manifests", directory or str(settings.get("directory", f".manifests/{workspace}/{stack}")))
